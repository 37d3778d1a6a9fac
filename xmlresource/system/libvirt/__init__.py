"""libvirt: its guests and their files, its hooks and schemas, and the connection to its daemon."""
