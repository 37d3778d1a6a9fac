"""Guests that run: their memory parameters through libvirt's API, and memory taken back from them.

``get_memory_parameters`` and ``set_memory_parameters`` take a ``libvirt.virDomain``; the commands
``memtune`` and ``reclaim`` find theirs by name.
"""

from xmlresource.live.parameters.current_parameters import get_memory_parameters
from xmlresource.live.parameters.parameter_change import set_memory_parameters
from xmlresource.system.libvirt.connection import CONFIG, CURRENT, LIVE

__all__ = ["CONFIG", "CURRENT", "LIVE", "get_memory_parameters", "set_memory_parameters"]
