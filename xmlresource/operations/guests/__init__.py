"""Guests that start, run and stop: their policy written, repaired and taken back."""
