"""Deciding about guarantees, and keeping the ledger true to what runs."""
