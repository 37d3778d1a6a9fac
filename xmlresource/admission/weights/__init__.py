"""Weights by which guests keep what is promised to them, of CPU time and of what disks can do."""
