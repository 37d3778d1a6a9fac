"""``auto``: what is recommended for a guest, put in place of a size."""

from collections.abc import Mapping
from typing import TypeVar

from xmlresource.document import Document
from xmlresource.document.editing import EditError
from xmlresource.document.editing.edit_plan import places_of
from xmlresource.formats.assignments import Auto
from xmlresource.overhead import estimate
from xmlresource.tunables import BY_NAME, Form

_Known = TypeVar("_Known")

_CURE = "write a size, such as 4GiB"


def resolved(
    document: Document, amounts: Mapping[str, _Known | Auto], form: Form | None = None
) -> dict[str, _Known | int]:
    """The amounts with each ``AUTO`` replaced by what is recommended for the document's guest.

    Args:
        document: The document.
        amounts: The amounts by tunable.
        form: Where new ones are to go, as for ``assign``. In ``<memtune>`` a hard limit also bounds
            locked memory, so that it may have to be more.

    Raises:
        EditError: There is an ``AUTO``, and nothing can be recommended.
    """
    return {
        name: _recommended(document, name, form) if isinstance(amount, Auto) else amount
        for name, amount in amounts.items()
    }


def without_auto(amounts: Mapping[str, _Known | Auto]) -> dict[str, _Known]:
    """The amounts, where there is no guest to recommend something for.

    Raises:
        EditError: There is an ``AUTO``.
    """
    known = {name: each for name, each in amounts.items() if not isinstance(each, Auto)}
    for name in amounts.keys() - known.keys():
        raise EditError(_no_guest(name, "a fragment tells nothing of the guest"))
    return known


def _recommended(document: Document, name: str, form: Form | None) -> int:
    """The size that is recommended for a tunable.

    Raises:
        EditError: Nothing can be.
    """
    if document.domain is None:
        raise EditError(_no_guest(name, f"<{document.root.name}> tells nothing of the guest"))
    overhead = estimate(document.domain)
    memtune = Form.MEMTUNE in places_of(document, BY_NAME["hard_limit"], form)
    sizes = {
        "hard_limit": overhead.hard_limit_for(memtune=memtune),
        "min_guarantee": overhead.min_guarantee,
    }
    if name not in sizes:
        raise EditError(f"{name}=auto: nothing is recommended for it; {_CURE}")
    size = sizes[name]
    if size is None:
        raise EditError(f"{name}=auto: the domain gives no memory that can be read; {_CURE}")
    if not overhead.items:
        raise EditError(f"{name}=auto: {overhead.notes[0]}; {_CURE}")
    return size


def _no_guest(name: str, reason: str) -> str:
    return f"{name}=auto: {reason}; give the whole <domain>, or {_CURE}"
