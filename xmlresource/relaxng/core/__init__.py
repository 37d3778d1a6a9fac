"""Patterns, names, derivatives, and the automaton that is made of them."""
