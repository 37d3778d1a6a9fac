"""The counter of pages that came back from swap."""

from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource.system.cgroups.swap_counters import pages_swapped_in
from xmlresource.system.machine import Machine


@pytest.mark.parametrize(
    ("text", "pages"),
    [("nr_free 5\npswpin 17\npswpout 3\n", 17), ("nr_free 5\n", None), ("pswpin x\n", None)],
)
def test_it_is_read(tmp_path: Path, text: str, pages: int | None) -> None:
    host = FakeHost(tmp_path)
    assert pages_swapped_in(host.machine) is None
    host.write("/proc/vmstat", text)
    assert pages_swapped_in(host.machine) == pages


def test_the_real_kernel_has_it() -> None:
    assert (pages_swapped_in(Machine()) or 0) >= 0
