"""Guests that start at once, each answered by a hook process of its own."""

import sys
from pathlib import Path

STARTS = 40
LONGEST_WAIT = 30

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
from concurrency import start_all  # type: ignore[import-not-found] # noqa: E402 -- a script


def test_nothing_is_promised_twice_and_nothing_lost(tmp_path: Path) -> None:
    outcome = start_all(tmp_path, STARTS, at_once=8)
    assert list(outcome.violations) == []
    assert sorted({each.status for each in outcome.answers}) == [0, 3]
    assert max(each.seconds for each in outcome.answers) < LONGEST_WAIT
