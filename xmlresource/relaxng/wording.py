"""Words for messages: lists of names, and what a value should have been."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xmlresource.relaxng.analysis import atoms
from xmlresource.relaxng.compiler import Data, Value
from xmlresource.relaxng.names import WILDCARD, local
from xmlresource.relaxng.patterns import DATA, LIST, TEXT, VALUE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xmlresource.relaxng.patterns import Pattern

#: A message is cut off here; lists in it are kept short so that it rarely is.
MAX_MESSAGE = 200
_MAX_LIST = 70
_MAX_PATTERN = 40
# Alternatives of plain words only, in parentheses all together or each.
_ENUMERATION = re.compile(r"\([\w-]+(\|[\w-]+)+\)|\([\w-]+\)(\|\([\w-]+\))+|[\w-]+(\|[\w-]+)+")


def clip(text: str, length: int = MAX_MESSAGE) -> str:
    """Return the text, cut off where it is longer than that, on one line."""
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def tags(names: Iterable[str]) -> str:
    """Return elements' names as ``<a>, <b> and 3 more``."""
    return listed([f"<{local(name)}>" for name in sorted(names) if name != WILDCARD])


def quoted(names: Iterable[str]) -> str:
    """Return attributes' names as ``'a', 'b' and 3 more``."""
    return listed([f"'{local(name)}'" for name in sorted(names) if name != WILDCARD])


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


def values(patterns: Iterable[Pattern]) -> list[str]:
    """Return the strings that are allowed one by one, by value or by a plain expression."""
    found: dict[str, None] = {}
    for atom in [pattern.atom for pattern in atoms(patterns) if pattern.kind in (VALUE, DATA)]:
        if isinstance(atom, Value):
            found[atom.text] = None
        elif isinstance(atom, Data):
            found.update(dict.fromkeys(_alternatives(atom)))
    return list(found)


def _alternatives(data: Data) -> list[str]:
    """Return the words of a datatype that is an enumeration written as ``(one|two)``."""
    match data.datatype.params:
        case (("pattern", pattern),) if _ENUMERATION.fullmatch(pattern):
            return pattern.replace("(", "").replace(")", "").split("|")
        case _:
            return []


def expectation(patterns: Iterable[Pattern]) -> str:
    """Return what is expected of a value, in words."""
    found = atoms(patterns)
    parts = []
    if literals := values(patterns):
        words = listed([f"'{literal}'" for literal in literals])
        parts.append(words if len(literals) == 1 else f"one of {words}")
    types = [atom.atom for atom in found if atom.kind == DATA]
    described = (_datatype(d) for d in types if isinstance(d, Data) and not _alternatives(d))
    parts += [clip(text, _MAX_LIST) for text in dict.fromkeys(described)][:2]
    if any(atom.kind == LIST for atom in found):
        lists = [atom.parts[0] for atom in found if atom.kind == LIST]
        parts.append(f"a list of {expectation(lists)}")
    if any(atom.kind == TEXT for atom in found):
        parts.append("text")
    return " or ".join(parts) or "nothing"


def _datatype(data: Data) -> str:
    facets = dict(data.datatype.params)
    words = data.datatype.name
    if "minInclusive" in facets and "maxInclusive" in facets:
        words += f" from {facets['minInclusive']} to {facets['maxInclusive']}"
    elif "minInclusive" in facets:
        words += f" from {facets['minInclusive']}"
    elif "maxInclusive" in facets:
        words += f" up to {facets['maxInclusive']}"
    pattern = facets.get("pattern", "").strip()
    if pattern and (len(pattern) <= _MAX_PATTERN or not data.label):
        words = f"{words} matching {clip(pattern, _MAX_PATTERN)}"
    return f"{data.label} ({words})" if data.label else words


def is_enumerated(patterns: Iterable[Pattern]) -> bool:
    """Tell whether nothing but certain strings is allowed."""
    found = atoms(patterns)
    return bool(found) and all(atom.kind == VALUE for atom in found)
