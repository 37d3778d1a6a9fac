"""Judgements of whether a host is able to keep the guarantees that it gives."""
