"""Hosts that publish their room, and claims on it."""
