"""Derivatives: what a pattern becomes when a piece of a document is read (J. Clark, 2002).

"An algorithm for RELAX NG validation" with one difference: the derivative by a start tag keeps the
content of the child apart from what follows in its parent, instead of chaining the two. So the
content of an element is the same pattern wherever the element stands.
"""

from __future__ import annotations

from operator import attrgetter

from xmlresource.relaxng.core.names import WILDCARD, contains
from xmlresource.relaxng.core.patterns import (
    AFTER,
    ATTRIBUTE,
    CHOICE,
    DATA,
    ELEMENT,
    GROUP,
    INTERLEAVE,
    LIST,
    NOT_ALLOWED,
    ONE_OR_MORE,
    TEXT,
    VALUE,
    Pattern,
    rebuild,
)
from xmlresource.relaxng.xsd.blanks import BLANKS, collapse, is_blank

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    #: The element patterns that a start tag may open, each with what is left of its parent.
    Opened = Sequence[tuple[Pattern, Pattern]]


def by_start_tag(pattern: Pattern, name: str) -> Opened:
    """Return the elements that the name opens, each with the rest of the pattern after it."""
    kind = pattern.kind
    if kind == INTERLEAVE:
        return _by_start_tag_in_interleave(pattern, name)
    if kind == ELEMENT:
        return ((pattern, pattern.pool.empty),) if contains(pattern.names, name) else ()
    if kind == GROUP:
        return _by_start_tag_in_group(pattern, name)
    if kind not in _OF_ALTERNATIVES:
        return ()
    opened: list[tuple[Pattern, Pattern]] = []
    for part in pattern.parts:
        first = part.elements
        if name in first or WILDCARD in first:
            opened += by_start_tag(part, name)
    return opened if kind == CHOICE else _continued(pattern, opened)


def contents(opened: Opened) -> list[Pattern]:
    """Return what the elements hold, each once, in an order that depends on the schema alone.

    It is that of their declarations, and of the marks that the automaton gives them.
    """
    return list(
        dict.fromkeys(
            [element.content for element in sorted((e for e, _ in opened), key=_declaration)]
        )
    )


def marked(found: Sequence[Pattern]) -> Pattern:
    """Return the choice of contents, each with its place as its mark; one alone bears none."""
    pool = found[0].pool
    if len(found) == 1:
        return found[0]
    return pool.choice([pool.after(content, mark) for mark, content in enumerate(found)])


_declaration = attrgetter("mark")
_OF_ALTERNATIVES = (CHOICE, ONE_OR_MORE, AFTER)


def _continued(pattern: Pattern, opened: Opened) -> Opened:
    """Return what is opened in a oneOrMore, or in what bears a mark."""
    pool = pattern.pool
    if pattern.kind == AFTER:
        return [(element, pool.after(left, pattern.mark)) for element, left in opened]
    again = pool.optional(pattern)
    return [(element, pool.group((left, again))) for element, left in opened]


def _by_start_tag_in_group(pattern: Pattern, name: str) -> Opened:
    out: list[tuple[Pattern, Pattern]] = []
    for index, part in enumerate(pattern.parts):
        first = part.elements
        if name in first or WILDCARD in first:
            rest = pattern.parts[index + 1 :]
            out += [(e, pattern.pool.group((left, *rest))) for e, left in by_start_tag(part, name)]
        if not part.nullable:
            break
    return out


def _by_start_tag_in_interleave(pattern: Pattern, name: str) -> Opened:
    # Does not ask for pattern.elements: the union over many branches is worth less than it costs.
    out: list[tuple[Pattern, Pattern]] = []
    for index, part in enumerate(pattern.parts):
        first = part.elements
        if name in first or WILDCARD in first:
            out += [
                (e, pattern.pool.replace_branch(pattern, index, left))
                for e, left in by_start_tag(part, name)
            ]
    return out


def by_attribute(pattern: Pattern, name: str, verdicts: Mapping[Pattern, bool]) -> Pattern:
    """Return what is left after an attribute.

    Args:
        pattern: the pattern.
        name: the attribute's name.
        verdicts: for each pattern of `attribute_values` whether the value matches it.
    """
    pool, parts = pattern.pool, pattern.parts
    if name not in pattern.attributes and WILDCARD not in pattern.attributes:
        return pool.not_allowed
    kind = pattern.kind
    if kind == ATTRIBUTE:
        fits = contains(pattern.names, name) and verdicts[parts[0]]
        return pool.empty if fits else pool.not_allowed
    if kind == CHOICE:
        return pool.choice([by_attribute(part, name, verdicts) for part in parts])
    if kind == ONE_OR_MORE:
        left = by_attribute(parts[0], name, verdicts)
        return pool.group((left, pool.optional(pattern)))
    if kind == AFTER:
        return pool.after(by_attribute(parts[0], name, verdicts), pattern.mark)
    # §7.2.3 says nothing of order: attributes of a group come in any.
    build = pool.interleave if kind == INTERLEAVE else pool.group
    return pool.choice(
        [
            build((*parts[:index], left, *parts[index + 1 :]))
            for index, part in enumerate(parts)
            if (name in part.attributes or WILDCARD in part.attributes)
            and (left := by_attribute(part, name, verdicts)).kind != NOT_ALLOWED
        ]
    )


def attribute_values(pattern: Pattern, name: str) -> list[Pattern]:
    """Return the patterns that a value of the attribute may match, each once and in order."""
    found: dict[Pattern, None] = {}
    _collect_values(pattern, name, found)
    return sorted(found, key=lambda value: value.number)


def _collect_values(pattern: Pattern, name: str, found: dict[Pattern, None]) -> None:
    if name not in pattern.attributes and WILDCARD not in pattern.attributes:
        return
    if pattern.kind == ATTRIBUTE:
        if contains(pattern.names, name):
            found[pattern.parts[0]] = None
        return
    for part in pattern.parts:
        _collect_values(part, name, found)


def attribute_places(pattern: Pattern) -> tuple[dict[str, int] | None, list[Pattern]]:
    """Return in which part of a group or interleave an attribute of each name can be.

    That is one part (§7.3).

    Returns:
        the place of each name among the parts that have attributes, and these; None and the pattern
        itself where attributes can have any name, or the pattern has no such parts.
    """
    if pattern.kind in (GROUP, INTERLEAVE) and WILDCARD not in pattern.attributes:
        parts = [part for part in pattern.parts if part.attributes]
        return {name: place for place, part in enumerate(parts) for name in part.attributes}, parts
    return None, [pattern]


def close(pattern: Pattern) -> Pattern:
    """Return what is left when the start tag ends: attributes that are still due are missing."""
    if not pattern.attributes:
        return pattern
    closed = pattern._closed  # noqa: SLF001  # a memo of this function on its argument
    if closed is None:
        closed = rebuild(pattern, close, pattern.pool.not_allowed)
        pattern._closed = closed  # noqa: SLF001  # as above
    return closed


def close_parts(pattern: Pattern, left: Sequence[Pattern]) -> Pattern:
    """Close a pattern of whose parts with attributes that is left (`attribute_places`)."""
    rest = iter(left)
    parts = [close(next(rest)) if part.attributes else part for part in pattern.parts]
    return pattern.pool.composite(pattern.kind, parts)


def by_text(pattern: Pattern, text: str) -> Pattern:
    """Return what is left after character data that is not known to be blank."""
    if not pattern.has_text:
        return pattern.pool.not_allowed
    return _BY_TEXT[pattern.kind](pattern, text)


def _by_text_in_interleave(pattern: Pattern, text: str) -> Pattern:
    return pattern.pool.choice(
        [
            pattern.pool.replace_branch(pattern, index, left)
            for index, part in enumerate(pattern.parts)
            if (left := by_text(part, text)).kind != NOT_ALLOWED
        ]
    )


def _by_text_in_group(pattern: Pattern, text: str) -> Pattern:
    out = []
    for index, part in enumerate(pattern.parts):
        out.append(pattern.pool.group((by_text(part, text), *pattern.parts[index + 1 :])))
        if not part.nullable:
            break
    return pattern.pool.choice(out)


def _by_text_again(pattern: Pattern, text: str) -> Pattern:
    pool = pattern.pool
    return pool.group((by_text(pattern.parts[0], text), pool.optional(pattern)))


def _by_atom(pattern: Pattern, text: str) -> Pattern:
    pool = pattern.pool
    return pool.empty if _atom_accepts(pattern, text) else pool.not_allowed


def _by_list(pattern: Pattern, text: str) -> Pattern:
    left = pattern.parts[0]
    for token in text.strip(BLANKS).split():
        left = by_text(left, token)
    return pattern.pool.empty if left.nullable else pattern.pool.not_allowed


def _atom_accepts(pattern: Pattern, text: str) -> bool:
    if not pattern.atom.accepts(text):
        return False
    return not any(matches(excluded, text) for excluded in pattern.parts)


_BY_TEXT: dict[int, Callable[[Pattern, str], Pattern]] = {
    TEXT: lambda pattern, _: pattern,
    DATA: _by_atom,
    VALUE: _by_atom,
    LIST: _by_list,
    CHOICE: lambda pattern, text: pattern.pool.choice([by_text(p, text) for p in pattern.parts]),
    INTERLEAVE: _by_text_in_interleave,
    GROUP: _by_text_in_group,
    ONE_OR_MORE: _by_text_again,
    AFTER: lambda pattern, text: pattern.pool.after(by_text(pattern.parts[0], text), pattern.mark),
}


def by_whole_text(pattern: Pattern, text: str) -> Pattern:
    """Return what is left after the text between two tags, which may be blank (§6.2.7)."""
    left = by_text(pattern, text)
    return pattern.pool.choice((pattern, left)) if is_blank(text) else left


def matches(pattern: Pattern, text: str) -> bool:
    """Tell whether a string as a whole matches, as the value of an attribute does.

    The same as asking whether `by_whole_text` leaves something nullable, without making patterns.
    """
    kind = pattern.kind
    if kind == CHOICE:
        if pattern.tokens and collapse(text) in pattern.tokens:
            return True
        return any(matches(part, text) for part in pattern.untokened)
    if kind in (DATA, VALUE):
        return _atom_accepts(pattern, text)
    return kind == TEXT or by_whole_text(pattern, text).nullable


def marks(pattern: Pattern) -> frozenset[int]:
    """Return the marks of those alternatives that are complete."""
    if pattern.kind == AFTER:
        return frozenset((pattern.mark,)) if pattern.parts[0].nullable else frozenset()
    if pattern.kind == CHOICE:
        return frozenset().union(*map(marks, pattern.parts))
    return frozenset()


def after_child(rests: Sequence[Pattern], final: Pattern) -> Pattern:
    """Return what is left of the parent, by the rests for each content and what is left of that."""
    if len(rests) == 1:
        return rests[0] if final.nullable else final.pool.not_allowed
    return final.pool.choice([rests[mark] for mark in marks(final)])


def is_complete(pattern: Pattern) -> bool:
    """Tell whether the element may end here."""
    return pattern.nullable or bool(marks(pattern))
