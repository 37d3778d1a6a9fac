"""Words for messages: names, and lists of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.names import WILDCARD, local
from xmlresource.relaxng.xsd.blanks import BLANKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: A message is cut off here; lists in it are kept short so that it rarely is.
MAX_MESSAGE = 200
_MAX_LIST = 70
#: A name of a document is cut off here.
_MAX_NAME = 48
_MAX_VALUE = 40


def clip(text: str, length: int = MAX_MESSAGE) -> str:
    """Return the text, cut off where it is longer than that, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def short(name: str) -> str:
    """Return a name of a document, cut off where it is longer than any that is meant."""
    return clip(name, _MAX_NAME)


def tags(names: Iterable[str], spell: Callable[[str], str] = local) -> str:
    """Return elements' names as ``<a>, <b> and 3 more``."""
    return listed([f"<{short(spell(name))}>" for name in sorted(names) if name != WILDCARD])


def quoted(names: Iterable[str]) -> str:
    """Return attributes' names as ``'a', 'b' and 3 more``."""
    return listed([f"'{short(local(name))}'" for name in sorted(names) if name != WILDCARD])


def listed(items: Sequence[str], length: int = _MAX_LIST, last: str = ",") -> str:
    """Return as many items as fit, and how many more there are."""
    shown: list[str] = []
    for item in items:
        if shown and sum(map(len, shown)) + 2 * len(shown) + len(item) > length:
            return f"{', '.join(shown)} and {len(items) - len(shown)} more"
        shown.append(item)
    if last == "or" and len(shown) > 1:
        return f"{', '.join(shown[:-1])} or {shown[-1]}"
    return ", ".join(shown)


def surrounded(value: str, what: str) -> str:
    """Return what is wrong with a value that would be right without the blanks around it."""
    inner = value.strip(BLANKS)
    where = "around" if value[:1] in BLANKS and value[-1:] in BLANKS else (
        "before" if value[:1] in BLANKS else "after")  # fmt: skip
    return f"the blanks {where} '{clip(inner, _MAX_VALUE)}' in {what} are not allowed"
