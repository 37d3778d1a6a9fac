"""Checking documents: the rules, libvirt's schemas, the cache of findings, and automatic fixes."""
