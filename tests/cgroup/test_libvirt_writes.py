"""What libvirt itself writes for ``<memtune>``: its numbers as they are."""

import pytest

from xmlresource.cgroup.hierarchy import Version
from xmlresource.cgroup.libvirt_writes import libvirt_writes
from xmlresource.cgroup.writes import LibvirtWrite
from xmlresource.model.policy import MemoryPolicy

PAGE = 4096
MEMTUNE = MemoryPolicy(
    hard_limit=8 * PAGE, soft_limit=5 * PAGE + 1, min_guarantee=PAGE, swap_hard_limit=9 * PAGE
)


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (
            Version.V1,
            ("memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes"),
        ),
        (Version.V2, ("memory.max", "memory.high", "memory.swap.max")),
    ],
)
def test_limits_are_written_unconverted(version: Version, files: tuple[str, ...]) -> None:
    names = ("hard_limit", "soft_limit", "swap_hard_limit")
    values = (8 * PAGE, 5 * PAGE, 9 * PAGE)
    expected = tuple(map(LibvirtWrite, names, files, values))
    assert libvirt_writes(MEMTUNE, (), version, PAGE) == expected


def test_what_our_element_declares_is_ours() -> None:
    (write,) = libvirt_writes(MEMTUNE, ("soft_limit", "swap_hard_limit"), Version.V2, PAGE)
    assert write.describe() == (
        "libvirt writes memory.max at the start: 32 KiB (hard_limit in <memtune>)"
    )


def test_a_limit_without_a_file_of_its_version_is_left_out() -> None:
    assert libvirt_writes(MemoryPolicy(swap_soft_limit=PAGE), (), Version.V1, PAGE) == ()
