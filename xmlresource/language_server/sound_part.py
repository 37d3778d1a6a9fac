"""The sound part of a document that is not well-formed: what is broken is blanked out.

No byte moves, so that what is found in the rest is where it was. An element whose end tag is still
to be written loses its start tag, and its children stay; one that the end of the document ends is
ended there. What a finding may owe to the repair is told by ``is_trustworthy``.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from xmlresource.diagnostics import Diagnostic
from xmlresource.document.source import Source
from xmlresource.record import record, replace
from xmlresource.relaxng.completing.markup import ASIDE, END, Markup, MarkupElement, MarkupTree

NOT_WELL_FORMED: Final = "XR002"

_BLANKS: Final = bytes(byte if byte in b"\r\n" else 0x20 for byte in range(256))
_ABOUT_SUPPRESSIONS: Final = "XR7"

Checker: TypeAlias = Callable[[bytes], list[Diagnostic]]
"""Finds what is wrong with a document."""


@record
class SoundPart:
    """A document with its broken parts blanked out.

    Attributes:
        text: The document; as long as it was, but for end tags at its end.
        kept: What is not blanked out, stretch by stretch, and the end tags.
        starts: Where each of the stretches begins.
        touched: Where the elements begin that the repair has changed, or whose children it has, or
            that may stand in another parent than was meant.
        unfinished: The stretches at the ends of elements that go on where the document ends.
        length: How long the document was.
    """

    text: bytes
    kept: tuple[bytes, ...]
    starts: tuple[int, ...]
    touched: frozenset[int]
    unfinished: tuple[tuple[int, int], ...]
    length: int

    def is_trustworthy(self, found: Diagnostic) -> bool:
        """Whether a finding would be there without the repair."""
        if found.span is None or found.span.start >= self.length:
            return False
        start = found.span.start
        if start in self.touched or any(one <= start < end for one, end in self.unfinished):
            return False
        # What a comment suppresses may be in what was blanked out.
        return not found.code.startswith(_ABOUT_SUPPRESSIONS)


def sound_part(markup: MarkupTree, *, fault: int | None = None) -> SoundPart:
    """What is left of a document without what is broken in it.

    Args:
        markup: Its tags.
        fault: A byte at which a parser stopped, though the tags are whole: an attribute that is
            there twice, an ``&``.
    """
    broken = (*markup.strays, *_broken_markup(markup))
    blanked = [(piece.start, piece.end) for piece in broken]
    touched: set[int] = set()
    for element in markup.elements:
        for start, end in _lost(element, fault):
            blanked.append((start, end))
            touched.update(_near(element))
    if fault is not None and not any(start <= fault < end for start, end in blanked):
        blanked.append(_around(markup, fault))
    open_to_the_end = [each for each in markup.elements if each.cut and each.tag.whole]
    touched.update(each.tag.start for each in open_to_the_end)
    closing = "".join(f"</{each.name}>" for each in reversed(open_to_the_end)).encode()
    text = bytearray(markup.text)
    kept, starts, at = [], [], 0
    for start, end in sorted(blanked):
        text[start:end] = text[start:end].translate(_BLANKS)
        if start > at:
            kept.append(markup.text[at:start])
            starts.append(at)
        at = max(at, end)
    kept += [markup.text[at:], closing]
    starts += [at, len(text)]
    unfinished = tuple((_content_so_far(each), each.end) for each in open_to_the_end)
    return SoundPart(
        bytes(text) + closing,
        tuple(kept),
        tuple(starts),
        frozenset(touched),
        unfinished,
        len(markup.text),
    )


class SoundFindings:
    """The findings in the sound part of one document, from one key to the next.

    While a tag is typed nothing changes but what is blanked out: what was found in the rest is
    still so, only elsewhere.
    """

    def __init__(self) -> None:
        self._part: SoundPart | None = None
        self._found: list[Diagnostic] = []

    def find(
        self, markup: MarkupTree, source: Source, check: Checker, fault: int
    ) -> list[Diagnostic]:
        """What is wrong with a document besides not being well-formed.

        Args:
            markup: Its tags.
            source: Tells lines and columns.
            check: Finds what is wrong with a document.
            fault: Where a parser stopped.
        """
        for at in (None, fault):
            part = sound_part(markup, fault=at)
            if self._part is None or part.kept != self._part.kept:
                found = check(part.text)
                if any(one.code == NOT_WELL_FORMED for one in found):
                    continue
                self._part = part
                self._found = [one for one in found if part.is_trustworthy(one)]
            return [_moved(one, self._part, part, source) for one in self._found]
        return []


def _moved(one: Diagnostic, before: SoundPart, after: SoundPart, source: Source) -> Diagnostic:
    """A finding at the place where its text is now."""

    def moved(offset: int) -> int:
        number = bisect_right(before.starts, offset) - 1
        return after.starts[number] + offset - before.starts[number]

    if one.span is None:
        return one
    fix = tuple(replace(each, start=moved(each.start), end=moved(each.end)) for each in one.fix)
    return replace(one, span=source.span(moved(one.span.start), moved(one.span.end)), fix=fix)


def _broken_markup(markup: MarkupTree) -> Iterator[Markup]:
    for piece in markup.pieces:
        if piece.kind != ASIDE and not piece.whole:
            yield piece


def _lost(element: MarkupElement, fault: int | None) -> Iterator[tuple[int, int]]:
    """The stretches of an element that must go."""
    tag, closing = element.tag, element.closing
    is_at_fault = fault is not None and tag.start <= fault < tag.end
    is_broken = not tag.whole or is_at_fault or (closing is not None and not closing.whole)
    if is_broken and (closing is not None or is_at_fault):
        yield tag.start, element.end if not element.cut else tag.end
    elif is_broken:
        yield tag.start, tag.end
    elif element.lacks_end and not element.cut:
        # With the text in it, which would have no place around it.
        yield tag.start, element.children[0].tag.start if element.children else element.end
        # What has no like beside the element is its own; the rest came before its end tag did.
        beside = {each.name for each in element.parent.children} if element.parent else set()
        for child in element.children:
            if child.name not in beside:
                yield child.tag.start, child.end


def _content_so_far(element: MarkupElement) -> int:
    """Where the last child of an element ends, or its start tag."""
    return element.children[-1].end if element.children else element.tag.end


def _near(element: MarkupElement) -> Iterator[int]:
    """The elements that a repair of this one concerns: its parent, itself and its children."""
    if element.parent is not None:
        yield element.parent.tag.start
    yield element.tag.start
    for child in element.children:
        yield child.tag.start


def _around(markup: MarkupTree, fault: int) -> tuple[int, int]:
    """The text or the tag that a byte is in."""
    before = 0
    for piece in markup.pieces:
        if piece.start > fault:
            return before, piece.start
        if fault < piece.end:
            return (piece.start, piece.end) if piece.kind != END else (before, piece.start)
        before = piece.end
    return before, len(markup.text)
