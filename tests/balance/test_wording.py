"""Every reason can be said, and says its figures."""

import pytest

from tests.balance.examples import GIB, MIB
from xmlresource.balance.movement import Cause, Reason
from xmlresource.balance.wording import sentence

SIZES = [
    "available",
    "below",
    "above",
    "wanted",
    "guarantee",
    "has",
    "usable",
    "balloon",
    "asked",
    "swap_in",
]
OTHERS = {"some": 12.345, "pressure": 99.0, "major_faults": 250.4, "refusals": 2, "age": 61.2}
FIGURES: dict[str, float] = dict.fromkeys(SIZES, GIB) | OTHERS | {"most": 30}


@pytest.mark.parametrize("cause", Cause)
def test_every_cause_has_a_sentence(cause: Cause) -> None:
    said = sentence(Reason(cause, tuple(FIGURES.items())))
    assert said
    assert "{" not in said
    assert not said.endswith(".")


def test_figures_are_shown_with_their_units() -> None:
    short = Reason(Cause.HOST_SHORT, (("available", GIB), ("below", 1536 * MIB)))
    assert sentence(short) == "the host has 1 GiB available, less than 1.5 GiB"
    assert "12.3 %" in sentence(Reason(Cause.HOST_STALLS, (("some", 12.345), ("available", 1))))
    assert "61 s" in sentence(Reason(Cause.OLD_STATISTICS, (("age", 61.2), ("most", 30))))
    assert "250 pages" in sentence(Reason(Cause.FAULTS, (("major_faults", 250.4),)))
