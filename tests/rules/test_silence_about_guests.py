"""Rules about guests: where they say nothing, or something else than in the fixtures."""

import pytest

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.rules import check

GIB = "unit='GiB'"
SWAP = f"<swap_hard_limit {GIB}>4</swap_hard_limit>"
QEMU = "xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'"


def found(inner: str, *, kind: str = "kvm", memory: str = f"<memory {GIB}>2</memory>") -> list[str]:
    return [one.code for one in findings(inner, kind=kind, memory=memory)]


def findings(inner: str, *, kind: str, memory: str) -> list[Diagnostic]:
    text = f"<domain type='{kind}' {QEMU}>{memory}{inner}</domain>"
    return check(Document.parse(text.encode()))


def metadata(tunables: str) -> str:
    block = f"<x:memory>{tunables}</x:memory>"
    return f"<metadata><x:resource xmlns:x='urn:xmlresource:1'>{block}</x:resource></metadata>"


def test_a_swap_limit_that_our_element_declares_too_is_written_by_the_hook() -> None:
    both = metadata(f"<x:swapHardLimit {GIB}>4</x:swapHardLimit>")
    limits = f"<memtune><hard_limit {GIB}>3</hard_limit>{SWAP}</memtune>"
    assert found(limits) == ["XR412"]
    assert found(both + limits) == []


def test_a_swap_limit_beside_a_limit_elsewhere() -> None:
    limits = metadata(f"<x:memoryHardLimit {GIB}>3</x:memoryHardLimit>")
    (one,) = findings(f"{limits}<memtune>{SWAP}</memtune>", kind="kvm", memory="")
    assert one.code == "XR412"
    assert one.message.endswith("4 GiB of swap besides all memory")


@pytest.mark.parametrize(
    ("inner", "codes"),
    [
        ("<cputune><shares>10000</shares></cputune>", ["XR413"]),
        ("<cputune><shares>10001</shares></cputune>", ["XR413"]),
        ("<cputune><shares>511</shares></cputune>", []),
        ("<cputune><shares>2</shares></cputune>", []),
        ("<cputune><shares>0</shares></cputune>", ["XR413"]),
        ("<cputune><shares>many</shares></cputune>", []),
        ("<cputune><shares>9999999999</shares></cputune>", []),
        ("<cputune/>", []),
        ("<blkiotune><weight>9</weight></blkiotune>", ["XR414"]),
        ("<blkiotune><weight>10</weight></blkiotune>", []),
        ("<blkiotune><weight>1000</weight></blkiotune>", []),
    ],
)
@pytest.mark.parametrize("kind", ["kvm", "lxc", "test"])
def test_weights(inner: str, codes: list[str], kind: str) -> None:
    assert found(inner, kind=kind) == ([] if kind == "test" else codes)


@pytest.mark.parametrize("soft", ["<soft_limit>x</soft_limit>", "<soft_limit>0</soft_limit>", ""])
def test_a_soft_limit_of_a_container_is_common(soft: str) -> None:
    assert "XR411" not in found(f"<memtune>{soft}</memtune>", kind="lxc")


def test_a_soft_limit_without_ram_to_hold_it_against() -> None:
    assert found(f"<memtune><soft_limit {GIB}>1</soft_limit></memtune>", memory="") == []


@pytest.mark.parametrize(
    ("memory", "hint"),
    [
        ("<memory unit='GB'>8</memory><currentMemory unit='GiB'>8</currentMemory>", "write unit"),
        ("<memory unit='GB'>8</memory><currentMemory unit='GiB'>9</currentMemory>", "Raise <mem"),
        ("<memory>8</memory><currentMemory>9</currentMemory>", "Raise <memory>"),
        ("<memory unit='EB'>9</memory><currentMemory unit='PB'>9001</currentMemory>", "Raise"),
        ("<memory>8</memory><currentMemory>8</currentMemory>", None),
        ("<memory>x</memory><currentMemory>8</currentMemory>", None),
        ("<memory>0</memory><currentMemory>8</currentMemory>", None),
        ("<memory>8</memory><currentMemory>9007199254740991</currentMemory>", None),
        ("<currentMemory>8</currentMemory>", None),
    ],
)  # fmt: skip
def test_current_memory(memory: str, hint: str | None) -> None:
    told = [one.hint or "" for one in findings("", kind="kvm", memory=memory)]
    assert len(told) == (hint is not None)
    assert all(hint is None or hint in one for one in told)


def test_memory_of_cells_is_what_counts() -> None:
    cells = "<cpu><numa><cell cpus='0' memory='9' unit='GiB'/></numa></cpu>"
    assert found(f"<currentMemory {GIB}>8</currentMemory>{cells}") == []


@pytest.mark.parametrize(
    ("limit", "memory", "hint"),
    [
        ("<hard_limit>00006</hard_limit>", "4", "did you mean 6 GiB? Then write unit='GiB'"),
        ("<hard_limit unit='KiB'>6</hard_limit>", "4", "did you mean 6 GiB? A number without"),
        ("<hard_limit unit='b'>1024</hard_limit>", "2048", "did you mean 1024 TiB?"),
        ("<hard_limit>1</hard_limit>", "4096", "Write the unit that is meant"),
    ],
)
def test_the_unit_that_may_have_been_meant(limit: str, memory: str, hint: str) -> None:
    inner = f"<memtune>{limit}</memtune>"
    size = f"<memory {GIB}>{memory}</memory>"
    (one,) = findings(inner, kind="kvm", memory=size)
    assert one.code == "XR503"
    assert one.hint is not None
    assert one.hint.startswith(hint)


def test_a_device_on_the_command_line_alone() -> None:
    words = "<qemu:arg value='-device'/><qemu:arg value='vfio-pci,host=01:00.0'/>"
    line = f"<qemu:commandline>{words}</qemu:commandline>"
    (one,) = findings(line, kind="kvm", memory=f"<memory {GIB}>2</memory>")
    assert one.code == "XR405"
    assert "it leaves the limit of locked memory as it is on the host, and 3 GiB" in one.message
    assert found(f"{line}<memtune><hard_limit {GIB}>3</hard_limit></memtune>") == []


def test_locked_memory_is_unknown_where_the_ram_is() -> None:
    device = "<hostdev mode='subsystem' type='pci' managed='yes'><source>{}</source></hostdev>"
    address = "<address domain='0x0000' bus='0x4{}' slot='0x00' function='0x0'/>"
    devices = "".join(device.format(address.format(number)) for number in (1, 2))
    iommu = "<qemu:arg value='-device'/><qemu:arg value='intel-iommu'/>"
    inner = f"<devices>{devices}</devices><qemu:commandline>{iommu}</qemu:commandline>"
    assert "XR405" in found(inner)
    assert "XR405" not in found(inner, memory="")
