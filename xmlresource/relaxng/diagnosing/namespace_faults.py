"""An element that would be right in another namespace: with another prefix, with one, or without.

Its children were written with the same slip in mind, so what it stands for is noted where the
namespace was declared, and their names are read accordingly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.names import local
from xmlresource.relaxng.diagnosing.wording import short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xmlresource.relaxng.diagnosing.finding_list import Finding
    from xmlresource.relaxng.diagnosing.frame import Frame
    from xmlresource.relaxng.diagnosing.vernacular import Words


def uri_of(name: str) -> str:
    """Return the namespace of a name; nothing for none."""
    return name.rpartition(" ")[0]


def of_this_kind(names: Iterable[str], frame: Frame, words: Words) -> set[str]:
    """Return the names without those that are extensions of another kind of document."""
    own = _dialect(frame, words)
    foreign = set(words.dialects.values()) - {own} if own else set()
    return {name for name in names if uri_of(name) not in foreign}


def meant(names: Iterable[str], parent: Frame, child: Frame, words: Words) -> str | None:
    """Return the allowed name that is the child's but for the namespace; None without a doubt."""
    here, word = uri_of(child.name), local(child.name)
    alike = sorted(name for name in names if local(name) == word and uri_of(name) != here)
    if len(alike) < 2:  # noqa: PLR2004  # one, or none
        return alike[0] if alike else None
    own = _dialect(parent, words)
    prefix = child.tag.raw.rpartition(":")[0]
    for name in alike:
        uri = uri_of(name)
        if uri == own or (prefix and words.prefixes.get(uri) == prefix):
            return name
    declared = [name for name in alike if parent.prefix_of(uri_of(name)) is not None]
    return declared[0] if len(declared) == 1 else None


def explain(finding: Finding, name: str, parent: Frame, child: Frame, words: Words) -> None:
    """Say which namespace is the right one, and read what is in the element accordingly."""
    here, there = uri_of(child.name), uri_of(name)
    spelling = child.spell(name)
    if here:
        finding.problem += f": its namespace is '{short(here)}'"
        _note(child, here, there)
        prefix = child.tag.raw.rpartition(":")[0]
        declaration = f"xmlns:{prefix}" if prefix else "xmlns"
        if there:
            finding.hint = f"declare {declaration}='{there}'"
        elif prefix:
            finding.hint = f"write <{local(name)}>, without a prefix"
        else:
            finding.hint = f"remove {declaration}='{short(here)}'"
        return
    child.renamed[here] = there
    if spelling is not None:
        finding.suggestion = spelling
        finding.hint = f"did you mean <{spelling}>?"
        return
    shown = parent.spelt(name, words)
    prefix = shown.rpartition(":")[0] or "x"
    root = _root(parent)
    finding.hint = (
        f"write <{prefix}:{local(name)}>, with xmlns:{prefix}='{there}' on <{root.label}>"
    )


def _note(child: Frame, here: str, there: str) -> None:
    """Have the namespace read as the other one wherever its declaration counts."""
    frame: Frame | None = child
    while frame is not None:
        if any(uri == here for _, uri in frame.tag.prefixes):
            frame.renamed[here] = there
            return
        frame = frame.parent
    child.renamed[here] = there


def _root(frame: Frame) -> Frame:
    while frame.parent is not None and frame.parent.name:
        frame = frame.parent
    return frame


def _dialect(frame: Frame, words: Words) -> str | None:
    kinds = [value for name, value in _root(frame).attributes if name == "type"]
    return words.dialects.get(kinds[0]) if kinds else None
