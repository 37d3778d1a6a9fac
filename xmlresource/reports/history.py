"""The history as text and as JSON."""

import time
from typing import Any

from xmlresource.operations.history import History
from xmlresource.printable import one_line, printable

_NAME = 20


def as_text(history: History) -> str:
    """A line a record: local time, event, guest, message."""
    lines = [
        f"{_when(each['time'])}  {printable(each['event'], 12):<12} "
        f"{_text(each.get('guest')):<{_NAME}}  {one_line(str(each.get('message', '')))}"
        for each in history.records
    ]
    if not lines:
        lines = ["nothing is recorded"]
    if history.skipped:
        lines.append(f"({history.skipped} lines can't be read: torn by a crash, or not ours)")
    return "\n".join(lines) + "\n"


def as_json(history: History) -> dict[str, Any]:
    """The shape of ``history --json``, version 1."""
    return {"version": 1, "records": list(history.records), "skipped": history.skipped}


def _when(seconds: int) -> str:
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))
    except (OverflowError, OSError, ValueError):
        return f"{seconds} s"


def _text(value: object) -> str:
    return printable(value, _NAME) if isinstance(value, str) else "-"
