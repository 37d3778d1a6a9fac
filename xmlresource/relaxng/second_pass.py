"""The second pass: where an invalid document is wrong, why, and how to go on reading it.

It walks the same patterns as the first pass, but keeps for each open element what it takes to
explain a fault, and never stops at one: what was probably meant is assumed, so that one fault makes
one message and the next one is found too.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from xmlresource.relaxng.core.analysis import elements_named, required_attributes, required_elements
from xmlresource.relaxng.core.derivatives import by_start_tag, is_complete, marks
from xmlresource.relaxng.core.names import local
from xmlresource.relaxng.core.patterns import NOT_ALLOWED
from xmlresource.relaxng.diagnosing.attribute_faults import AttributeReader
from xmlresource.relaxng.diagnosing.document_text import DocumentText, Tag, TextSpan
from xmlresource.relaxng.diagnosing.element_faults import ElementBlame
from xmlresource.relaxng.diagnosing.expectations import example
from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings, TooManyFaults
from xmlresource.relaxng.diagnosing.frame import ChildContent, Frame
from xmlresource.relaxng.diagnosing.mistaken_elements import MistakenElements
from xmlresource.relaxng.diagnosing.text_faults import ContentReader
from xmlresource.relaxng.diagnosing.vernacular import NO_WORDS
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.diagnosing.wording import tags
from xmlresource.relaxng.libxml2.blanks import BlankWatch
from xmlresource.relaxng.libxml2.order_warnings import OrderWatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from xmlresource.relaxng.core.automaton import Automaton, Step, TransitionTable
    from xmlresource.relaxng.core.patterns import Pattern
    from xmlresource.relaxng.diagnosing.vernacular import Words
    from xmlresource.relaxng.diagnosing.violation import Violation
    from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary
    from xmlresource.relaxng.libxml2.relinking import Stumble
    from xmlresource.relaxng.limits import Limits

#: Documents with more tags than that are explained without looking ahead, to save memory.
_MAX_OUTLINED = 400_000


class _Refused(Exception):  # noqa: N818  # ends the pass after a fault has been reported
    """The rest of the document is not looked at."""


def explain(
    automaton: Automaton,
    vocabulary: Callable[[], Vocabulary],
    data: bytes,
    limits: Limits,
    words: Words = NO_WORDS,
) -> list[Violation]:
    """Return what is wrong with a document, in its order."""
    document = DocumentText(b"" if len(data) > limits.max_bytes else data)
    report = Findings(document, limits.max_diagnostics, words)
    if len(data) > limits.max_bytes:
        size = f"the document has {len(data):,} bytes; {limits.max_bytes:,} are allowed"
        report.add(Finding(ViolationKind.TOO_LARGE, TextSpan(0, 0), size, "/"))
        return report.diagnostics()
    with suppress(TooManyFaults, _Refused):
        _Explainer(automaton, vocabulary, document, report, limits).run()
    if not report:  # forgiven too much; the verdict stands all the same
        report.add(
            Finding(
                ViolationKind.MISPLACED_ELEMENT, TextSpan(0, 0), "the document is not valid", "/"
            )
        )
    return report.diagnostics()


def warn(
    automaton: Automaton,
    vocabulary: Callable[[], Vocabulary],
    data: bytes,
    limits: Limits,
    stumble: Stumble | None,
) -> list[Violation]:
    """Return a warning for all in a valid document that libxml2 refuses.

    These are values with blanks around them, and the children of the document element over which it
    is known to stumble.
    """
    document = DocumentText(data)
    report = Findings(document, limits.max_diagnostics)
    explainer = _Explainer(automaton, vocabulary, document, report, limits)
    explainer.watches.append(BlankWatch(report))
    if stumble is not None:
        explainer.watches.append(OrderWatch(report, stumble))
    with suppress(TooManyFaults, _Refused):
        explainer.run()
    return report.diagnostics()


class _Explainer:
    """Reads one document."""

    def __init__(
        self,
        automaton: Automaton,
        vocabulary: Callable[[], Vocabulary],
        document: DocumentText,
        report: Findings,
        limits: Limits,
    ) -> None:
        self._automaton = automaton
        self._vocabulary = vocabulary
        self._document = document
        self._report = report
        self._limits = limits
        self._outline = _outline(document)
        self._ordinal = 0
        self._depth = 0
        self._skipped = 0  # open elements that are not looked at
        start = automaton.start.pattern
        nowhere = Tag(b"", 0)
        self._stack = [Frame("", nowhere, None, 0, start, start)]
        self._contents = ContentReader(automaton, document, report)
        self._strangers = MistakenElements(automaton, report, vocabulary)
        self.watches: list[BlankWatch | OrderWatch] = []
        self._parser: Any = None

    def run(self) -> None:
        """Read the document.

        Raises:
            TooManyFaults: as many have been found as are wanted.
            _Refused: something must not be read on.
        """
        self._parser = parser = _parser(self._document)
        parser.ordered_attributes = True
        # Every piece of text is to be had with its own place.
        parser.buffer_text = False
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        try:
            parser.Parse(self._document.data, True)  # noqa: FBT003  # expat takes no keywords
        except expat.ExpatError as error:
            self._not_well_formed(expat.errors.messages[error.code])
        except (LookupError, ValueError) as error:
            self._not_well_formed(str(error))

    def _refuse(self, code: ViolationKind, span: TextSpan, message: str, xpath: str) -> None:
        self._report.add(Finding(code, span, message, xpath))
        raise _Refused

    def _doctype(self, *_: object) -> None:
        at = self._parser.CurrentByteIndex
        start = max(self._document.data.rfind(b"<!DOCTYPE", 0, at + 9), 0)
        self._refuse(ViolationKind.DOCTYPE_NOT_ALLOWED, TextSpan(start, start + 9),
                     "a DOCTYPE is not allowed: documents come from outside, and entities and "
                     "external files with it", "/")  # fmt: skip

    def _not_well_formed(self, reason: str) -> None:
        data = self._document.data
        at = max(0, min(self._parser.ErrorByteIndex, len(data)))
        frame = self._stack[-1]
        reason = reason.removeprefix("not well-formed ").strip("()")
        related = None
        if frame.name and not self._skipped and (reason == "mismatched tag" or at == len(data)):
            if at == len(data):
                reason = "the document ends too early"
            line = self._document.line(frame.tag.span.start)
            reason += f"; <{frame.label}> is open since line {line}"
            related = (f"<{frame.label}> begins here", frame.tag.span.start)
        message = f"not well-formed: {reason}"
        span = TextSpan(at, min(at + 1, len(data)))
        xpath = frame.xpath or "/"
        kind = ViolationKind.NOT_WELL_FORMED
        self._report.add(Finding(kind, span, message, xpath, related=related))

    # Start tags

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        self._ordinal += 1
        parent = self._stack[-1]
        if self._skipped:
            self._skipped += 1
            return
        self._contents.before_child(parent)
        name = parent.read_name(name)
        tag = self._document.tag(self._parser.CurrentByteIndex)
        index = self._index(parent, name)
        child = Frame(name, tag, parent, index, parent.opening, parent.pattern)
        self._check_limits(child, len(attributes) // 2)
        child.attributes = list(zip(attributes[::2], attributes[1::2], strict=True))
        child.siblings = self._children()
        parent.seen += 1
        if self._open(parent, child):
            for watch in self.watches:
                watch.opened(child)
            child.pattern = AttributeReader(self._automaton, self._report, child).read()
            child.pattern = _with_given(child)
            self._stack.append(child)
        else:
            self._skipped = 1

    def _index(self, parent: Frame, name: str) -> int:
        count = parent.counts[name] = parent.counts.get(name, 0) + 1
        return count if count > 1 or name in parent.siblings[parent.seen + 1 :] else 0

    def _children(self) -> list[str]:
        return self._outline[self._ordinal] if self._ordinal < len(self._outline) else []

    def _check_limits(self, child: Frame, attributes: int) -> None:
        if self._depth > self._limits.max_depth:
            message = f"more than {self._limits.max_depth} elements are open"
            self._refuse(ViolationKind.TOO_LARGE, child.tag.span, message, child.xpath)
        if attributes > self._limits.max_attributes:
            message = (
                f"<{child.label}> has {attributes} attributes; "
                f"{self._limits.max_attributes} are allowed"
            )
            self._refuse(ViolationKind.TOO_LARGE, child.tag.span, message, child.xpath)

    def _open(self, parent: Frame, child: Frame) -> bool:
        """Find out what the child is to be read as. False to skip it."""
        step = self._step(parent.pattern, child.name)
        if step is not None:
            recovery = self._strangers.recover(parent, child, step[1].pattern)
            if recovery is None:
                self._enter(parent, child, step)
                return True
        else:
            recovery = ElementBlame(
                self._automaton, self._report, self._vocabulary, parent, child
            ).recover()
        step = self._automaton.step(recovery.opened)
        if step is None:
            return False
        child.finding = recovery.finding
        if recovery.detached:
            child.opening = step[1].pattern
        else:
            self._enter(parent, child, step)
        return True

    def _step(self, before: Pattern, name: str) -> Step | None:
        """Return the step of a child that is allowed by its name; None for one that is not."""
        automaton = self._automaton
        step = automaton.known_step(before, name) or automaton.step(by_start_tag(before, name))
        return None if step is None or step[1].pattern.kind == NOT_ALLOWED else step

    def _enter(self, parent: Frame, child: Frame, step: Step) -> None:
        """Go into a child that its parent goes on after."""
        child.table, opening, _ = step
        child.opening = opening.pattern
        before = parent.pattern
        if before.elements != _after(child.table).elements:
            offset = child.tag.span.start
            parent.history.append(
                ChildContent(child.name, offset, self._document.line(offset), before)
            )

    # Text and end tags

    def _text(self, text: str) -> None:
        if not self._skipped:
            self._contents.text(self._stack[-1], text, self._parser.CurrentByteIndex)

    def _end(self, _: str) -> None:
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
            return
        frame = self._stack.pop()
        if self.watches and frame.text and not frame.seen:
            for watch in self.watches:
                watch.content(frame, *self._contents.whole(frame))
        self._note_closing(frame)
        final = self._contents.at_end(frame)
        if final is not None and not is_complete(final):
            self._incomplete(frame, final)
            final = None
        if frame.table is not None:
            self._stack[-1].pattern = _next(frame.table, final)

    def _note_closing(self, frame: Frame) -> None:
        if frame.finding is None:
            return
        at = self._parser.CurrentByteIndex
        if self._document.data.startswith(b"</", at):
            frame.finding.closing = at + 2

    def _incomplete(self, frame: Frame, final: Pattern) -> None:
        if final.kind == NOT_ALLOWED:
            return
        missing = required_elements(final)
        code = ViolationKind.MISSING_ELEMENT
        words, hint = self._report.words, None

        def spell(name: str) -> str:
            return frame.spelt(name, words)

        if missing:
            plural = "s" if len(missing) > 1 else ""
            message = f"<{frame.label}> lacks the required element{plural} {tags(missing, spell)}"
            hint = _example_of(final, missing, words)
        elif final.elements:
            shown = tags(final.elements, spell)
            message = f"<{frame.label}> is incomplete: one of {shown} is required"
        else:
            code = ViolationKind.MISSING_VALUE
            message = f"<{frame.label}> lacks a value"
        self._report.add(Finding(code, frame.tag.span, message, frame.xpath, hint))


def _with_given(frame: Frame) -> Pattern:
    """Return what may come, without the children that are there as attributes by mistake."""
    pattern = frame.pattern
    for name in frame.given:
        rests = [rest for _, rest in by_start_tag(pattern, name)]
        if rests and name not in frame.siblings:
            pattern = pattern.pool.choice(rests)
    return pattern


def _example_of(left: Pattern, missing: frozenset[str], words: Words) -> str | None:
    """Return a missing element written out, where it is one that holds a value of a known kind."""
    if len(missing) != 1:
        return None
    name = next(iter(missing))
    contents = [element.content for element in elements_named(left, name)]
    value = example(contents, words)
    if value is None or any(required_attributes(content) for content in contents):
        return None
    return f"such as <{local(name)}>{value}</{local(name)}>"


def _after(table: TransitionTable) -> Pattern:
    """Return what may come after an element, whatever it holds."""
    return table.rests[0].pool.choice(table.rests)


def _next(table: TransitionTable, final: Pattern | None) -> Pattern:
    """Return what is left of a parent; after a child that could not be read, all that may be."""
    rests = table.rests
    if final is not None and len(rests) > 1:
        rests = tuple(rests[mark] for mark in sorted(marks(final)))
    return table.rests[0].pool.choice(rests)


def _parser(document: DocumentText) -> Any:
    # Converted documents still declare their former encoding, which this overrides.
    return expat.ParserCreate("utf-8" if document.converted else None, " ")


def _outline(document: DocumentText) -> list[list[str]]:
    """Return for each element, in order of start tags, the names of its children.

    The first is that of the document. Cut off where the document stops being well-formed.
    """
    if document.data.count(b"<") > _MAX_OUTLINED:
        return []
    root: list[str] = []
    outline = [root]
    stack = [root]

    def start(name: str, _: object) -> None:
        children: list[str] = []
        stack[-1].append(name)
        stack.append(children)
        outline.append(children)

    def end(_: str) -> None:
        stack.pop()

    parser = _parser(document)
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = _stop
    with suppress(expat.ExpatError, LookupError, ValueError, _Refused):
        parser.Parse(document.data, True)  # noqa: FBT003  # expat takes no keywords
    return outline


def _stop(*_: object) -> None:
    raise _Refused
