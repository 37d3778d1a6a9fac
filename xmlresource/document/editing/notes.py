"""Notes on what an edit could not do as asked, as data.

A form may lack a tunable, libvirt's QEMU driver refuses ``min_guarantee`` in ``<memtune>``, and
"unlimited" is written as an element in ``<memtune>`` only.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Final

from xmlresource.formats.quantity_names import QuantityName
from xmlresource.model.domain import QEMU_TYPES
from xmlresource.record import record
from xmlresource.tunables import BY_NAME, Form, Kind, Tunable
from xmlresource.units import UNLIMITED, Amount

UNLIMITED_REASON: Final = "only <memtune> writes 'unlimited'; elsewhere no element means no limit"

NO_ELEMENT: Final = "no element means no limit"


class Remark(Enum):
    """The fate of a tunable that a form can't express as asked."""

    KEPT_IN_METADATA = "kept in metadata"
    LEFT_OUT = "left out"
    DROPPED = "dropped"


@record
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


def without_attribute(name: str) -> Note:
    """The note that an attribute of ``<memory>`` has no place in memtune."""
    return Note(name, Remark.DROPPED, f"<memtune> has no {name}")


def why_not(tunable: Tunable, form: Form, domain_type: str | None) -> str | None:
    """The reason why ``form`` can't hold a tunable; ``None`` where it can."""
    if form is not Form.MEMTUNE:
        return None
    if tunable.memtune_element is None:
        return f"<memtune> has no {tunable.name}"
    if tunable.kind is Kind.GUARANTEE and domain_type in QEMU_TYPES:
        return f"libvirt's QEMU driver refuses {tunable.name} in <memtune>"
    return None


def no_such_quantity(name: QuantityName, remark: Remark) -> Note:
    """The note on a quantity of CPU time or IO that is to go into ``<memtune>``."""
    return Note(str(name), remark, f"<memtune> has no {name.tunable.key}")


def unsayable_quantities(amounts: Mapping[QuantityName, Amount], form: Form) -> tuple[Note, ...]:
    """Notes on the quantities of CPU time and IO that a bare fragment of ``form`` can't express."""
    if form is Form.MEMTUNE:
        return tuple(no_such_quantity(name, Remark.DROPPED) for name in amounts)
    unlimited = [name for name, amount in amounts.items() if amount is UNLIMITED]
    return tuple(Note(str(name), Remark.LEFT_OUT, NO_ELEMENT) for name in unlimited)


def unsayable(amounts: Mapping[str, Amount], form: Form) -> tuple[Note, ...]:
    """Notes on the amounts that a bare fragment of ``form`` can't express."""
    notes = []
    for name, amount in amounts.items():
        reason = why_not(BY_NAME[name], form, None)
        if reason is not None:
            notes.append(Note(name, Remark.DROPPED, reason))
        elif amount is UNLIMITED and form is not Form.MEMTUNE:
            notes.append(Note(name, Remark.LEFT_OUT, UNLIMITED_REASON))
    return tuple(notes)
