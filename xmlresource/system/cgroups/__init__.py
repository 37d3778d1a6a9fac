"""The files of the machine's cgroups."""
