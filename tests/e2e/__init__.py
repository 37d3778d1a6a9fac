"""End-to-end tests: a real libvirtd, real guests, the real memory controller."""
