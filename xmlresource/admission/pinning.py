"""Pinned RAM: the host can't take it back, and most of it is taken at the start.

A device that reaches the guest's memory by itself needs it where it is. Known, with its source:

- VFIO: all guest memory is pinned when the device is attached, for the guest decides where the
  device writes (libvirt's qemuDomainGetMemLockLimitBytes; the kernel's vfio.rst). So for PCI
  devices, network functions (``<interface type='hostdev'>``) and NVMe disks that QEMU drives, in
  each layer of a backing chain, too.
- vDPA: likewise, by vhost-vdpa.
- Mediated devices (``mdev``): the vendor's driver pins the pages that the device uses
  (vfio-mediated-device.rst, vfio_pin_pages), so as much as all, and sooner or later. QEMU takes a
  ``vfio-pci`` one like any VFIO device. ``vfio-ap`` and ``vfio-ccw`` pin what an operation under
  way touches (QEMU's hw/vfio/ap.c, ccw.c), which is little.
- ``<locked/>``: QEMU locks all its memory, what it will map too (mlockall(2)).
- Memory encryption: KVM pins an SEV guest's memory (its api.rst, KVM_MEMORY_ENCRYPT_REG_REGION);
  a guest_memfd's, of SEV-SNP and TDX, can be neither moved nor swapped.

Which devices these are is told in one place (``passthrough``).
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.admission.passthrough import passthrough_of, reaches
from xmlresource.model.domain import Domain

_ENCRYPTED: Final = frozenset({"sev", "sev-snp", "tdx"})


def pinned_by(domain: Domain) -> tuple[str, ...]:
    """The parts of the definition that pin the RAM, each once."""
    return tuple(dict.fromkeys(_reasons(domain)))


def _reasons(domain: Domain) -> Iterator[str]:
    if domain.backing.locked:
        yield "locked"
    if domain.launch_security in _ENCRYPTED:
        yield f"launchSecurity {domain.launch_security}"
    for device in domain.devices:
        yield from (way.name for way in reaches(device) if way.pins_all)
    if domain.arguments:
        found = passthrough_of(domain)
        yield from (f"commandline {name}" for name in (*found.hidden_vfio, *found.hidden_vdpa))
