"""``NAME=VALUE`` as a person gives it on a command line, with faults as values."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from xmlresource.tunables import BY_NAME, Kind
from xmlresource.units import Amount, SizeError, Unlimited, parse_written_size

NONE: Final = "none"
"""The value that takes a tunable out."""


@dataclass(frozen=True, slots=True)
class BadAssignment:
    """One assignment that can't be read.

    Attributes:
        text: The assignment, as given.
        problem: What is wrong, one sentence without the final stop.
        cure: What to write instead.
    """

    text: str
    problem: str
    cure: str


@dataclass(frozen=True, slots=True)
class Assignments:
    """What was assigned, and what could not be read.

    Attributes:
        amounts: The amount of each tunable; ``None`` takes it out.
        faults: What could not be read, in the order given.
    """

    amounts: dict[str, Amount | None]
    faults: tuple[BadAssignment, ...]


def parse_assignments(texts: Iterable[str]) -> Assignments:
    """The assignments in ``texts``: ``hard_limit=4GiB``, ``soft-limit=unlimited``, ``…=none``."""
    amounts: dict[str, Amount | None] = {}
    faults = []
    for text in texts:
        found = _parsed(text)
        if isinstance(found, BadAssignment):
            faults.append(found)
        elif found[0] in amounts:
            faults.append(BadAssignment(text, f"{found[0]} is assigned twice", "give it once"))
        else:
            amounts[found[0]] = found[1]
    return Assignments(amounts, tuple(faults))


def _parsed(text: str) -> tuple[str, Amount | None] | BadAssignment:
    name, equals, value = text.partition("=")
    if not equals:
        return BadAssignment(text, "it is no NAME=VALUE", "write, say, hard_limit=4GiB")
    name = name.strip().replace("-", "_")
    tunable = BY_NAME.get(name)
    if tunable is None:
        close = get_close_matches(name, BY_NAME, 1)
        cure = f"did you mean {close[0]}?" if close else f"there are {', '.join(BY_NAME)}"
        return BadAssignment(text, f"there is no tunable {name!r}", cure)
    if value.strip().lower() == NONE:
        return name, None
    try:
        amount = parse_written_size(value)
    except SizeError as error:
        return BadAssignment(text, error.problem, _cure(error, value))
    if tunable.kind is Kind.GUARANTEE and isinstance(amount, Unlimited):
        return BadAssignment(
            text, "no host can promise memory without bound", "write the memory the guest needs"
        )
    return name, amount


def _cure(error: SizeError, value: str) -> str:
    """The cure for a size written by hand: its unit stands beside it, not in an attribute."""
    if value.strip() and error.part == "value":
        return "write a whole number and a unit, such as 4GiB, or unlimited, or none"
    if error.part == "size":
        return f"write a smaller size, or {Unlimited.UNLIMITED.value}"
    return error.cure
