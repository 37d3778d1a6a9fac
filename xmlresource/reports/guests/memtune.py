"""A guest's memory parameters as ``virsh memtune`` prints them."""

from collections.abc import Mapping

from xmlresource.units import UNLIMITED, UNLIMITED_KIB


def as_text(parameters: Mapping[str, int]) -> str:
    """A line for each, in KiB."""
    return "".join(f"{name:<15}: {_value(kib)}\n" for name, kib in parameters.items())


def _value(kib: int) -> str:
    return UNLIMITED.value if kib == UNLIMITED_KIB else str(kib)
