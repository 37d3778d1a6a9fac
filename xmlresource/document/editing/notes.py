"""What an edit could not do as asked: data for whoever tells a person.

A form may lack a tunable, libvirt's QEMU driver refuses ``min_guarantee`` in ``<memtune>``, and
"unlimited" is written as an element in ``<memtune>`` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from xmlresource.model.domain import QEMU_TYPES
from xmlresource.tunables import BY_NAME, PRIORITY, Form, Kind, Tunable
from xmlresource.units import UNLIMITED, Amount

UNLIMITED_REASON: Final = "only <memtune> writes 'unlimited'; elsewhere no element means no limit"


class Remark(Enum):
    """What became of a tunable that can't be said as asked."""

    KEPT_IN_METADATA = "kept in metadata"
    LEFT_OUT = "left out"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Note:
    """One tunable that is not where, or not as, it was asked for.

    Attributes:
        tunable: Its name.
        remark: What became of it.
        reason: Why, one sentence without the final stop.
    """

    tunable: str
    remark: Remark
    reason: str


NO_PRIORITY: Final = Note(PRIORITY, Remark.DROPPED, f"<memtune> has no {PRIORITY}")


def why_not(tunable: Tunable, form: Form, domain_type: str | None) -> str | None:
    """Why ``form`` can't hold a tunable; ``None`` where it can."""
    if form is not Form.MEMTUNE:
        return None
    if tunable.memtune_element is None:
        return f"<memtune> has no {tunable.name}"
    if tunable.kind is Kind.GUARANTEE and domain_type in QEMU_TYPES:
        return f"libvirt's QEMU driver refuses {tunable.name} in <memtune>"
    return None


def unsayable(amounts: Mapping[str, Amount], form: Form) -> tuple[Note, ...]:
    """What a bare fragment of ``form`` can't say of ``amounts``."""
    notes = []
    for name, amount in amounts.items():
        reason = why_not(BY_NAME[name], form, None)
        if reason is not None:
            notes.append(Note(name, Remark.DROPPED, reason))
        elif amount is UNLIMITED and form is not Form.MEMTUNE:
            notes.append(Note(name, Remark.LEFT_OUT, UNLIMITED_REASON))
    return tuple(notes)
