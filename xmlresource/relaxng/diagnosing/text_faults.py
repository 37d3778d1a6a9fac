"""Text in elements: collects it, and says where it does not fit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from xmlresource.relaxng.core.derivatives import (
    attribute_values,
    by_text,
    by_whole_text,
    close,
    is_complete,
    matches,
)
from xmlresource.relaxng.core.names import WILDCARD, local
from xmlresource.relaxng.core.patterns import NOT_ALLOWED, Pattern
from xmlresource.relaxng.diagnosing.attribute_faults import misspelt_value
from xmlresource.relaxng.diagnosing.document_text import DocumentText, TextSpan
from xmlresource.relaxng.diagnosing.expectations import example, expectation, values
from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings
from xmlresource.relaxng.diagnosing.suggestions import nearest
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.diagnosing.wording import clip, quoted, surrounded
from xmlresource.relaxng.xsd.blanks import BLANKS, is_blank

if TYPE_CHECKING:
    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.diagnosing.frame import Frame

_SHOWN = 40
_WITH_UNIT = re.compile(r"([0-9]{1,20})[ \t]*([A-Za-z]{1,10})")
_NO_UNIT = "zq"


class ContentReader:
    """Reads the text of the elements of one document."""

    def __init__(self, automaton: Automaton, document: DocumentText, report: Findings) -> None:
        self._automaton = automaton
        self._document = document
        self._report = report

    def text(self, frame: Frame, text: str, offset: int) -> None:
        """Take a piece of text as expat gives it: one line, or what one reference stands for."""
        data = self._document.data
        if data.startswith(b"&", offset):
            end = data.find(b";", offset) + 1
        else:
            end = offset + len(text.encode("utf-8", "surrogatepass"))
        frame.text.append((text, TextSpan(offset, end)))

    def whole(self, frame: Frame) -> tuple[str, TextSpan]:
        """Return the text of an element without children, and where it is."""
        text = "".join(piece for piece, _ in frame.text)
        return text, _without_blanks(frame.text) or frame.tag.span

    def before_child(self, frame: Frame) -> None:
        """Look at the text before a child, which is of mixed content or blank."""
        if frame.text:
            frame.pattern = self._between(frame)
            frame.text.clear()

    def at_end(self, frame: Frame) -> Pattern | None:
        """Look at the text before the end tag.

        Returns:
            what is left of the element; None where that is not known after a fault.
        """
        if frame.seen:
            self.before_child(frame)
            return frame.pattern
        text = "".join(piece for piece, _ in frame.text)
        pattern = frame.pattern
        if not pattern.has_text:
            self.before_child(frame)
            return frame.pattern
        left = by_whole_text(pattern, text)
        if is_complete(left) or pattern.kind == NOT_ALLOWED:
            return left
        if is_blank(text) and pattern.elements:
            return pattern
        self._bad(frame, text)
        return None

    def _between(self, frame: Frame) -> Pattern:
        text = "".join(piece for piece, _ in frame.text)
        if is_blank(text):
            return frame.pattern
        left = by_text(frame.pattern, text)
        if left.kind != NOT_ALLOWED:
            return left
        if frame.pattern.kind == NOT_ALLOWED:
            return frame.pattern
        shown = clip(text.strip(BLANKS), _SHOWN)
        if self._was_attribute(frame, shown):
            return frame.pattern
        self._add(
            ViolationKind.TEXT_NOT_ALLOWED, frame,
            f"text '{shown}' is not allowed in <{frame.label}>; {self._holds(frame)}",
        )  # fmt: skip
        return frame.pattern

    def _holds(self, frame: Frame) -> str:
        if frame.pattern.elements or frame.seen:
            return "it holds only elements"
        have = {name for name, _ in frame.attributes}
        free = frame.opening.attributes - have - {WILDCARD}
        return f"its values are attributes: {quoted(free)}" if free else "it must be empty"

    def _was_attribute(self, frame: Frame, shown: str) -> bool:
        """Tell whether the text is an attribute's value, whose lack has been reported."""
        if frame.lacking is None or frame.seen:
            return False
        finding, name = frame.lacking
        frame.lacking = None
        finding.hint = f"write <{frame.label} {local(name)}='{shown}'/>: the value is an attribute"
        return True

    def _bad(self, frame: Frame, text: str) -> None:
        bare = text.strip(BLANKS)
        shown, words = clip(bare, _SHOWN), self._report.words
        expected = f"expected {expectation([frame.pattern], words)}"
        such = example([frame.pattern], words)
        if not shown:
            message = f"<{frame.label}> lacks a value; {expected}"
            hint = None if such is None else f"for example {such}"
            finding = Finding(
                ViolationKind.MISSING_VALUE, frame.tag.span, message, frame.xpath, hint
            )
            self._report.add(finding)
            return
        blamed = misspelt_value(
            self._automaton, frame, lambda left: is_complete(by_whole_text(close(left), text))
        )
        if blamed is not None:
            self._report.add(blamed)
            return
        if bare != text and is_complete(by_whole_text(frame.pattern, bare)):
            finding = self._add(
                ViolationKind.BAD_VALUE, frame, surrounded(text, f"<{frame.label}>")
            )
            finding.suggestion, finding.hint = bare, f"write '{shown}'"
            return
        finding = self._add(
            ViolationKind.BAD_VALUE,
            frame,
            f"'{shown}' is not a value of <{frame.label}>; {expected}",
        )
        meant = nearest(bare, values([frame.pattern]))
        if meant is not None:
            finding.suggestion = meant
            finding.hint = f"did you mean '{meant}'?"
        else:
            finding.hint = self._split(frame, bare) or (such and f"for example {such}")

    def _split(self, frame: Frame, text: str) -> str | None:
        """Return how to write a number and its unit, where the unit is an attribute."""
        both = _WITH_UNIT.fullmatch(text)
        if both is None or not is_complete(by_whole_text(frame.pattern, both[1])):
            return None
        have = {name for name, _ in frame.attributes}
        for name in sorted(frame.opening.attributes - have - {WILDCARD}):
            tests = attribute_values(frame.opening, name)
            # Where any word will do, the word is no unit.
            if any(matches(test, both[2]) and not matches(test, _NO_UNIT) for test in tests):
                label = frame.label
                return f"write <{label} {local(name)}='{both[2]}'>{both[1]}</{label}>"
        return None

    def _add(self, code: ViolationKind, frame: Frame, message: str) -> Finding:
        span = _without_blanks(frame.text) or frame.tag.span
        return self._report.add(Finding(code, span, message, frame.xpath))


def _without_blanks(pieces: list[tuple[str, TextSpan]]) -> TextSpan | None:
    """Return where the text is, without the blanks around it."""
    solid = [(text, span) for text, span in pieces if not is_blank(text)]
    if not solid:
        return None
    (first, begin), (last, finish) = solid[0], solid[-1]
    start, end = begin.start, finish.end
    start += len(first) - len(first.lstrip(BLANKS))
    end -= len(last) - len(last.rstrip(BLANKS))
    return TextSpan(start, end)
