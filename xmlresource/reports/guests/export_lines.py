"""What an export made of each tunable, a line each."""

from xmlresource.interchange.outcomes import Fate, value_text
from xmlresource.interchange.writers.exported import Exported, ExportedValue
from xmlresource.printable import one_line


def as_text(exported: Exported, path: str) -> str:
    """A line for each tunable that is set; one that says so where none is."""
    lines = [f"{path}: {_line(one)}" for one in exported.values]
    return "".join(f"{one_line(line)}\n" for line in lines or [f"{path}: no tunables"])


def _line(one: ExportedValue) -> str:
    what = f"{one.tunable} {value_text(one.tunable, one.amount)}"
    if one.fate is Fate.DROPPED:
        return f"{what}: dropped: {one.reason}"
    said = ", ".join(part for part in (one.fate.value, one.written) if part)
    return f"{what}: {said}{f': {one.reason}' if one.reason else ''}"
