"""The processors and disks of the machine, as the kernel tells of them."""
