"""Guests and hosts as numbers: packing in many dimensions, the order of moves, lost hosts."""
