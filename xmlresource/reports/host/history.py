"""The history as text and as JSON."""

from collections.abc import Mapping
from typing import Any, Final

from xmlresource.model.events import ADMITTED, RELEASED
from xmlresource.operations.administration.history import History
from xmlresource.printable import one_line, printable
from xmlresource.reports.layout.tables import aligned, mebibytes
from xmlresource.reports.layout.times import local_time
from xmlresource.tunables import PRIORITY

_NAME: Final = 20
_KIND: Final = 12
_HEAD: Final = ("time", "event", "guest", "MiB", "what")
_SIZE_COLUMN: Final = 3
_SIZES: Final = ("guarantee", "asked", "taken", "after", "balloon")
"""The keys of which a record's size is the first that it has."""


def as_text(history: History) -> str:
    """A table with a line a record: local time, event, guest, its size, what there is to say."""
    lines = ["nothing is recorded"]
    if history.records:
        lines = list(aligned([_HEAD, *map(_row, history.records)], {_SIZE_COLUMN}))
    if history.skipped:
        lines.append(f"({history.skipped} lines can't be read: torn by a crash, or not ours)")
    return "\n".join(lines) + "\n"


def as_json(history: History) -> dict[str, Any]:
    """The shape of ``history --json``, version 1."""
    return {"version": 1, "records": list(history.records), "skipped": history.skipped}


def _row(record: Mapping[str, Any]) -> tuple[str, ...]:
    sizes = (record.get(key) for key in _SIZES)
    size = next((each for each in sizes if isinstance(each, int)), None)
    return (
        local_time(record["time"]),
        printable(record["event"], _KIND),
        _text(record.get("guest")),
        "-" if size is None else mebibytes(size),
        _what(record),
    )


def _what(record: Mapping[str, Any]) -> str:
    """The message without what the columns before it say."""
    if record["event"] in {ADMITTED, RELEASED}:
        return f"priority {record[PRIORITY]}" if isinstance(record.get(PRIORITY), int) else ""
    message = one_line(str(record.get("message", "")))
    guest = record.get("guest")
    if isinstance(guest, str):
        message = message.removeprefix(f"guest '{printable(guest)}'").lstrip(": ")
    return message.removeprefix(f"{record['event']}: ")


def _text(value: object) -> str:
    return printable(value, _NAME) if isinstance(value, str) else "-"
