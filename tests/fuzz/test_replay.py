"""What fuzzing begins with, and all that it ever found: a file dropped into ``crashes`` is a test.

The search itself is ``make fuzz``.
"""

from pathlib import Path

import pytest

from tests.fuzz import targets
from tests.fuzz.targets import NAMES

CRASHES = Path(__file__).parent / "crashes"
FOUND = sorted(path for path in CRASHES.rglob("*") if path.is_file() and path.suffix != ".md")


@pytest.mark.parametrize("name", NAMES)
def test_seeds(name: str) -> None:
    target = targets.load(name)
    count = 0
    for count, data in enumerate(target.seeds(), start=1):  # noqa: B007 -- counted
        target.one(data)
    assert count >= 3


@pytest.mark.parametrize("path", FOUND, ids=lambda path: str(path.relative_to(CRASHES)))
def test_what_was_found_once(path: Path) -> None:
    targets.load(path.parent.name).one(path.read_bytes())


def test_every_crash_is_of_a_target() -> None:
    assert {path.parent.name for path in FOUND} <= set(NAMES)
