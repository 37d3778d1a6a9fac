"""The table of items (``items.toml``): what each part of a guest costs, as data.

The file is read once, when the first estimate is asked for, and checked while it is read: a row
that can't be understood is a fault of this package, not of a user's document.
"""

from functools import cache
from typing import Any, Final

from xmlresource.overhead.costs import NOTHING, Charged, Cost
from xmlresource.overhead.subjects import COUNTS, MIB, SIZES, Subject, fits
from xmlresource.record import record

TABLE: Final = "items.toml"
"""The file's name, beside this module."""

_KEYS: Final = frozenset(
    {"name", "of", "when", "charged", "cost", "most", "beside", "source", "note"}
)
_NEEDED: Final = frozenset({"name", "of", "charged", "cost", "source"})


class TableError(Exception):
    """The table has a row that makes no sense."""


@record
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
        """The number of units that the row counts in ``subject``."""
        unit = next(iter(self.costs)) if len(self.costs) == 1 else "one"
        return subject.units.get(unit, 0) if unit in COUNTS else 1

    def cost_of(self, subject: Subject) -> Cost:
        """The cost of ``subject`` by this row."""
        total = NOTHING
        for unit, cost in self.costs.items():
            number, per = subject.units.get(unit, 0), MIB if unit in SIZES else 1
            total += cost.times(number, per, subject.at_worst.get(unit, number))
        if self.most is not None:
            size, share = self.most
            total = total.at_most(subject.units.get(size, 0) * share // MIB)
        return total


@record
class ItemTable:
    """The rows, in order, and the one for devices that have none.

    Attributes:
        rows: All rows.
        unknown: The row for devices that have none.
        by_kind: The rows about each kind of subject.
    """

    rows: tuple[Row, ...]
    unknown: Row
    by_kind: dict[str, list[Row]]

    def rows_for(self, subject: Subject) -> tuple[list[Row], bool]:
        """The rows that apply to ``subject``, and whether one stands for the subject itself.

        Of the rows for the subject itself the first that matches counts; every matching row that
        comes beside it counts too.
        """
        chosen: list[Row] = []
        itself = False
        for row in self.by_kind.get(subject.kind, ()):
            if (row.beside or not itself) and row.matches(subject):
                chosen.append(row)
                itself = itself or not row.beside
        if not itself:
            chosen.insert(0, self.unknown)
        return chosen, itself


@cache
def load() -> ItemTable:
    """The table shipped with this package.

    Raises:
        TableError: It is not a valid table.
    """
    # Only who asks for an estimate pays for these, and importlib.resources would cost more than all
    # the rest.
    import tomllib  # noqa: PLC0415
    from pkgutil import get_data  # noqa: PLC0415

    return parse(tomllib.loads((get_data(__package__, TABLE) or b"").decode()))


def parse(document: dict[str, Any]) -> ItemTable:
    """The table in a parsed TOML document.

    Raises:
        TableError: A row is malformed.
    """
    rows = tuple(_row(entry) for entry in document["item"])
    by_kind: dict[str, list[Row]] = {}
    for row in rows:
        by_kind.setdefault(row.of, []).append(row)
    return ItemTable(rows, _row({"of": "unknown", **document["unknown"]}), by_kind)


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
