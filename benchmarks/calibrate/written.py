"""Guests as a person writes them, for a real libvirt to fill in and to start.

They leave out what people leave out: controllers, the balloon, the video device, the console, the
inputs. The set ``libvirt-fit`` is fitted to beside those of ``designs``; nothing is ever fitted to
``libvirt-held-out``, which is mixed from a seed of its own.
"""

import random
from collections.abc import Iterator

from designs import SERIAL, card, disk, tb_cache

FIT_SEED, HELD_OUT_SEED = 2012, 20261129
FIT, HELD_OUT = 8, 24
SIZES = (192, 256, 384, 512, 1024)  # MiB
VIDEOS = ("vga", "cirrus", "virtio", "qxl")
CARDS = ("virtio", "virtio", "e1000e", "e1000", "rtl8139")
IMMEDIATE = "<memoryBacking><allocation mode='immediate'/></memoryBacking>"
CHANCE_OF_BOUND_CACHE = 0.25
CHANCE_OF_HOTPLUG = 0.25
CHANCE_OF_GRAPHICS = 0.6
CHANCE_OF_VIDEO = 0.5
PORTS = (14, 28)
LAYERS = 12
EMULATOR = "<emulator>/usr/bin/qemu-system-x86_64</emulator>"


def guest(
    name: str,
    devices: str,
    *,
    memory: int = 256,
    vcpu: str = "1",
    machine: str = "q35",
    more: str = "",
) -> str:
    """One definition."""
    return (
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory>"
        f"{IMMEDIATE}{vcpu if vcpu.startswith('<') else f'<vcpu>{vcpu}</vcpu>'}"
        f"<os><type arch='x86_64' machine='{machine}'>hvm</type></os>{more}"
        f"<devices>{EMULATOR}{SERIAL}{devices}</devices></domain>"
    )


def chain(number: int) -> str:
    """A disk whose image stands on others; the definition names only the topmost, as people do."""
    return disk(number, "virtio", "qcow2").replace(f"/{number}.qcow2", f"/chain-{number}.qcow2")


def designed() -> Iterator[tuple[str, str]]:
    """What a random mixture seldom has."""
    for machine in ("q35", "pc"):
        yield f"nothing-{machine}", guest(f"nothing-{machine}", "", machine=machine)
    for number in PORTS:
        ports = "<controller type='pci' model='pcie-root'/>"
        ports += "<controller type='pci' model='pcie-root-port'/>" * number
        yield f"ports-{number}", guest(f"ports-{number}", ports)
    yield "chains", guest("chains", chain(0) + chain(1))
    vcpu = "<vcpu current='2'>16</vcpu>"
    yield "vcpus-2-of-16", guest("vcpus-2-of-16", disk(0, "virtio"), vcpu=vcpu)


def random_set(seed: int, number: int, prefix: str) -> Iterator[tuple[str, str]]:
    """Everything mixed."""
    dice = random.Random(seed)  # noqa: S311 (a repeatable mixture, no secret)
    for place in range(number):
        name = f"{prefix}-{place:02}"
        yield name, _mixed(name, dice)


def _mixed(name: str, dice: random.Random) -> str:
    machine = dice.choice(("q35", "q35", "pc"))
    count = dice.choice((1, 1, 2, 2, 4))
    vcpu = str(count)
    if dice.random() < CHANCE_OF_HOTPLUG:
        vcpu = f"<vcpu current='{count}'>{count * 4}</vcpu>"
    devices = _disks(dice, machine)
    for _ in range(dice.choice((0, 1, 1, 2))):
        devices += card(dice.choice(CARDS), dice.choice(("user", "user", "ethernet")))
    if dice.random() < CHANCE_OF_GRAPHICS:
        devices += "<graphics type='vnc'/>"
        if dice.random() < CHANCE_OF_VIDEO:
            devices += f"<video><model type='{dice.choice(VIDEOS)}'/></video>"
    devices += _extras(dice)
    more = tb_cache(dice.choice((64, 128))) if dice.random() < CHANCE_OF_BOUND_CACHE else ""
    return guest(name, devices, memory=dice.choice(SIZES), vcpu=vcpu, machine=machine, more=more)


def _disks(dice: random.Random, machine: str) -> str:
    text = ""
    for place in range(dice.choice((0, 1, 1, 2, 3, 4))):
        bus = dice.choices(("virtio", "scsi", "sata"), (6, 2, 1))[0]
        if bus == "sata" and machine == "pc":
            bus = "virtio"
        driver = {} if dice.random() < 1 / 2 or bus == "sata" else {"cache": "none"}
        text += disk(place, bus, dice.choice(("raw", "qcow2")), **driver)
    return text


def _extras(dice: random.Random) -> str:
    texts = (
        (0.4, "<input type='tablet' bus='usb'/>"),
        (
            0.4,
            "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>",
        ),
        (0.4, "<rng model='virtio'><backend model='random'>/dev/urandom</backend></rng>"),
        (0.15, "<sound model='ich6'/>"),
        (0.1, "<watchdog model='i6300esb'/>"),
        (0.1, "<memballoon model='none'/>"),
    )
    return "".join(text for chance, text in texts if dice.random() < chance)


def workload(name: str) -> str:
    """What a guest does: every third one is ``used``, the others only try their devices."""
    number = name.rpartition("-")[2]
    return "tried" if not name.startswith("written") or int(number) % 3 else "used"


def all_written() -> dict[str, list[tuple[str, str]]]:
    """The sets, by name."""
    fit = [*designed(), *random_set(FIT_SEED, FIT, "written-fit")]
    return {
        "libvirt-held-out": list(random_set(HELD_OUT_SEED, HELD_OUT, "written")),
        "libvirt-fit": fit,
    }
