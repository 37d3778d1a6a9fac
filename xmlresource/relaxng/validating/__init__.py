"""The first pass: whether a document is valid, and nothing else."""
