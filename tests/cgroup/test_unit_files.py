"""What systemd's unit files give to a slice."""

import pytest

from xmlresource.cgroup.hierarchy import slice_group
from xmlresource.cgroup.unit_files import protection, weight
from xmlresource.units import UNLIMITED, Amount

PAGE = 4096
MEMORY = 2 << 30
MIB = 1 << 20


def given(*texts: str) -> dict[str, Amount]:
    return protection(texts, MEMORY, PAGE)


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        ("33554432", 32 * MIB),
        ("32M", 32 * MIB),
        ("1.5G", 1536 * MIB),
        ("1 K", 0),  # in whole pages
        ("5000B", PAGE),
        ("infinity", UNLIMITED),
        ("10%", MEMORY // PAGE // 10 * PAGE),
        ("12.5%", MEMORY // 8),
        ("", 0),
    ],
)
def test_values(value: str, amount: Amount) -> None:
    assert given(f"[Slice]\nMemoryMin={value}\n") == {"memory.min": amount}


@pytest.mark.parametrize("value", ["lots", "-1", "1X", "1..5M", "12.345%"])
def test_values_that_make_no_sense(value: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        given(f"[Slice]\nMemoryLow={value}\n")


def test_the_last_word_counts() -> None:
    first = "[Unit]\nDescription=x\n\n[Slice]\nMemoryMin=1M\nMemoryLow = 2M\nCPUWeight=5\n"
    assert given(first, "[Slice]\nMemoryMin=3M\nMemoryMin=4M\n") == {
        "memory.min": 4 * MIB,
        "memory.low": 2 * MIB,
    }


def test_only_what_is_in_the_slices_section_and_no_comment() -> None:
    text = "MemoryMin=1M\n[Unit]\nMemoryMin=1M\n[Slice]\n#MemoryMin=1M\n;MemoryMin=1M\nMemoryMin\n"
    assert given(text) == {}
    assert given("[Slice]\nMemoryMin=\\\n  8M\n") == {"memory.min": 8 * MIB}


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["[Slice]\nMemoryMin=1M\n"], None),
        (["[Slice]\nCPUWeight=300\n", "[Slice]\nCPUWeight=20\n"], 20),
        (["[Slice]\nCPUWeight=idle\n"], 1),
        (["[Slice]\nCPUWeight=300\nCPUWeight=\n"], None),
        (["[Slice]\nCPUShares=300\n"], None),
    ],
)
def test_weights(texts: list[str], expected: int | None) -> None:
    assert weight(texts, "CPUWeight") == expected


def test_a_weight_that_makes_no_sense() -> None:
    with pytest.raises(ValueError, match="many"):
        weight(["[Slice]\nCPUWeight=many\n"], "CPUWeight")


def test_the_cgroup_of_a_slice() -> None:
    assert slice_group("machine.slice") == "/machine.slice"
    assert slice_group(r"machine-a\x2db.slice") == r"/machine.slice/machine-a\x2db.slice"
