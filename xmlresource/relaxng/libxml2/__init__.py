"""Documents that are valid, but that libxml2, and so libvirt, refuses."""
