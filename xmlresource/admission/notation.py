"""How amounts of what a decision is about are written."""

from collections.abc import Callable
from typing import Final

from xmlresource.promises.promise import Promise
from xmlresource.record import record
from xmlresource.units import approximate, format_amount


@record
class Notation:
    """The way in which amounts of memory, of CPU time, or of what a disk can do, are written.

    Attributes:
        short: An amount for people, as short as possible.
        exact: The same, exact.
        term: The same in a sum on one line.
        plain: The same in a log, for programs.
        cell: The same in a column, exact.
        promised: What a promise takes.
        suffix: What the names of amounts in a log end with.
        whole: Of what a guarantee is a part, as a message says it: ``" of vda"``.
    """

    short: Callable[[int], str]
    exact: Callable[[int], str]
    term: Callable[[int], str]
    plain: Callable[[int], str]
    cell: Callable[[int], str]
    promised: Callable[[Promise], int]
    suffix: str = ""
    whole: str = ""


MEMORY: Final = Notation(
    short=approximate,
    exact=format_amount,
    term=lambda size: approximate(size) if size else "0",
    plain=str,
    cell=lambda size: f"{size:,}",
    promised=lambda promise: promise.committed,
)
