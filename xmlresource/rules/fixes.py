"""Edits that mend a fault without a doubt of what was meant.

Only what a reader would change without asking: a known name misspelt a little, the proposal's
spelling, blanks and a unit beside a number. Each leaves all else as it stands.
"""

import re
from typing import Final

from xmlresource.diagnostics import Edit
from xmlresource.document.tree import Element
from xmlresource.units import SizeError, unit_factor

# How alike two names have to be, and how much less alike the next one.
_SURE: Final = 0.8
_APART: Final = 0.1
_BLANKS: Final = " \t\r\n"
_WITH_UNIT: Final = r"([0-9]+)[ \t\r\n]*([A-Za-z]+)"

# IEC's names have one meaning; "megabytes" has two.
_UNITS: Final = {
    name: unit
    for prefix, unit in (
        ("kibi", "KiB"),
        ("mebi", "MiB"),
        ("gibi", "GiB"),
        ("tebi", "TiB"),
        ("pebi", "PiB"),
        ("exbi", "EiB"),
    )
    for name in (f"{prefix}byte", f"{prefix}bytes", f"{unit.lower()}s", f"{unit.lower()}yte")
}


def renamed(element: Element, local: str) -> tuple[Edit, ...]:
    """The element's name, in its start tag and its end tag, with the prefix it has."""
    written = element.tag.name.encode()
    prefix, colon, _ = element.tag.name.rpartition(":")
    name = f"{prefix}{colon}{local}"
    start = element.start + 1
    edits = [Edit(start, start + len(written), name)]
    if not element.tag.empty:
        closing = element.content_end + len("</")
        edits.append(Edit(closing, closing + len(written), name))
    return tuple(edits)


def meant(name: str, known: list[str]) -> str | None:
    """The one of ``known`` that ``name`` must be; ``None`` where it could be none, or two."""
    # Only a faulty document pays for the import.
    from difflib import SequenceMatcher  # noqa: PLC0415

    ranked = sorted(
        ((SequenceMatcher(None, name.lower(), one.lower()).ratio(), one) for one in known),
        reverse=True,
    )
    best, second = ranked[0], (*ranked, (0.0, ""))[1]
    return best[1] if best[0] >= _SURE and best[0] - second[0] >= _APART else None


def attribute_renamed(element: Element, name: str, to: str) -> tuple[Edit, ...]:
    """The name of an attribute; nothing where the element has the right one too."""
    if to in element.attributes:
        return ()
    attribute = element.written_attribute(name)
    return (Edit(attribute.name_start, attribute.name_end, to),)


def value_mended(element: Element) -> tuple[Edit, ...]:
    """A number without blanks around it, its unit in the attribute."""
    content = element.source.text[element.content_start : element.content_end]
    text = content.decode("utf-8", "replace").strip(_BLANKS)
    whole = (element.content_start, element.content_end)
    if text.isascii() and text.isdigit():
        return (Edit(*whole, text),)
    match = re.fullmatch(_WITH_UNIT, text)
    if match is None or "unit" in element.attributes or not _is_unit(match[2]):
        return ()
    after_name = element.start + 1 + len(element.tag.name.encode())
    return (Edit(after_name, after_name, f" unit='{match[2]}'"), Edit(*whole, match[1]))


def unit_mended(element: Element) -> tuple[Edit, ...]:
    """The unit without blanks around it, or as libvirt spells it."""
    attribute = element.written_attribute("unit")
    written = element.attributes["unit"].strip(_BLANKS)
    unit = written if _is_unit(written) and written else _UNITS.get(written.lower())
    return () if unit is None else (Edit(attribute.value_start, attribute.value_end, unit),)


def _is_unit(unit: str) -> bool:
    try:
        unit_factor(unit)
    except SizeError:
        return False
    return True
