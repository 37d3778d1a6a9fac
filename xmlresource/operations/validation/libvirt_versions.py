"""The version of libvirt that brought an element, attribute or value of domains, since 9.0.

Taken from libvirt's release notes (``NEWS.rst``) and its ``docs/formatdomain.rst``; that TDX came
with 11.6 follows from the date of its bindings. What is not spelled out there is not here: it is
better to say nothing of a version than a wrong one.
"""

from __future__ import annotations

from typing import Final

_ELEMENTS: Final = {
    "9.1": (("devices", "crypto"),),
    "9.4": (("target", "address"),),
    "10.0": (("driver", "iothreads"), ("filesystem", "idmap")),
    "10.4": (("features", "ras"),),
    "10.6": (("devices", "pstore"),),
    "10.7": (("features", "ps2"), ("hyperv", "emsr_bitmap"), ("hyperv", "xmm_input")),
    "10.10": (("source", "dataStore"), ("backend", "profile")),
    "11.0": (("tlbflush", "direct"), ("tlbflush", "extended")),
    "11.2": (("os", "shim"), ("domain", "throttlegroups"), ("disk", "throttlefilters")),
    "11.6": (("launchSecurity", "quoteGenerationService"),),
    "12.1": (("os", "varstore"),),
    "12.4": (("cputune", "energytune"),),
}
"""Elements, by the element that they are in."""

_ATTRIBUTES: Final = {
    "9.2": (("loader", "format"), ("reconnect", "delay")),
    "9.5": (("driver", "discard_no_unref"),),
    "10.0": (("driver", "model"),),
    "10.1": (("topology", "clusters"), ("target", "dynamicMemslots")),
    "11.2": (("mac", "currentAddress"),),
    "11.5": (("driver", "passthrough"), ("driver", "xtsup")),
    "11.8": (("acpi", "nodeset"), ("backend", "hostname"), ("backend", "fqdn")),
}
"""Attributes, by the element that they are on."""

_VALUES: Final = {
    "9.1": (("panic", "model", "pvpanic"),),
    "9.8": (("disk", "type", "vhostvdpa"),),
    "9.10": (("audio", "type", "pipewire"),),
    "10.2": (("driver", "type", "mtp"),),
    "10.4": (("sound", "model", "virtio"),),
    "10.5": (("launchSecurity", "type", "sev-snp"),),
    "11.5": (("target", "bus", "nvme"), ("iommu", "model", "amd")),
    "11.6": (("launchSecurity", "type", "tdx"),),
    "11.9": (("hyperv", "mode", "host-model"),),
    "12.0": (("disk", "type", "ctl"),),
}
"""Values, by the attribute that they are of."""

ELEMENTS: Final = {key: version for version, keys in _ELEMENTS.items() for key in keys}
ATTRIBUTES: Final = {key: version for version, keys in _ATTRIBUTES.items() for key in keys}
VALUES: Final = {key: version for version, keys in _VALUES.items() for key in keys}


def since(kind: str, xpath: str, value: str) -> str | None:
    """The libvirt that brought what is at fault; ``None`` where no one says.

    Args:
        kind: The kind of violation.
        xpath: Where it is.
        value: What is written there.
    """
    steps = [step.partition("[")[0] for step in xpath.split("/")]
    owner, name = steps[-2] if steps[1:] else "", steps[-1]
    if kind == "unknown-element":
        return ELEMENTS.get((owner, name))
    if kind in ("unknown-attribute", "conflicting-attribute"):
        return ATTRIBUTES.get((owner, name.removeprefix("@")))
    if kind in ("bad-value", "conflicting-value"):
        return VALUES.get((owner, name.removeprefix("@"), value))
    return None
