"""The guests that are measured: a designed set and two random ones, as domain XML.

The designed set varies one thing at a time; the set ``fit`` mixes everything at random, and the
table is fitted to both. The set ``held-out`` mixes at random from a seed of its own; nothing is
ever fitted to it.
"""

import random
from collections.abc import Iterator

FIT_SEED, HELD_OUT_SEED = 2010, 20261123
SIZES = (64, 128, 192, 256, 512, 1024, 2048, 4096, 8192)  # MiB
MANY_VCPUS, MEMORY_FOR_MANY, MEMORY_FOR_EFI = 4, 512, 256
MOST_DRIVES = 3
CHANCE_OF_EFI = 0.12
CHANCE_OF_BOUND_CACHE = 0.35
CHANCE_OF_SHARED = 0.1
CHANCE_OF_QUEUES = 0.2
CHANCE_OF_IOTHREAD = 0.6
CHANCE_OF_DIRECT = 0.5
CHANCE_OF_CARD_QUEUES = 0.3
CHANCE_OF_NO_VIDEO = 0.25
VIDEOS = ("vga", "cirrus", "qxl", "virtio", "bochs", "vmvga", "ramfb")
CARDS = ("virtio", "virtio", "virtio", "e1000e", "e1000", "rtl8139", "vmxnet3", "pcnet")
SERIAL = "<serial type='file'><source path='/var/log/serial'/><target port='0'/></serial>"
NO_USB = "<controller type='usb' model='none'/>"
NO_BALLOON = "<memballoon model='none'/>"
BALLOON = "<memballoon model='virtio'/>"
XHCI = "<controller type='usb' model='qemu-xhci'/>"
UHCI = "<controller type='usb' model='piix3-uhci'/>"
VIRTIO_SCSI = "<controller type='scsi' model='virtio-scsi'/>"
VIRTIO_SERIAL = "<controller type='virtio-serial'/>"


def domain(
    devices: str,
    *,
    memory: int = 256,
    vcpus: int = 1,
    machine: str = "q35",
    iothreads: int = 0,
    more: str = "",
) -> str:
    """One domain."""
    threads = f"<iothreads>{iothreads}</iothreads>" if iothreads else ""
    if "bus='scsi'" in devices:
        devices += VIRTIO_SCSI  # libvirt's own choice is lsilogic
    return (
        f"<domain type='qemu'><name>g</name><memory unit='MiB'>{memory}</memory>"
        f"<vcpu>{vcpus}</vcpu>{threads}{_with_os(more, machine)}"
        f"<devices>{SERIAL}{devices}</devices></domain>"
    )


def disk(number: int, bus: str, image: str = "raw", **driver: str) -> str:
    """One disk."""
    extra = "".join(f" {name}='{value}'" for name, value in driver.items())
    letter = "abcdefghijklmnop"[number]
    return (
        f"<disk type='file' device='{'cdrom' if bus == 'sata' else 'disk'}'>"
        f"<driver name='qemu' type='{image}'{extra}/><source file='/images/{number}.{image}'/>"
        f"<target dev='{'vd' if bus == 'virtio' else 'sd'}{letter}' bus='{bus}'/></disk>"
    )


def card(model: str, kind: str = "user", queues: int = 1) -> str:
    """One network card."""
    driver = f"<driver queues='{queues}'/>" if queues > 1 else ""
    return f"<interface type='{kind}'><model type='{model}'/>{driver}</interface>"


def video(model: str, heads: int = 1, vgamem: int = 0) -> str:
    """One video device."""
    extra = f" vgamem='{vgamem}'" if vgamem else ""
    return f"<video><model type='{model}' heads='{heads}'{extra}/></video>"


def os_efi(machine: str) -> str:
    """An ``<os>`` that boots by UEFI."""
    return f"<os firmware='efi'><type arch='x86_64' machine='{machine}'>hvm</type></os>"


def tb_cache(size: int) -> str:
    """A bounded translation cache, in MiB."""
    return f"<features><tcg><tb-cache unit='MiB'>{size}</tb-cache></tcg></features>"


SHARED = "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>"
BARE = NO_USB + NO_BALLOON


def designed() -> Iterator[tuple[str, str]]:
    """One thing at a time, several of it where it is small."""
    for place in range(3):
        yield f"bare-q35-{place}", domain(BARE)
        yield f"bare-pc-{place}", domain(BARE, machine="pc")
    for memory in (96, 512, 1024, 2048, 4096, 8192):
        yield f"ram-{memory}", domain(BARE, memory=memory)
    for vcpus in (2, 4, 8, 16, 32):
        yield f"vcpus-{vcpus}", domain(BARE, vcpus=vcpus, memory=512)
    for size in (8, 16, 32, 64, 128):
        yield f"tb-cache-{size}", domain(BARE, more=tb_cache(size))
    yield "tb-cache-64-vcpus-8", domain(BARE, vcpus=8, memory=512, more=tb_cache(64))
    yield "iothreads-8", domain(BARE, iothreads=8)
    yield "memfd-1024", domain(BARE, memory=1024, more=SHARED)
    yield "efi", domain(BARE, more=os_efi("q35"), memory=512)
    yield "efi-2", domain(BARE, more=os_efi("q35"), memory=512, vcpus=2)
    yield from _designed_storage()
    yield from _designed_network()
    yield from _designed_display()
    yield from _designed_rest()


def _designed_storage() -> Iterator[tuple[str, str]]:
    for bus in ("virtio", "scsi", "sata", "usb"):
        for image in ("raw", "qcow2"):
            number = 4 if bus in {"sata", "usb"} else 8
            disks = "".join(disk(place, bus, image) for place in range(number))
            usb = XHCI + NO_BALLOON if bus == "usb" else BARE
            yield f"disks-{bus}-{image}-{number}", domain(usb + disks)
    queues = "".join(disk(place, "virtio", queues="16") for place in range(4))
    yield "disks-virtio-queues-16", domain(BARE + queues)
    cached = "".join(disk(place, "virtio", cache="none") for place in range(8))
    yield "disks-virtio-direct-8", domain(BARE + cached)
    threads = "".join(disk(place, "virtio", iothread=str(place + 1)) for place in range(4))
    yield "disks-virtio-iothreads-4", domain(BARE + threads, iothreads=4)
    for model in ("lsilogic", "vmpvscsi", "lsisas1068"):
        yield f"scsi-{model}", domain(BARE + f"<controller type='scsi' model='{model}'/>" * 3)


def _designed_network() -> Iterator[tuple[str, str]]:
    for model in dict.fromkeys(CARDS):
        yield f"cards-{model}-4", domain(BARE + card(model) * 4)
    yield "cards-virtio-tap-8", domain(BARE + card("virtio", "ethernet") * 8)
    yield "cards-virtio-tap-queues-4", domain(BARE + card("virtio", "ethernet", 4) * 4, vcpus=4)
    yield "cards-e1000e-tap-4", domain(BARE + card("e1000e", "ethernet") * 4)


def _designed_display() -> Iterator[tuple[str, str]]:
    for model in VIDEOS:
        yield f"video-{model}", domain(BARE + video(model))
        yield f"video-{model}-vnc", domain(BARE + video(model) + "<graphics type='vnc'/>")
        yield f"video-{model}-spice", domain(BARE + video(model) + "<graphics type='spice'/>")
    yield "video-virtio-4", domain(BARE + video("virtio", 4) + "<graphics type='vnc'/>")
    yield "video-qxl-4", domain(BARE + video("qxl", 4) + "<graphics type='spice'/>")
    yield "video-vga-64", domain(BARE + video("vga", vgamem=65536))


def _designed_rest() -> Iterator[tuple[str, str]]:
    yield "xhci", domain(XHCI + NO_BALLOON)
    yield "uhci", domain(UHCI + NO_BALLOON, machine="pc")
    yield "ehci", domain("<controller type='usb' model='ich9-ehci1'/>" + NO_BALLOON)
    yield "nothing-said", domain("")
    yield "root-ports-16", domain(BARE + "<controller type='pci' model='pcie-root-port'/>" * 16)
    yield "balloon", domain(NO_USB + BALLOON)
    yield "rng-4", domain(BARE + "<rng model='virtio'><backend model='random'/></rng>" * 4)
    channel = "<channel type='unix'><target type='virtio' name='a'/></channel>"
    yield "channels-4", domain(BARE + VIRTIO_SERIAL + channel * 4)
    yield "virtio-serial", domain(BARE + VIRTIO_SERIAL)
    for model in ("ich6", "ich9", "ac97", "es1370", "sb16", "usb"):
        usb = XHCI + NO_BALLOON if model == "usb" else BARE
        yield f"sound-{model}", domain(usb + f"<sound model='{model}'/>")
    for model in ("tpm-tis", "tpm-crb"):
        tpm = f"<tpm model='{model}'><backend type='emulator' version='2.0'/></tpm>"
        yield model, domain(BARE + tpm)
        yield f"{model}-efi", domain(BARE + tpm, more=os_efi("q35"), memory=512)
    inputs = "".join(
        f"<input type='{kind}' bus='BUS'/>" for kind in ("tablet", "mouse", "keyboard")
    )
    yield "inputs-usb", domain(XHCI + NO_BALLOON + inputs.replace("BUS", "usb"))
    yield "inputs-virtio", domain(BARE + inputs.replace("BUS", "virtio"))
    yield "serials-3", domain(BARE + SERIAL * 2)
    yield "watchdog", domain(BARE + "<watchdog model='i6300esb'/>")
    yield "panic", domain(BARE + "<panic model='isa'/>")
    yield "hub", domain(XHCI + NO_BALLOON + "<hub type='usb'/>" * 2)
    yield "iommu", domain(BARE + "<iommu model='intel'/>")
    yield "shmem", domain(BARE + "<shmem name='s'><model type='ivshmem-plain'/></shmem>")
    for place in range(2):
        nine = f"<filesystem type='mount'><driver type='{('path', 'virtiofs')[place]}'/>"
        nine += "<source dir='/share'/><target dir='share'/></filesystem>"
        yield ("9p", "virtiofs")[place], domain(BARE + nine, more=SHARED if place else "")
    redirected = "<redirdev bus='usb' type='spicevmc'/>" * 2
    yield (
        "redirdev",
        domain(XHCI + NO_BALLOON + video("qxl") + "<graphics type='spice'/>" + redirected),
    )
    slots = (
        "<maxMemory slots='4' unit='MiB'>512</maxMemory>"
        "<cpu><numa><cell id='0' cpus='0' memory='256' unit='MiB'/></numa></cpu>"
    )
    dimm = (
        "<memory model='dimm'><target><size unit='MiB'>128</size><node>0</node></target></memory>"
    )
    yield "dimms-2", domain(BARE + dimm * 2, memory=512, more=slots)


def paused_under_kvm() -> Iterator[tuple[str, str]]:
    """For hosts that can open /dev/kvm but hardly run anything in it: started, never let go."""
    variants = {
        "bare-q35": domain(BARE),
        "bare-pc": domain(BARE, machine="pc"),
        "ram-1024": domain(BARE, memory=1024),
        "ram-4096": domain(BARE, memory=4096),
        "disks-8": domain(BARE + "".join(disk(place, "virtio") for place in range(8))),
        "cards-8": domain(BARE + card("virtio", "ethernet") * 8),
        "video": domain(BARE + video("vga") + "<graphics type='vnc'/>"),
    }
    variants |= {f"vcpus-{count}": domain(BARE, vcpus=count) for count in (2, 4, 8, 16)}
    for name, xml in variants.items():
        yield f"kvm-{name}", xml.replace("type='qemu'", "type='kvm'")


def random_set(seed: int, number: int, prefix: str) -> Iterator[tuple[str, str]]:
    """Everything mixed."""
    dice = random.Random(seed)  # noqa: S311 (a repeatable mixture, no secret)
    for place in range(number):
        yield f"{prefix}-{place:03}", _mixed(dice)


def _mixed(dice: random.Random) -> str:
    vcpus = dice.choices((1, 2, 4, 8, 16, 32), (5, 6, 6, 4, 2, 1))[0]
    memory = dice.choices(SIZES, (1, 3, 3, 4, 5, 4, 3, 2, 1))[0]
    if vcpus > MANY_VCPUS:
        memory = max(memory, MEMORY_FOR_MANY)
    machine = dice.choice(("q35", "q35", "pc"))
    threads = dice.choices((0, 1, 2, 4), (6, 2, 1, 1))[0]
    usb = _usb(dice, machine)
    devices = usb + dice.choices((BALLOON, NO_BALLOON), (3, 1))[0]
    devices += _disks(dice, threads, machine) + _cards(dice, vcpus, machine)
    devices += _display(dice) + _extras(dice, has_usb="none" not in usb)
    more = ""
    if dice.random() < CHANCE_OF_EFI and memory >= MEMORY_FOR_EFI:
        more += os_efi(machine)
    if dice.random() < CHANCE_OF_BOUND_CACHE:
        more += tb_cache(dice.choice((32, 64, 128, 256)))
    if "virtiofs" in devices or dice.random() < CHANCE_OF_SHARED:
        more += SHARED
    return domain(
        devices,
        memory=memory,
        vcpus=vcpus,
        machine=machine,
        iothreads=threads,
        more=_with_os(more, machine),
    )


def _with_os(more: str, machine: str) -> str:
    if "<os" in more:
        return more
    return f"<os><type arch='x86_64' machine='{machine}'>hvm</type></os>{more}"


def _usb(dice: random.Random, machine: str) -> str:
    choices = (
        XHCI,
        NO_USB,
        UHCI if machine == "pc" else "<controller type='usb' model='ich9-ehci1'/>",
    )
    return dice.choices(choices, (5, 3, 2))[0]


def _disks(dice: random.Random, threads: int, machine: str) -> str:
    number = dice.choices((0, 1, 2, 4, 8, 16), (1, 5, 5, 3, 2, 1))[0]
    if machine == "pc":
        number = min(number, 8)
    text = ""
    drives = 0
    for place in range(number):
        bus = dice.choices(("virtio", "scsi", "sata"), (6, 2, 1))[0]
        drives += bus == "sata"
        if drives > MOST_DRIVES:
            bus = "virtio"
        driver: dict[str, str] = {}
        if bus == "virtio" and dice.random() < CHANCE_OF_QUEUES:
            driver["queues"] = str(dice.choice((1, 2, 4, 8)))
        if bus == "virtio" and threads and dice.random() < CHANCE_OF_IOTHREAD:
            driver["iothread"] = str(1 + place % threads)
        if bus != "sata" and dice.random() < CHANCE_OF_DIRECT:
            driver["cache"] = "none"
        text += disk(place, bus, dice.choice(("raw", "qcow2")), **driver)
    return text


def _cards(dice: random.Random, vcpus: int, machine: str) -> str:
    number = dice.choices((0, 1, 2, 4, 8, 16), (1, 7, 4, 2, 1, 1))[0]
    if machine == "pc":
        number = min(number, 4)
    text = ""
    for _ in range(number):
        model = dice.choice(CARDS)
        kind = dice.choice(("user", "ethernet"))
        queues = 1
        if model == "virtio" and kind == "ethernet" and dice.random() < CHANCE_OF_CARD_QUEUES:
            queues = min(vcpus, 4)
        text += card(model, kind, queues)
    return text


def _display(dice: random.Random) -> str:
    if dice.random() < CHANCE_OF_NO_VIDEO:
        return ""
    model = dice.choice(VIDEOS)
    heads = dice.choice((1, 1, 1, 2, 4)) if model in {"virtio", "qxl"} else 1
    graphics = dice.choice(("vnc", "vnc", "spice", ""))
    return video(model, heads) + (f"<graphics type='{graphics}'/>" if graphics else "")


def _extras(dice: random.Random, *, has_usb: bool) -> str:
    tpm = "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"
    channel = "<channel type='unix'><target type='virtio' name='a'/></channel>"
    share = (
        "<filesystem type='mount'><driver type='{}'/><source dir='/share'/>"
        "<target dir='share'/></filesystem>"
    )
    texts = [
        (0.4, "<rng model='virtio'><backend model='random'/></rng>"),
        (0.4, VIRTIO_SERIAL + channel),
        (0.2, f"<sound model='{dice.choice(('ich6', 'ich9', 'ac97', 'sb16'))}'/>"),
        (0.15, tpm),
        (0.1, share.format("path")),
        (0.1, share.format("virtiofs")),
        (0.1, "<watchdog model='i6300esb'/>"),
        (0.2, "<input type='tablet' bus='virtio'/>"),
        (0.1, "<panic model='isa'/>"),
    ]
    if has_usb:
        texts.append((0.5, "<input type='tablet' bus='usb'/>"))
        texts.append((0.1, "<input type='keyboard' bus='usb'/>"))
    return "".join(text for chance, text in texts if dice.random() < chance)


def all_guests() -> dict[str, list[tuple[str, str]]]:
    """The sets, by name."""
    return {
        "kvm": list(paused_under_kvm()),
        "designed": list(designed()),
        "fit": list(random_set(FIT_SEED, 60, "fit")),
        "held-out": list(random_set(HELD_OUT_SEED, 80, "held-out")),
    }
