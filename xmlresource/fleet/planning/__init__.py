"""Answers about a fleet: where a guest fits, how hosts are emptied, what if some are lost."""
