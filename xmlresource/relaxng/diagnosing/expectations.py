"""Expected values, told in words and by an example.

Everything is listed in an order of its own: that of the patterns depends on the documents that were
read before.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xmlresource.relaxng.core.analysis import atoms
from xmlresource.relaxng.core.patterns import DATA, LIST, TEXT, VALUE
from xmlresource.relaxng.diagnosing.wording import clip, listed
from xmlresource.relaxng.loading.compiler import Data, Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xmlresource.relaxng.core.patterns import Pattern
    from xmlresource.relaxng.diagnosing.vernacular import Words

_MAX_WORDS = 80
_MAX_PATTERN = 40
_MOST_TYPES = 2
# Alternatives of plain words only, in parentheses all together or each.
_ENUMERATION = re.compile(r"\([\w-]+(\|[\w-]+)+\)|\([\w-]+\)(\|\([\w-]+\))+|[\w-]+(\|[\w-]+)+")
_BOUNDS = ("minInclusive", "maxInclusive")

_PLAIN = {
    "string": "text",
    "normalizedString": "text",
    "token": "text",
    "boolean": "true or false",
    "decimal": "a number",
    "float": "a number",
    "double": "a number",
    "dateTime": "a date and time, such as 2024-05-01T12:00:00",
    "date": "a date, such as 2024-05-01",
    "anyURI": "a URI",
    "NCName": "a name: letters, digits, '.', '-' and '_'",
    "NMTOKEN": "a name: letters, digits, '.', '-', '_' and ':'",
    **dict.fromkeys(("integer", "long", "int", "short", "byte"), "a whole number"),
    "positiveInteger": "a whole number, 1 or more",
    **dict.fromkeys(("nonNegativeInteger", "unsignedLong", "unsignedInt", "unsignedShort",
                     "unsignedByte"), "a whole number, 0 or more"),
}  # fmt: skip
"""The datatypes of XML Schema without facets; for any other its own name stands."""


def values(patterns: Iterable[Pattern]) -> list[str]:
    """Return the strings that are allowed one by one, by value or by a plain expression."""
    found = atoms(patterns)
    texts = [atom.atom for atom in found if atom.kind == VALUE]
    literals = {value.text for value in texts if isinstance(value, Value)}
    words = [word for data in _datas(found) for word in _alternatives(data)]
    return list(dict.fromkeys([*words, *sorted(literals, key=_natural)]))


def expectation(patterns: Iterable[Pattern], words: Words) -> str:
    """Return what is expected of a value, in words."""
    found = atoms(patterns)
    parts = []
    if literals := values(found):
        several = listed([f"'{literal}'" for literal in literals])
        parts.append(several if len(literals) == 1 else f"one of {several}")
    described = [_in_words(data, words) for data in _datas(found) if not _alternatives(data)]
    parts += [clip(text, _MAX_WORDS) for text in dict.fromkeys(described)][:_MOST_TYPES]
    if lists := [atom.parts[0] for atom in found if atom.kind == LIST]:
        parts.append(f"a list of {expectation(lists, words)}")
    if any(atom.kind == TEXT for atom in found) and "text" not in parts:
        parts.append("text")
    return " or ".join(parts) or "nothing"


def example(patterns: Iterable[Pattern], words: Words) -> str | None:
    """Return a value that is allowed, where that is of a kind that has a name."""
    known = (words.datatypes.get(data.label) for data in _datas(atoms(patterns)))
    return next((described.example for described in known if described is not None), None)


def is_enumerated(patterns: Iterable[Pattern]) -> bool:
    """Tell whether nothing but certain strings is allowed."""
    found = atoms(patterns)
    return bool(found) and all(atom.kind == VALUE for atom in found)


def _datas(found: list[Pattern]) -> list[Data]:
    datas = [one.atom for one in found if one.kind == DATA and isinstance(one.atom, Data)]
    return sorted(datas, key=lambda data: (data.label, data.datatype.name, data.datatype.params))


def _natural(text: str) -> tuple[bool, int, str]:
    """Numbers by size, before words."""
    return (False, int(text), "") if text.isdecimal() else (True, 0, text)


def _alternatives(data: Data) -> list[str]:
    """Return the words of a datatype that is an enumeration written as ``(one|two)``."""
    match data.datatype.params:
        case (("pattern", pattern),) if _ENUMERATION.fullmatch(pattern):
            return pattern.replace("(", "").replace(")", "").split("|")
        case _:
            return []


def _in_words(data: Data, words: Words) -> str:
    described = words.datatypes.get(data.label)
    if described is not None:
        return described.what
    facets = dict(data.datatype.params)
    plain = _PLAIN.get(data.datatype.name, f"a value of type {data.datatype.name}")
    least, most = (facets.get(bound) for bound in _BOUNDS)
    if least is not None or most is not None:
        plain = f"{plain.partition(',')[0]}{_range(least, most)}"
    pattern = facets.get("pattern", "").strip()
    if not pattern or (plain != "text" and pattern in ("[0-9]+", r"\d+")):
        return plain
    return f"{plain} matching {clip(pattern, _MAX_PATTERN)}"


def _range(least: str | None, most: str | None) -> str:
    if most is None:
        return f", {least} or more"
    return f" up to {most}" if least is None else f" from {least} to {most}"
