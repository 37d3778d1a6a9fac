import gc
from collections.abc import Iterator

import pytest

from xmlresource.language_server.collector import set_aside_what_stays


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


class Knot:
    """Something that only the collector lets go."""

    alive = 0

    def __init__(self) -> None:
        self.itself = self
        Knot.alive += 1

    def __del__(self) -> None:
        Knot.alive -= 1


def test_what_is_dead_goes_and_what_is_alive_is_out_of_the_way() -> None:
    kept = [Knot()]
    Knot()
    set_aside_what_stays()
    assert Knot.alive == 1
    assert gc.get_freeze_count() > 0
    kept.clear()
    gc.collect()
    assert Knot.alive == 1  # it was set aside
    set_aside_what_stays()
    assert Knot.alive == 0
