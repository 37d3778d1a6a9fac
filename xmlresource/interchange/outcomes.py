"""What became of each value of a source: taken, converted, rounded or dropped, and why."""

from collections.abc import Mapping
from enum import Enum
from typing import Final, TypeAlias

from xmlresource.formats.guest_attributes import ROWS
from xmlresource.formats.quantities import format_quantity
from xmlresource.record import record
from xmlresource.tunables import BALANCE
from xmlresource.tunables.families import TUNABLES
from xmlresource.units import Amount

_ROWS: Final = {row.key: row for row in TUNABLES}


class Fate(Enum):
    """What became of a value."""

    TAKEN = "taken"  # the same number means the same here
    CONVERTED = "converted"  # another number that means the same
    ROUNDED = "rounded"  # as near as our tunable can say it
    DROPPED = "dropped"


@record
class ValueOutcome:
    """What became of one value.

    Attributes:
        name: What the source calls it.
        written: The value as it is written there.
        line: Its line in the source.
        fate: What became of it.
        reason: Why, without the final stop; of a converted one the calculation.
        target: The tunable that it went into, or would have gone into; ``None`` for none.
        amount: What that is set to: bytes, thousandths of a CPU, or a plain number.
        is_loss: Whether it meant something there that nothing here stands for now.
    """

    name: str
    written: str
    line: int
    fate: Fate
    reason: str = ""
    target: str | None = None
    amount: Amount | None = None
    is_loss: bool = False

    @property
    def value(self) -> str:
        """The target's amount, for a person."""
        return "" if self.amount is None else value_text(self.target or "", self.amount)


Targets: TypeAlias = Mapping[str, Amount]


def targets_of(outcomes: tuple[ValueOutcome, ...]) -> dict[str, Amount]:
    """The amounts that are to be set, by tunable."""
    return {
        one.target: one.amount
        for one in outcomes
        if one.fate is not Fate.DROPPED and one.target is not None and one.amount is not None
    }


def value_text(target: str, amount: Amount) -> str:
    """An amount of a tunable, for a person."""
    if isinstance(amount, bool):
        return ROWS[BALANCE].write(amount)
    row = _ROWS.get(target)
    return str(amount) if row is None else format_quantity(row.quantity, amount)
