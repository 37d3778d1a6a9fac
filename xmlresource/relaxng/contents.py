"""Text in elements: collects it, and says where it does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.analysis import atoms
from xmlresource.relaxng.attributes import misspelt_value
from xmlresource.relaxng.datatypes import BLANKS, is_blank
from xmlresource.relaxng.derivatives import by_text, by_whole_text, close, is_complete
from xmlresource.relaxng.diagnostic import Fault
from xmlresource.relaxng.document import Document, Span
from xmlresource.relaxng.patterns import NOT_ALLOWED, Pattern
from xmlresource.relaxng.report import Finding, Report
from xmlresource.relaxng.suggest import nearest
from xmlresource.relaxng.wording import clip, expectation, values

if TYPE_CHECKING:
    from xmlresource.relaxng.automaton import Automaton
    from xmlresource.relaxng.frame import Frame

_SHOWN = 40


class ContentReader:
    """Reads the text of the elements of one document."""

    def __init__(self, automaton: Automaton, document: Document, report: Report) -> None:
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
        frame.text.append((text, Span(offset, end)))

    def whole(self, frame: Frame) -> tuple[str, Span]:
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
        holds = (
            "it holds only elements"
            if frame.pattern.elements or frame.seen
            else ("it must be empty")
        )
        message = f"text '{clip(text.strip(BLANKS), _SHOWN)}' is not allowed in <{frame.label}>"
        self._add(Fault.TEXT_NOT_ALLOWED, frame, f"{message}; {holds}")
        return frame.pattern

    def _bad(self, frame: Frame, text: str) -> None:
        shown = clip(text.strip(BLANKS), _SHOWN)
        expected = f"expected {expectation([frame.pattern])}"
        if not shown:
            message = f"<{frame.label}> lacks a value; {expected}"
            self._report.add(Finding(Fault.MISSING_VALUE, frame.tag.span, message, frame.xpath))
            return
        blamed = misspelt_value(
            self._automaton, frame, lambda left: is_complete(by_whole_text(close(left), text))
        )
        if blamed is not None:
            self._report.add(blamed)
            return
        finding = self._add(
            Fault.BAD_VALUE, frame, f"'{shown}' is not a value of <{frame.label}>; {expected}"
        )
        meant = nearest(text.strip(BLANKS), values(atoms([frame.pattern])))
        if meant is not None:
            finding.suggestion = meant
            finding.hint = f"did you mean '{meant}'?"
            finding.message = clip(finding.message, 170) + f"; did you mean '{clip(meant, 20)}'?"

    def _add(self, code: Fault, frame: Frame, message: str) -> Finding:
        span = _without_blanks(frame.text) or frame.tag.span
        return self._report.add(Finding(code, span, message, frame.xpath))


def _without_blanks(pieces: list[tuple[str, Span]]) -> Span | None:
    """Return where the text is, without the blanks around it."""
    solid = [(text, span) for text, span in pieces if not is_blank(text)]
    if not solid:
        return None
    (first, begin), (last, finish) = solid[0], solid[-1]
    start, end = begin.start, finish.end
    start += len(first) - len(first.lstrip(BLANKS))
    end -= len(last) - len(last.rstrip(BLANKS))
    return Span(start, end)
