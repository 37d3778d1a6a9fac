"""Importing policies from other systems, and exporting them."""
