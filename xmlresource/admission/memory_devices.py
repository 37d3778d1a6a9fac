"""The RAM of memory devices, part by part. Sizes are in bytes.

As libvirt has QEMU make them (qemuBuildMemoryBackendProps, docs/kbase/memorydevices.rst):

- ``dimm`` is RAM like that of its cell, unless its ``<source>`` says otherwise.
- ``virtio-mem`` has what is ``<requested>``, or the ``<current>`` that it has not given back yet;
  the rest of its size can be plugged in later. libvirt sets no memory aside for it
  (``reserve=off``).
- ``virtio-pmem`` is a file, shared: page cache.
- ``nvdimm`` is a file. Shared it is page cache. Private, libvirt has QEMU touch all of it at the
  start, and of each page touched the guest has a copy of its own. ``<pmem/>`` says that the file
  is persistent memory, which is no RAM.
- ``sgx-epc`` comes from the processor's own reserve.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.admission.ram import (
    NO_CELL,
    RESTRICTIVE,
    STRICT_MODES,
    Backing,
    RamPart,
    binding_for,
    request_for,
    strict_nodes,
)
from xmlresource.document.domain import parse_set
from xmlresource.model.domain import Device, Domain

KIND: Final = "memory"
_VIRTIO_MEM: Final = "virtio-mem"
_NVDIMM: Final = "nvdimm"
_LONGEST_NUMBER: Final = 9


def plugged_size(domain: Domain) -> int:
    """The bytes that memory devices add to ``<memory>``: all of each, of a ``virtio-mem`` too."""
    return sum(device.size("target/size") or 0 for device in _devices(domain))


def device_parts(domain: Domain, page_size: int, *, pinned: bool) -> Iterator[RamPart]:
    """The RAM of the memory devices.

    Args:
        domain: The guest.
        page_size: The host's ordinary page. Pages of that size are no hugepages.
        pinned: Whether the guest's RAM is pinned.
    """
    for number, device in enumerate(_devices(domain)):
        cell = _cell(device)
        model = device.attributes.get("model", "")
        whole = device.size("target/size") or 0
        size = _plugged_in(device) if model == _VIRTIO_MEM else whole
        backing, pages = _backing(domain, device, cell, page_size)
        is_copy = model == _NVDIMM and backing is Backing.MEMORY
        is_huge = backing is Backing.HUGEPAGES
        yield RamPart(
            name=f"{_name(model)} {number}" + ("" if cell == NO_CELL else f" in cell {cell}"),
            size=size,
            backing=backing,
            page_size=pages,
            nodes=_nodes(domain, device, cell) if is_huge or backing is Backing.MEMORY else None,
            at_once=is_huge or is_copy or pinned or domain.backing.immediate,
            pinned=is_huge or pinned,
            pluggable=max(0, whole - size),
        )


def _plugged_in(device: Device) -> int:
    """The bytes that a ``virtio-mem`` has or will have; ``<current>`` stands in a running guest."""
    return max(device.size("target/requested") or 0, device.size("target/current") or 0)


def _devices(domain: Domain) -> list[Device]:
    return [device for device in domain.devices if device.kind == KIND]


def _backing(
    domain: Domain, device: Device, cell: int, page_size: int
) -> tuple[Backing, int | None]:
    """The backing of a device's RAM, and the size of its hugepages."""
    model = device.attributes.get("model")
    if model == "sgx-epc" or "source/pmem" in device.texts:
        return Backing.DEVICE, None
    if model == "virtio-pmem" or (model == _NVDIMM and _is_shared(domain, device, cell)):
        return Backing.FILE, None
    if model == _NVDIMM:
        return Backing.MEMORY, None
    pages = device.size("source/pagesize")
    if pages is None:
        request = request_for(domain, cell)
        if request is None:
            return Backing.MEMORY, None
        pages = request.size
    return (Backing.MEMORY, None) if pages == page_size else (Backing.HUGEPAGES, pages)


def _is_shared(domain: Domain, device: Device, cell: int) -> bool:
    """Whether a device's RAM is shared: by itself, else by its cell, else by the guest."""
    own = device.attributes.get("access")
    if own is not None:
        return own == "shared"
    for each in domain.cells:
        if each.number == cell and each.shared is not None:
            return each.shared
    return domain.backing.shared


def _nodes(domain: Domain, device: Device, cell: int) -> frozenset[int] | None:
    """The host nodes that must hold a device's RAM.

    ``<nodemask>`` comes before the binding of the cell, whose mode holds all the same; without a
    binding it is strict. A restrictive one does not reach QEMU: the guest's cpuset does it.
    """
    binding = binding_for(domain, cell)
    mask = device.texts.get("source/nodemask")
    mode = "strict" if binding is None else binding.mode
    if mask is None or mode == RESTRICTIVE:
        return strict_nodes(binding)
    return parse_set(mask) if mode in STRICT_MODES else None


def _cell(device: Device) -> int:
    text = device.texts.get("target/node", "")
    is_number = text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER
    return int(text) if is_number else NO_CELL


def _name(model: str) -> str:
    known = {"dimm", _NVDIMM, _VIRTIO_MEM, "virtio-pmem", "sgx-epc"}
    return model if model in known else "memory device"
