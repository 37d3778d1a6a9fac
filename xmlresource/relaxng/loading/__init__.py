"""From the files of a schema to patterns: syntax, simplification, restrictions, cache."""
