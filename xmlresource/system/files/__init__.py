"""Documents on disk: found, read, replaced whole, and what was found in them before."""
