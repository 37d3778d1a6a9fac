"""The v1 memory controller, on a throwaway cgroup."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import pytest

from .harness.cgroups import (
    V1_UNLIMITED,
    hog,
    read,
    swap_is_counted,
    throwaway,
    write,
)
from .harness.guests import MIB

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .harness.daemons import Libvirt

pytestmark = pytest.mark.v1
needs_memsw = pytest.mark.skipif(not swap_is_counted(), reason="no memsw files here")

LIMIT = "memory.limit_in_bytes"
SOFT = "memory.soft_limit_in_bytes"
MEMSW = "memory.memsw.limit_in_bytes"


@pytest.fixture
def group(libvirt: Libvirt) -> Iterator[Path]:
    del libvirt  # holds the sandbox
    with throwaway() as folder:
        yield folder


@pytest.mark.parametrize(
    ("written", "reads_back"),
    [(4096, 4096), (8191, 4096), (8192, 8192), (-1, V1_UNLIMITED)],
)
def test_a_limit_is_rounded_down_to_a_page(group: Path, written: int, reads_back: int) -> None:
    write(group, LIMIT, written)
    assert read(group, LIMIT) == reads_back


@pytest.mark.parametrize("word", ["max", "-2", "1KB"])
def test_what_is_no_number_is_einval(group: Path, word: str) -> None:
    with pytest.raises(OSError, match="Invalid argument"), (group / LIMIT).open("w") as file:
        file.write(word)


def test_a_soft_limit_above_the_hard_limit_is_accepted(group: Path) -> None:
    # Where the soft limit is inert (some kernels since 6.12) it accepts as well, and keeps nothing.
    write(group, SOFT, 4096)
    kept = read(group, SOFT) == 4096
    write(group, LIMIT, 16 * MIB)
    write(group, SOFT, 32 * MIB)
    assert read(group, SOFT) == (32 * MIB if kept else V1_UNLIMITED)


@needs_memsw
def test_memsw_first_is_einval_in_a_fresh_group(group: Path) -> None:
    with pytest.raises(OSError, match="Invalid argument") as caught:
        write(group, MEMSW, 16 * MIB)
    assert caught.value.errno == errno.EINVAL
    write(group, LIMIT, 16 * MIB)
    write(group, MEMSW, 16 * MIB)
    assert read(group, MEMSW) == 16 * MIB


@needs_memsw
def test_raising_needs_memsw_first(group: Path) -> None:
    write(group, LIMIT, 16 * MIB)
    write(group, MEMSW, 16 * MIB)
    with pytest.raises(OSError, match="Invalid argument"):
        write(group, LIMIT, 32 * MIB)
    write(group, MEMSW, 32 * MIB)
    write(group, LIMIT, 32 * MIB)
    assert read(group, LIMIT) == 32 * MIB


@needs_memsw
def test_lowering_needs_the_limit_first(group: Path) -> None:
    write(group, LIMIT, 32 * MIB)
    write(group, MEMSW, 32 * MIB)
    with pytest.raises(OSError, match="Invalid argument"):
        write(group, MEMSW, 16 * MIB)
    write(group, LIMIT, 16 * MIB)
    write(group, MEMSW, 16 * MIB)
    assert read(group, MEMSW) == 16 * MIB


def test_shrinking_below_what_is_used_is_ebusy_and_changes_nothing(group: Path) -> None:
    write(group, LIMIT, 128 * MIB)
    write(group, "memory.swappiness", 0)
    with hog(group, 48):
        with pytest.raises(OSError, match="busy") as caught:
            write(group, LIMIT, MIB)
        assert caught.value.errno == errno.EBUSY
        assert read(group, LIMIT) == 128 * MIB
