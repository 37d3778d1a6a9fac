"""What an import made of its sources: a line for each value, and JSON."""

from typing import Any, Final

from xmlresource.interchange.allocation import SourceGuest
from xmlresource.interchange.outcomes import Fate, ValueOutcome, value_text
from xmlresource.operations.transfer.policy_import import Imported, ImportedAll
from xmlresource.printable import one_line
from xmlresource.reports.findings import diagnostics
from xmlresource.reports.layout.tables import short
from xmlresource.units import Amount, Unlimited, approximate

_CELL: Final = 36


def as_text(imported: Imported) -> str:
    """A line for each value of the source, in its order, and the notes."""
    found = imported.mapped
    lines = [_headline(found.guest)]
    lines += [_line(found.guest, one) for one in found.outcomes]
    if not found.outcomes:
        lines.append("  it says nothing of reservations, limits or shares")
    lines += [f"  note: {note}" for note in found.notes]
    return "".join(f"{one_line(line)}\n" for line in lines)


def as_json(imported: ImportedAll) -> dict[str, Any]:
    """The shape of ``import --json``, version 1."""
    return {
        "version": 1,
        "guests": [_guest_object(one) for one in imported.guests],
        "skipped": imported.skipped,
        "diagnostics": diagnostics.as_list(imported.faults),
    }


def _headline(guest: SourceGuest) -> str:
    name = f"'{short(guest.name, _CELL)}'" if guest.name else "(no name)"
    ram = "unknown RAM" if guest.ram is None else f"{approximate(guest.ram)} of RAM"
    vcpus = (
        "" if guest.processor.quantity is None else f", {diagnostics.counted(guest.vcpus, 'vCPU')}"
    )
    return f"{guest.path}: {guest.product}, guest {name}, {ram}{vcpus}"


def _line(guest: SourceGuest, one: ValueOutcome) -> str:
    place = f"{guest.path}:{one.line}:"
    what = f"{one.name} {short(one.written, _CELL)}".rstrip()
    if one.fate is Fate.DROPPED:
        return f"  {place} {what}: dropped: {one.reason}"
    reason = f": {one.reason}" if one.reason else ""
    return f"  {place} {what}: {one.fate.value}, {one.target} {one.value}{reason}"


def _guest_object(imported: Imported) -> dict[str, Any]:
    found = imported.mapped
    edited, generated = imported.edited, imported.generated
    return {
        "name": found.guest.name,
        "format": found.guest.product,
        "path": found.guest.path,
        "ram": found.guest.ram,
        "vcpus": found.guest.vcpus,
        "values": [_value_object(one) for one in found.outcomes],
        "tunables": {name: _plain_amount(amount) for name, amount in found.targets.items()},
        "notes": list(found.notes),
        "into": None if edited is None else edited.path,
        "xml": None if generated is None else generated.text,
    }


def _value_object(one: ValueOutcome) -> dict[str, Any]:
    return {
        "name": one.name,
        "written": one.written,
        "line": one.line,
        "outcome": one.fate.value,
        "tunable": one.target,
        "amount": None if one.amount is None else _plain_amount(one.amount),
        "text": value_text(one.target, one.amount) if one.target and one.amount else None,
        "reason": one.reason,
        "lost": one.is_loss,
    }


def _plain_amount(amount: Amount) -> int | str:
    return amount.value if isinstance(amount, Unlimited) else amount
