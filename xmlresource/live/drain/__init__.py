"""Hosts are emptied: the moves of a plan are made, and those that a crash has cut short."""
