"""``NAME=VALUE`` as a person gives it on a command line, with faults as values."""

from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from typing import Final, TypeAlias

from xmlresource.formats.guest_attributes import ROWS
from xmlresource.formats.quantities import written_quantity
from xmlresource.formats.quantity_names import (
    KEYS,
    lacks_device,
    split_name,
    written_quantity_name,
)
from xmlresource.record import record
from xmlresource.tunables import ATTRIBUTES, BY_NAME, Kind
from xmlresource.units import Amount, QuantityError, SizeError, Unlimited, parse_written_size

NONE: Final = "none"
"""The value that takes a tunable out."""


class Auto(Enum):
    """The type of :data:`AUTO`, so that type checkers can tell it from a size."""

    AUTO = "auto"

    def __repr__(self) -> str:
        return "AUTO"


AUTO: Final = Auto.AUTO
"""The value that stands for what is recommended for the guest (``operations.automatic``)."""

AUTOMATIC: Final = ("hard_limit", "min_guarantee")
"""The tunables that something is recommended for."""

Assigned: TypeAlias = Amount | Auto | None
"""What a tunable is to be: an amount, what is recommended, or nothing."""


@record
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


@record
class Assignments:
    """The assignments of a command line, and those that could not be read.

    Attributes:
        amounts: The amount of each tunable by its name (of a device, such as
            ``vda.iops_hard_limit.read``), the ``priority``, a number, and ``balance``, a truth
            value; ``AUTO`` is what is recommended for the guest, ``None`` takes it out.
        faults: What could not be read, in the order given.
    """

    amounts: dict[str, Assigned]
    faults: tuple[BadAssignment, ...]


def parse_assignments(texts: Iterable[str]) -> Assignments:
    """The assignments: ``hard_limit=4GiB``, ``soft-limit=unlimited``, ``…=auto``, ``…=none``."""
    amounts: dict[str, Assigned] = {}
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


def _parsed(text: str) -> tuple[str, Assigned] | BadAssignment:
    name, equals, value = text.partition("=")
    if not equals:
        return BadAssignment(text, "it is no NAME=VALUE", "write, say, hard_limit=4GiB")
    name = name.strip().replace("-", "_")
    if name in ATTRIBUTES:
        return _attribute(text, name, value.strip().lower())
    tunable = BY_NAME.get(name)
    if tunable is None:
        return _of_quantity(text, value)
    word = value.strip().lower()
    if word == NONE:
        return name, None
    if word == AUTO.value:
        return (name, AUTO) if name in AUTOMATIC else BadAssignment(text, *_not_automatic(name))
    amount = _amount(text, value, tunable.kind)
    return amount if isinstance(amount, BadAssignment) else (name, amount)


def _unknown(name: str) -> tuple[str, str]:
    """Problem and cure."""
    if lacks_device(name):
        cure = f"write the device before it, by its target or path, such as vda.{name}"
        return f"{name} is of one device", cure
    device, key = split_name(name)
    known = (*BY_NAME, *KEYS, *ATTRIBUTES) if device is None else KEYS
    close = get_close_matches(key, known, 1)
    cure = f"there are {', '.join(known)}"
    if close:
        cure = f"did you mean {close[0] if device is None else f'{device}.{close[0]}'}?"
    return f"there is no tunable {name!r}", cure


def _of_quantity(text: str, value: str) -> tuple[str, Assigned] | BadAssignment:
    written = text.partition("=")[0].strip()
    name = written_quantity_name(written)
    if name is None:
        return BadAssignment(text, *_unknown(written.replace("-", "_")))
    word = value.strip().lower()
    if word == NONE:
        return str(name), None
    if word == AUTO.value:
        return BadAssignment(text, *_not_automatic(str(name)))
    try:
        amount = written_quantity(name.tunable.quantity, value)
    except QuantityError as error:
        return BadAssignment(text, error.problem, error.cure)
    if isinstance(amount, Unlimited) and name.tunable.kind is not Kind.LIMIT:
        problem = f"a {name.tunable.kind.value} can't be unlimited"
        return BadAssignment(text, problem, f"write a number, or {NONE}")
    return str(name), amount


def _attribute(text: str, name: str, value: str) -> tuple[str, Assigned] | BadAssignment:
    said = ROWS[name].parse(value)
    if said is None and value != NONE:
        return BadAssignment(text, f"it {ROWS[name].wrong}", f"{ROWS[name].cure}, or {NONE}")
    return name, said


def _not_automatic(name: str) -> tuple[str, str]:
    """Problem and cure."""
    known = " and ".join(AUTOMATIC)
    return f"nothing is recommended for {name}", f"write a size; auto is for {known}"


def _amount(text: str, value: str, kind: Kind) -> Amount | BadAssignment:
    try:
        amount = parse_written_size(value)
    except SizeError as error:
        return BadAssignment(text, error.problem, _cure(error, value))
    if kind is Kind.GUARANTEE and isinstance(amount, Unlimited):
        return BadAssignment(
            text, "no host can promise memory without bound", "write the memory the guest needs"
        )
    return amount


def _cure(error: SizeError, value: str) -> str:
    """The cure for a size written by hand: its unit stands beside it, not in an attribute."""
    if value.strip() and error.part == "value":
        return "write a whole number and a unit, such as 4GiB, or unlimited, or none"
    if error.part == "size":
        return f"write a smaller size, or {Unlimited.UNLIMITED.value}"
    return error.cure
