"""The table of items (``items.toml``): what each part of a guest costs, as data.

The file is read once, when the first estimate is asked for, and checked while it is read: a row
that can't be understood is a fault of this package, not of a user's document.
"""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.subjects import COUNTS, MIB, SIZES, Subject, fits

TABLE: Final = "items.toml"
"""The file's name, beside this module."""

_KEYS: Final = frozenset(
    {"name", "of", "when", "charged", "cost", "most", "beside", "source", "note"}
)
_NEEDED: Final = frozenset({"name", "of", "charged", "cost", "source"})


class TableError(Exception):
    """The table has a row that makes no sense."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table.

    Attributes:
        name: The item, as the report names it.
        of: The kind of subject it is about (``subjects``).
        when: What must be true of the subject: for each fact, the values that do; ``"x*"`` is
            any value that begins with ``x``, and ``""`` means "not said".
        charged: Who pays.
        costs: The cost of one of each unit; of a size, the cost of one MiB.
        most: What caps all three figures, where there is something: a size, and how much for
            each MiB of it.
        beside: It comes on top of the row that stands for the subject itself.
        source: Where the figures come from.
        note: What to know about them.
    """

    name: str
    of: str
    when: dict[str, tuple[str, ...]]
    charged: Charged
    costs: dict[str, Cost]
    source: str
    most: tuple[str, int] | None = None
    beside: bool = False
    note: str = ""

    def matches(self, subject: Subject) -> bool:
        """Whether the row speaks of ``subject``."""
        return self.of == subject.kind and all(
            any(fits(subject.facts.get(fact, ""), pattern) for pattern in patterns)
            for fact, patterns in self.when.items()
        )

    def count_of(self, subject: Subject) -> int:
        """How many there are of what the row speaks of: its own unit if it has but one."""
        unit = next(iter(self.costs)) if len(self.costs) == 1 else "one"
        return subject.units.get(unit, 0) if unit in COUNTS else 1

    def cost_of(self, subject: Subject) -> Cost:
        """What the row says ``subject`` costs."""
        total = Cost()
        for unit, cost in self.costs.items():
            number, per = subject.units.get(unit, 0), MIB if unit in SIZES else 1
            most = cost.times(subject.at_worst.get(unit, number), per)
            total += replace(cost.times(number, per), worst=most.worst)
        if self.most is not None:
            size, share = self.most
            total = total.at_most(subject.units.get(size, 0) * share // MIB)
        return total


@dataclass(frozen=True, slots=True)
class Table:
    """The rows, in order, and the one for devices that have none."""

    rows: tuple[Row, ...]
    unknown: Row

    def rows_for(self, subject: Subject) -> tuple[list[Row], bool]:
        """The rows that apply to ``subject``, and whether one stands for the subject itself.

        Of the rows for the subject itself the first that matches counts; every matching row that
        comes beside it counts too.
        """
        chosen: list[Row] = []
        itself = False
        for row in self.rows:
            if (row.beside or not itself) and row.matches(subject):
                chosen.append(row)
                itself = itself or not row.beside
        if not itself:
            chosen.insert(0, self.unknown)
        return chosen, itself


@cache
def load() -> Table:
    """The table shipped with this package.

    Raises:
        TableError: It is not a valid table.
    """
    # Only who asks for an estimate pays for these.
    import tomllib  # noqa: PLC0415
    from importlib import resources  # noqa: PLC0415

    text = resources.files(__package__).joinpath(TABLE).read_text("utf-8")
    return parse(tomllib.loads(text))


def parse(document: dict[str, Any]) -> Table:
    """The table in a parsed TOML document.

    Raises:
        TableError: A row is malformed.
    """
    rows = tuple(_row(entry) for entry in document["item"])
    return Table(rows, _row({"of": "unknown", **document["unknown"]}))


def _row(entry: dict[str, Any]) -> Row:
    """One row.

    Raises:
        TableError: It is malformed.
    """
    name = entry.get("name", "a row without a name")
    if missing := sorted(_NEEDED - entry.keys()):
        raise TableError(f"{name}: lacks {', '.join(missing)}")
    if extra := sorted(entry.keys() - _KEYS):
        raise TableError(f"{name}: {', '.join(extra)} means nothing here")
    most = next(iter(entry.get("most", {}).items()), None)
    if most is not None and most[0] not in SIZES:
        raise TableError(f"{name}: {most[0]} is not a size")
    return Row(
        name=name,
        of=entry["of"],
        when={fact: tuple(values) for fact, values in entry.get("when", {}).items()},
        charged=Charged(entry["charged"]),
        costs={unit: _cost(name, unit, figures) for unit, figures in entry["cost"].items()},
        most=most,
        beside=entry.get("beside", False),
        source=entry["source"],
        note=entry.get("note", ""),
    )


def _cost(name: str, unit: str, figures: list[int]) -> Cost:
    """The figures for one unit.

    Raises:
        TableError: The unit is unknown, or the figures are not three that rise.
    """
    if unit not in COUNTS and unit not in SIZES:
        raise TableError(f"{name}: {unit} is not a unit")
    cost = Cost(*figures)
    if not 0 <= cost.idle <= cost.expected <= cost.worst:
        raise TableError(f"{name}: the figures for {unit} don't rise: {figures}")
    return cost
