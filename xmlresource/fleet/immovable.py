"""What of a guest's definition keeps it from being moved to another host while it runs."""

from collections.abc import Iterator

from xmlresource.admission.passthrough import passthrough_of, reaches
from xmlresource.model.domain import Device, Domain


def fixed_by(domain: Domain) -> tuple[str, ...]:
    """The devices of the host that it uses, each once: ``hostdev pci``."""
    hidden = passthrough_of(domain)
    of_command_line = (*hidden.hidden_vfio, *hidden.hidden_vdpa)
    found = [name for device in domain.devices for name in _names(device)]
    return tuple(dict.fromkeys((*found, *(f"commandline {name}" for name in of_command_line))))


def _names(device: Device) -> Iterator[str]:
    if device.kind == "hostdev":
        yield f"hostdev {device.attributes.get('type', '')}".strip()
    else:
        yield from (way.name for way in reaches(device))
