"""Reports on several hosts."""
