"""Whether what weights keep can be promised: CPU time, and parts of what disks can do."""
