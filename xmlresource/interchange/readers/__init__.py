"""Readers: each makes the guests of one format; ``detection`` tells which format a text is."""
