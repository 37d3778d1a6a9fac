"""The signs that a guest waits for its disk for lack of memory."""

import pytest

from tests.balance.examples import GIB, SETTINGS, guest, statistics
from xmlresource.balance.disk_waits import MOST_FAULTS, waits_for_disk
from xmlresource.balance.movement import Cause
from xmlresource.balance.observed import BalloonStatistics


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (None, None),
        (statistics(GIB), None),
        (statistics(GIB, swap_in=SETTINGS.swap_in - 1), None),
        (statistics(GIB, swap_in=SETTINGS.swap_in), Cause.SWAPS),
        (statistics(GIB, major_faults=MOST_FAULTS - 1), None),
        (statistics(GIB, major_faults=MOST_FAULTS), Cause.FAULTS),
        (statistics(GIB, swap_in=1 << 30, age=SETTINGS.stale + 0.1), None),
        (statistics(GIB, swap_in=1 << 30, age=-1), None),
    ],
)
def test_what_is_a_sign(said: BalloonStatistics | None, cause: Cause | None) -> None:
    found = waits_for_disk(guest(statistics=said), SETTINGS)
    assert (None if found is None else found.cause) is cause
