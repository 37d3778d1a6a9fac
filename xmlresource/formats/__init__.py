"""Tunables as XML text, elements, JSON, parameters of libvirt and ``NAME=VALUE``, and back."""
