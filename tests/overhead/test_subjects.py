from xmlresource.model.domain import Device, Domain, HugepageRequest, MemoryBacking, NumaCell
from xmlresource.overhead.subjects import L2_CACHE, MIB, TB_CACHE, Subject, subjects_of

GIB = 1024 * MIB


def kinds(domain):
    return [subject.kind for subject in subjects_of(domain)]


def find(domain, kind):
    return [subject for subject in subjects_of(domain) if subject.kind == kind]


def ports(domain):
    return [
        subject
        for subject in find(domain, "controller")
        if subject.facts.get("model") == "pcie-root-port"
    ]


def guest(*devices, **fields):
    return Domain(**{"type": "kvm", "memory": GIB, "devices": devices, **fields})


def test_a_container_is_one_subject_and_other_drivers_have_none():
    assert kinds(Domain(type="lxc")) == ["container"]
    assert kinds(Domain(type="xen", devices=(Device("disk"),))) == []


def test_what_libvirt_adds_by_itself_is_there():
    added = subjects_of(guest(machine="pc"))
    assert [(subject.kind, subject.facts.get("model")) for subject in added[1:]] == [
        ("controller", "piix3-uhci"),
        ("memballoon", "virtio"),
    ]
    modern = find(guest(machine="pc-q35-7.2"), "controller")
    # a port for each, and one that libvirt keeps free
    assert [subject.facts["model"] for subject in modern] == ["qemu-xhci"] + ["pcie-root-port"] * 3


def test_what_is_there_is_not_added():
    domain = guest(
        Device("controller", {"type": "usb", "model": "none"}),
        Device("controller", {"type": "scsi"}),
        Device("controller", {"type": "virtio-serial"}),
        Device("memballoon", {"model": "none"}),
        Device("disk", {"target/@bus": "scsi"}),
        Device("channel", {"target/@type": "virtio"}),
        Device("video", {"model/@type": "vga"}),
        Device("graphics", {"type": "vnc"}),
    )
    assert not any(subject.facts.get("implied") for subject in subjects_of(domain))


def test_controllers_and_video_that_devices_need_are_added():
    domain = guest(
        Device("disk", {"target/@bus": "scsi"}),
        Device("channel", {"target/@type": "virtio"}),
        Device("graphics", {"type": "vnc"}),
    )
    added = [
        (subject.kind, subject.facts.get("type"))
        for subject in subjects_of(domain)
        if subject.facts.get("implied")
    ]
    assert ("controller", "scsi") in added
    assert ("controller", "virtio-serial") in added
    assert ("video", None) in added


def test_no_usb_is_added_where_libvirt_adds_none():
    assert "controller" not in kinds(guest(architecture="s390x"))


def test_each_device_on_pcie_gets_a_port_where_none_is_named():
    devices = (
        Device("interface", {"model/@type": "virtio"}),
        Device("interface", {"model/@type": "rtl8139"}),
        Device("disk", {"target/@bus": "virtio"}),
        Device("controller", {"type": "usb", "model": "none"}),
        Device("controller", {"type": "virtio-serial"}),
        Device("sound", {"model": "ich9"}),
    )
    # those of three devices, of the balloon, and of the bridge for the old card; one is free
    assert len(ports(guest(*devices, machine="q35"))) == 6
    named = Device("controller", {"type": "pci", "model": "pcie-root-port"})
    assert len(ports(guest(*devices, named, machine="q35"))) == 6
    assert len(ports(guest(*devices, *(named,) * 14, machine="q35"))) == 14
    assert not ports(guest(*devices, machine="pc"))


def test_devices_that_have_their_place_ask_for_no_port():
    def at(bus, kind, **facts):
        place = {"address/@type": "pci", "address/@bus": bus}
        return Device(kind, {**facts, **place})

    named = Device("controller", {"type": "pci", "model": "pcie-root-port"})
    rest = (
        Device("controller", {"type": "usb", "model": "none"}),
        Device("memballoon", {"model": "none"}),
        at("0x00", "video", **{"model/@type": "virtio"}),
        at("0x01", "rng", model="virtio"),
    )
    assert len(ports(guest(*rest, named, machine="q35"))) == 1
    card = Device("interface", {"model/@type": "virtio"})
    for number, count in ((1, 3), (2, 3), (3, 3), (4, 4)):
        assert len(ports(guest(*rest, card, *(named,) * number, machine="q35"))) == count


def test_the_first_video_device_sits_on_the_root():
    video = Device("video", {"model/@type": "virtio"})
    base = (
        Device("controller", {"type": "usb", "model": "none"}),
        Device("memballoon", {"model": "none"}),
    )
    assert not ports(guest(*base, video, machine="q35"))
    assert len(ports(guest(*base, video, video, machine="q35"))) == 2


def test_vcpus_that_can_be_plugged_in_cost_at_worst():
    (subject, *_), (whole, *_) = (
        subjects_of(guest(type="qemu", vcpus=16, current_vcpus=current)) for current in (2, None)
    )
    assert (subject.units["vcpu"], subject.at_worst["vcpu"]) == (2, 16)
    assert (whole.units["vcpu"], whole.at_worst) == (16, {"ram": GIB})
    assert find(guest(Device("disk"), vcpus=16, current_vcpus=2), "disk")[0].units["queue"] == 2


def test_each_layer_of_a_chain_is_an_image():
    disk = Device(
        "disk",
        {
            "driver/@type": "qcow2",
            "source/@file": "/a",
            "backingStore/format/@type": "qcow2",
            "backingStore/backingStore/format/@type": "raw",
            "driver/metadata_cache/max_size/@unit": "MiB",
        },
        {"driver/metadata_cache/max_size": "3"},
    )
    images = find(guest(disk), "image")
    assert [(image.facts["format"], image.facts["layer"]) for image in images] == [
        ("qcow2", "top"),
        ("qcow2", "backing"),
        ("raw", "backing"),
    ]
    assert [image.units["l2_cache"] for image in images] == [3 * MIB, L2_CACHE, L2_CACHE]


def test_an_empty_drive_has_no_image():
    assert not find(guest(Device("disk", {"device": "cdrom"})), "image")
    full = Device("disk", {"device": "cdrom", "source/@file": "/x"})
    assert len(find(guest(full), "image")) == 1


def test_queues_default_to_one_a_vcpu_for_disks_and_to_one_for_cards():
    domain = guest(
        Device("disk"),
        Device("interface"),
        Device("interface", {"driver/@queues": "4"}),
        Device("interface", {"driver/@queues": "many"}),
        Device("disk", {"driver/@queues": "1234567"}),
        vcpus=6,
    )
    assert [subject.units["queue"] for subject in find(domain, "interface")] == [1, 4, 1]
    assert [subject.units["queue"] for subject in find(domain, "disk")] == [6, 6]


def test_heads_and_video_memory_are_read_leniently():
    (video,) = find(
        guest(
            Device("video", {"model/@heads": "3", "model/@vram": "4096", "model/@vgamem": "x"}),
        ),
        "video",
    )
    assert (video.units["head"], video.units["extra_head"]) == (3, 2)
    assert (video.units["vram"], video.units["vgamem"]) == (4 * MIB, 0)


def test_the_translation_cache_is_emulations_alone():
    assert subjects_of(guest())[0].units["tb_cache"] == 0
    assert subjects_of(guest(type="qemu"))[0].units["tb_cache"] == TB_CACHE
    assert subjects_of(guest(type="qemu", tb_cache=MIB))[0].units["tb_cache"] == MIB


def test_a_vcpu_reaches_a_gibibyte_of_ram():
    for memory, reach in ((MIB, MIB), (8 * GIB, GIB)):
        assert subjects_of(guest(memory=memory, vcpus=3))[0].units["vcpu_ram"] == 3 * reach


def test_vcpus_take_a_hugepage_each_where_the_translation_cache_is_large():
    for cache, regions in ((None, 16), (64 * MIB, 2), (16 * MIB, 0)):
        domain = guest(type="qemu", vcpus=16, tb_cache=cache)
        assert subjects_of(domain)[0].units["region"] == regions


def test_a_bridge_is_added_for_conventional_pci():
    old = Device("sound", {"model": "ac97"})
    for machine, bridges in (("q35", 1), ("pc", 0)):
        models = [
            subject.facts.get("model")
            for subject in find(guest(old, old, machine=machine), "controller")
        ]
        assert models.count("pcie-to-pci-bridge") == bridges


def test_drivers_are_counted_once_each():
    domain = guest(
        Device("interface", {"model/@type": "virtio"}),
        Device("interface", {"model/@type": "virtio"}),
        Device("interface", {"model/@type": "e1000"}),
        Device("memballoon", {"model": "none"}),
        Device("serial"),
    )
    # two of the cards', and that of the USB controller that libvirt adds
    assert subjects_of(domain)[0].units["driver"] == 3


def test_ram_on_hugepages_has_no_page_tables_of_small_pages():
    every = MemoryBacking(hugepages=(HugepageRequest(),))
    assert subjects_of(guest(backing=every))[0].units["ram"] == 0


def test_what_can_be_plugged_in_costs_in_the_worst_case_alone():
    card = Device("interface", {"type": "vhostuser"})
    for subject in (guest(card, max_memory=4 * GIB), guest(card, cells=(NumaCell(0, GIB),))):
        of_guest, of_card = (find(subject, kind)[0] for kind in ("guest", "interface"))
        assert of_guest.units["ram"] == of_card.units["ram"] == GIB
        assert of_guest.at_worst == of_card.at_worst == {"ram": subject.max_memory or GIB}


def test_ram_that_others_can_map_is_shared():
    for backing in (MemoryBacking(shared=True), MemoryBacking(source="memfd")):
        assert subjects_of(guest(backing=backing))[0].facts["shared"] == "yes"
    assert subjects_of(guest())[0].facts["shared"] == "no"


def test_a_subject_describes_itself():
    assert Subject("sound", {"model": "x"}).describe() == "sound x"
    assert Subject("thing").describe() == "thing"
