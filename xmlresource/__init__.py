"""Memory limits and guarantees in libvirt domain XML: validated, generated, enforced."""

__version__ = "0.1.0"
