"""The kernel writes that put a guest's CPU and IO policies in force, as data."""
