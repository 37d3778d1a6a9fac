"""Guests of every kind, for property tests."""

from hypothesis import strategies as st

from xmlresource.model.domain import Device, Domain, HugepageRequest, MemoryBacking, NumaCell

MIB = 1 << 20

numbers = st.integers(1, 16).map(str)


def _device(kind: str, **choices: st.SearchStrategy[str]) -> st.SearchStrategy[Device]:
    named = {name.replace("__", "/@").replace("_at", ""): value for name, value in choices.items()}
    return st.fixed_dictionaries({}, optional=named).map(lambda given: Device(kind, given))


devices = st.one_of(
    _device(
        "disk",
        type=st.sampled_from(["file", "network", "vhostuser", "nvme", "vhostvdpa"]),
        device=st.sampled_from(["disk", "cdrom", "floppy"]),
        target__bus=st.sampled_from(["virtio", "scsi", "sata", "ide", "usb", "fdc", "sd"]),
        driver__type=st.sampled_from(["raw", "qcow2", "vmdk"]),
        driver__queues=numbers,
        source__protocol=st.sampled_from(["rbd", "nbd", "https"]),
        driver__io=st.sampled_from(["threads", "native"]),
        backingStore__format=st.just("x"),
        backingStore__type=st.sampled_from(["file", "nvme"]),
    ),
    _device(
        "interface",
        type=st.sampled_from(["user", "bridge", "vhostuser", "hostdev", "vdpa"]),
        model__type=st.sampled_from(["virtio", "e1000e", "rtl8139", "odd"]),
        driver__queues=numbers,
    ),
    _device(
        "video",
        model__type=st.sampled_from(["vga", "cirrus", "qxl", "virtio", "bochs", "none", "xen"]),
        model__heads=numbers,
        model__vram=st.sampled_from(["65536", "nonsense"]),
        model__vgamem=st.sampled_from(["16384", "99999999999999999999999999"]),
    ),
    _device("graphics", type=st.sampled_from(["vnc", "spice", "sdl", "odd"])),
    _device(
        "controller",
        type=st.sampled_from(["usb", "scsi", "pci", "virtio-serial", "sata", "nvme", "odd"]),
        model=st.sampled_from(["qemu-xhci", "none", "virtio-scsi", "lsilogic", "pcie-root-port"]),
    ),
    _device("sound", model=st.sampled_from(["ich9", "odd"])),
    _device("filesystem", type=st.just("mount"), driver__type=st.sampled_from(["virtiofs"])),
    _device("hostdev", type=st.sampled_from(["pci", "usb", "mdev"])),
    _device("channel", target__type=st.just("virtio")),
    _device("memballoon", model=st.sampled_from(["virtio", "none"])),
    st.sampled_from(["tpm", "rng", "emulator", "iommu", "something new"]).map(Device),
    st.integers(0, 4096).map(
        lambda size: Device(
            "memory",
            {"model": "dimm", "target/size/@unit": "MiB"},
            {"target/size": str(size)},
        )
    ),
)

cells = st.lists(st.integers(1, 4096), max_size=3).map(
    lambda sizes: tuple(NumaCell(number, size * MIB) for number, size in enumerate(sizes))
)

backings = st.builds(
    MemoryBacking,
    hugepages=st.sampled_from(
        [(), (HugepageRequest(),), (HugepageRequest(2 * MIB, frozenset({0})),)]
    ),
    source=st.sampled_from([None, "memfd", "file"]),
    shared=st.booleans(),
    locked=st.booleans(),
)

domains = st.builds(
    Domain,
    name=st.just("g"),
    type=st.sampled_from(["qemu", "kvm", "hvf"]),
    memory=st.one_of(st.none(), st.integers(1, 1 << 20).map(lambda size: size * MIB)),
    max_memory=st.one_of(st.none(), st.integers(1, 1 << 20).map(lambda size: size * MIB)),
    vcpus=st.integers(1, 64),
    iothreads=st.integers(0, 8),
    architecture=st.sampled_from([None, "x86_64", "aarch64", "s390x", "ppc64le"]),
    machine=st.sampled_from([None, "pc", "pc-q35-7.2", "virt"]),
    firmware=st.sampled_from([None, "efi", "bios", "pflash"]),
    tb_cache=st.one_of(st.none(), st.integers(1, 4096).map(lambda size: size * MIB)),
    launch_security=st.sampled_from([None, "sev", "tdx"]),
    backing=backings,
    cells=cells,
    devices=st.lists(devices, max_size=8).map(tuple),
    arguments=st.sampled_from([(), ("-device", "intel-iommu"), ("-device", "vfio-pci")]),
)
