"""Protection in the cgroups above a guest, so that its guarantee holds (cgroup v2)."""
