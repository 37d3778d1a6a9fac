"""Faults in the attributes of a start tag: finds them, words them, and carries on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.analysis import element_names, elements_named, required_attributes
from xmlresource.relaxng.core.derivatives import attribute_values, close, matches
from xmlresource.relaxng.core.names import WILDCARD, local
from xmlresource.relaxng.core.patterns import NOT_ALLOWED, Pattern, without_attributes
from xmlresource.relaxng.diagnosing.expectations import example, expectation, is_enumerated, values
from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings
from xmlresource.relaxng.diagnosing.frame import MAX_BLAMED, run, run_forgiving, variants
from xmlresource.relaxng.diagnosing.suggestions import nearest
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.diagnosing.wording import clip, listed, quoted, short, surrounded
from xmlresource.relaxng.xsd.blanks import BLANKS

if TYPE_CHECKING:
    from collections.abc import Callable

    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.diagnosing.frame import Frame

_VALUE_SHOWN = 40
_CONFLICTS = (ViolationKind.CONFLICTING_ATTRIBUTE, ViolationKind.CONFLICTING_VALUE)


def blame_parent(
    automaton: Automaton,
    report: Findings,
    parent: Frame,
    child: str,
    test: Callable[[Pattern], bool],
) -> Pattern | None:
    """Report an attribute that the parent lacks, if with it a child would be right.

    Returns:
        what the parent holds with that attribute; None where there is no such attribute.
    """
    have = {name for name, _ in parent.attributes}
    fits = list(variants(automaton, parent, test))
    if not fits or any(name in have for name, _ in fits):
        return None
    name = fits[0][0]
    wanted = [value for other, value in fits if other == name]
    choices = listed([f"{local(name)}='{value}'" for value in wanted], last="or")
    message = f"<{parent.label}> lacks {choices}, which its <{child}> needs"
    report.add(Finding(ViolationKind.MISSING_ATTRIBUTE, parent.tag.span, message, parent.xpath))
    pool = parent.pattern.pool
    attributes = [[*parent.attributes, (name, value)] for value in wanted]
    should_be = pool.choice([close(run(automaton, parent.opening, pairs)) for pairs in attributes])
    parent.pattern = pool.choice((parent.pattern, should_be))
    return should_be


def attribute_finding(
    frame: Frame, code: ViolationKind, name: str, message: str, *, value: bool = False
) -> Finding:
    """Return a finding about an attribute: at its name, or at its value."""
    span, raw = frame.tag.span, local(name)
    for index, (have, _) in enumerate(frame.attributes):
        if have == name and index < len(frame.tag.names):
            spans = frame.tag.values if value else frame.tag.names
            span, raw = spans[index], frame.tag.raw_names[index]
            break
    return Finding(code, span, message, f"{frame.xpath}/@{raw}")


def misspelt_value(
    automaton: Automaton, frame: Frame, test: Callable[[Pattern], bool]
) -> Finding | None:
    """Return a finding of the attribute's value that is nearly one with which the test passes."""
    have = dict(frame.attributes)
    for name, value in variants(automaton, frame, test):
        if name in have and nearest(have[name].strip(), [value]) is not None:
            hint = f"did you mean '{clip(value, _VALUE_SHOWN)}'?"
            shown = clip(have[name], _VALUE_SHOWN)
            message = f"'{shown}' of '{local(name)}' on <{frame.label}> does not go with its text"
            found = attribute_finding(
                frame, ViolationKind.CONFLICTING_VALUE, name, message, value=True
            )
            found.hint, found.suggestion = hint, value
            return found
    return None


class AttributeReader:
    """Reads the attributes of one start tag, forgiving what is wrong."""

    def __init__(self, automaton: Automaton, report: Findings, frame: Frame) -> None:
        self._automaton = automaton
        self._report = report
        self._frame = frame
        self._done: list[tuple[str, str]] = []

    def read(self) -> Pattern:
        """Report what is wrong, and return what is left after the start tag."""
        frame = self._frame
        left = run(self._automaton, frame.opening, frame.attributes)
        closed = close(left)
        if closed.kind != NOT_ALLOWED:
            return closed
        explained = self._as_parent_should_be()
        if explained is not None:
            return explained
        before = len(self._report)
        closed = self._read_forgiving()
        return self._blame_one(before) or closed

    def _as_parent_should_be(self) -> Pattern | None:
        """Blame the parent if with one more attribute there, nothing would be wrong here.

        So for ``<disk><source protocol="rbd"/>``, where the missing type says what a source has.
        """
        parent = self._frame.parent
        if parent is None or not parent.opening.attributes:
            return None
        should_be = blame_parent(
            self._automaton, self._report, parent, self._frame.label, self._reads_in
        )
        if should_be is None:
            return None
        elements = elements_named(should_be, self._frame.name)
        return should_be.pool.choice(self._read_by(elements))

    def _reads_in(self, parent: Pattern) -> bool:
        elements = elements_named(close(parent), self._frame.name)
        return any(left.kind != NOT_ALLOWED for left in self._read_by(elements))

    def _read_by(self, elements: list[Pattern]) -> list[Pattern]:
        attributes = self._frame.attributes
        return [close(run(self._automaton, element.content, attributes)) for element in elements]

    def _read_forgiving(self) -> Pattern:
        frame = self._frame
        left = frame.opening
        unknown: list[Finding] = []
        for name, value in sorted(frame.attributes, key=self._rank):
            after = self._automaton.after_attribute(left, name, value)
            if after.kind != NOT_ALLOWED:
                left = after
                self._done.append((name, value))
            elif name in frame.opening.attributes or WILDCARD in frame.opening.attributes:
                left = self._known(left, name, value)
            else:
                left, finding = self._unknown(left, name, value)
                if finding is not None:
                    unknown.append(finding)
        return self._closed(left, unknown)

    def _rank(self, pair: tuple[str, str]) -> int:
        """Put what says the kind of the element first, and what it does not know last.

        So an attribute that does not go with the kind is blamed, and not the kind.
        """
        if pair[0] not in self._frame.opening.attributes:
            return 2
        tests = attribute_values(self._frame.opening, pair[0])
        return 0 if all(is_enumerated([test]) for test in tests) else 1

    def _add(self, code: ViolationKind, name: str, message: str, *, value: bool = False) -> Finding:
        return self._report.add(attribute_finding(self._frame, code, name, message, value=value))

    # An attribute that the element has, but not so

    def _known(self, left: Pattern, name: str, value: str) -> Pattern:
        tests = attribute_values(left, name)
        blamed = self._blamed(name, value)
        if not tests:
            self._conflicting(name, blamed)
            return left
        alone = self._automaton.after_attribute(self._frame.opening, name, value)
        shown, label = clip(value, _VALUE_SHOWN), self._frame.label
        expected = f"expected {expectation(tests, self._report.words)}"
        if blamed and alone.kind != NOT_ALLOWED:
            self._add(
                ViolationKind.CONFLICTING_VALUE, name,
                f"'{shown}' of '{local(name)}' on <{label}> does not go with {blamed}; {expected}",
                value=True,
            )  # fmt: skip
            return run_forgiving(left, name, tests)
        bare = value.strip(BLANKS)
        if bare != value and any(matches(test, bare) for test in tests):
            self._surrounded(name, value, bare)
            return self._automaton.after_attribute(left, name, bare)
        finding = self._add(
            ViolationKind.BAD_VALUE, name,
            f"'{shown}' is not a value of '{local(name)}' on <{label}>; {expected}", value=True,
        )  # fmt: skip
        return self._with_suggestion(finding, left, name, value)

    def _surrounded(self, name: str, value: str, bare: str) -> None:
        """Report a value that would be right without the blanks around it."""
        what = f"'{local(name)}' on <{self._frame.label}>"
        finding = self._add(ViolationKind.BAD_VALUE, name, surrounded(value, what), value=True)
        finding.suggestion = bare
        finding.hint = f"write '{clip(bare, _VALUE_SHOWN)}'"

    def _with_suggestion(self, finding: Finding, left: Pattern, name: str, value: str) -> Pattern:
        """Return what is left after a bad value: as after the one meant, or as after any."""
        tests = attribute_values(left, name)
        meant = nearest(value.strip(), values(tests))
        if meant is not None:
            finding.suggestion = meant
            finding.hint = f"did you mean '{meant}'?"
            after = self._automaton.after_attribute(left, name, meant)
            others = [p for p in self._frame.attributes if p[0] != name and p not in self._done]
            if close(run(self._automaton, after, others)).kind != NOT_ALLOWED:
                return after
        elif (such := example(tests, self._report.words)) is not None:
            finding.hint = f"for example '{such}'"
        return run_forgiving(left, name, tests)

    def _conflicting(self, name: str, blamed: str) -> None:
        label = self._frame.label
        together = blamed or quoted([done for done, _ in self._done])
        self._add(
            ViolationKind.CONFLICTING_ATTRIBUTE, name,
            f"attribute '{local(name)}' is not allowed on <{label}> together with {together}",
        )  # fmt: skip

    def _blamed(self, name: str, value: str) -> str:
        """Return the attributes without any one of which this would fit, in words."""
        done, opening = self._done, self._frame.opening
        if len(done) > MAX_BLAMED:
            return ""
        blamed = [
            f"{local(other)}='{clip(text, _VALUE_SHOWN)}'"
            for index, (other, text) in enumerate(done)
            if run(
                self._automaton, opening, [*done[:index], *done[index + 1 :], (name, value)]
            ).kind != NOT_ALLOWED
        ]  # fmt: skip
        return listed(blamed, last="or")

    # An attribute that the element does not have

    def _unknown(self, left: Pattern, name: str, value: str) -> tuple[Pattern, Finding | None]:
        """Report it. Return what is left, and the finding unless it was taken for another."""
        frame = self._frame
        have = {other for other, _ in frame.attributes}
        free = {attribute for attribute in left.attributes if attribute not in have} - {WILDCARD}
        message = f"attribute '{short(local(name))}' is not allowed on <{frame.label}>"
        finding = self._add(ViolationKind.UNKNOWN_ATTRIBUTE, name, message)
        if needs := self._needed_of_parent(name):
            finding.problem += f" here, but it is in {needs}"
            return left, None
        meant = self._meant(name, free)
        if meant is None and name in element_names(frame.opening):
            self._as_child(finding, name, value)
            return left, None
        if meant is None:
            finding.hint = (
                f"allowed: {quoted(free)}" if free else "no further attribute is allowed here"
            )
            return left, finding
        finding.suggestion = frame.spell(meant) if " " in meant else meant
        finding.hint = f"did you mean '{finding.suggestion or local(meant)}'?"
        if local(meant) == local(name):
            uri = meant.rpartition(" ")[0]
            finding.hint = (
                f"did you mean it in {f'the namespace {uri}' if uri else 'no namespace'}?"
            )
        return self._as(left, meant, value), None

    def _as_child(self, finding: Finding, name: str, value: str) -> None:
        """Explain an attribute that is to be a child, which then is not missing."""
        self._frame.given.append(name)
        text = clip(value, _VALUE_SHOWN)
        if text.isalnum():
            finding.hint = f"write it as an element: <{name}>{text}</{name}>"
        else:
            finding.hint = f"write it as an element, <{name}>"

    def _meant(self, name: str, free: set[str]) -> str | None:
        words = {local(attribute): attribute for attribute in sorted(free)}
        meant = nearest(local(name), words)
        return None if meant is None else words[meant]

    def _as(self, left: Pattern, meant: str, value: str) -> Pattern:
        after = self._automaton.after_attribute(left, meant, value)
        if after.kind == NOT_ALLOWED:
            return run_forgiving(left, meant, attribute_values(left, meant))
        self._done.append((meant, value))
        return after

    def _needed_of_parent(self, name: str) -> str:
        """Return with which attributes of its parent the element would have this attribute."""
        frame, parent = self._frame, self._frame.parent
        if parent is None or not parent.opening.attributes:
            return ""

        def has_it(pattern: Pattern) -> bool:
            elements = elements_named(close(pattern), frame.name)
            return any(name in element.content.attributes for element in elements)

        if not has_it(parent.opening):
            return ""
        found = [f"<{parent.label} {local(a)}='{v}'>"
                 for a, v in variants(self._automaton, parent, has_it)]  # fmt: skip
        return listed(found, last="or")

    # What is missing

    def _closed(self, left: Pattern, unknown: list[Finding]) -> Pattern:
        closed = close(left)
        if closed.kind != NOT_ALLOWED:
            return closed
        recovered = without_attributes(left)
        if left.kind == NOT_ALLOWED:
            return without_attributes(self._frame.opening)
        missing = required_attributes(left)
        if missing and missing <= set(self._frame.siblings):
            return recovered  # written as children, which is reported there
        if len(missing) == 1 and unknown:  # one wrong name explains both
            name = local(next(iter(missing)))
            if "," in (unknown[0].hint or ""):
                unknown[0].problem += f"; {unknown[0].hint}"
            unknown[0].hint = f"'{name}' is required"
            return recovered
        self._missing(left, missing)
        return recovered

    def _missing(self, left: Pattern, missing: frozenset[str]) -> None:
        frame, hint = self._frame, None
        if missing:
            plural = "s" if len(missing) > 1 else ""
            message = f"<{frame.label}> lacks the required attribute{plural} {quoted(missing)}"
            hint = self._such_as(left, missing)
        else:
            names = quoted(left.attributes)
            message = f"<{frame.label}> lacks an attribute: one of {names} is required"
        finding = Finding(
            ViolationKind.MISSING_ATTRIBUTE, frame.tag.span, message, frame.xpath, hint
        )
        self._report.add(finding)
        if len(missing) == 1:
            frame.lacking = finding, next(iter(missing))

    def _such_as(self, left: Pattern, missing: frozenset[str]) -> str | None:
        """Return what the one attribute may be, if there is more to say than its name."""
        if len(missing) > 1:
            return None
        name = next(iter(missing))
        expected = expectation(attribute_values(left, name), self._report.words)
        return None if expected in ("text", "nothing") else f"it takes {expected}"

    # Several conflicts with one cause

    def _blame_one(self, before: int) -> Pattern | None:
        """Replace several conflicts by one, where one wrong attribute explains them all."""
        found = self._report.since(before)
        if len(found) <= 1 or not any(finding.code in _CONFLICTS for finding in found):
            return None
        frame = self._frame
        have = dict(frame.attributes)
        fits = [
            (name, value)
            for name, value in variants(
                self._automaton, frame, lambda left: close(left).kind != NOT_ALLOWED
            )
            if name in have
        ]
        if not fits:
            return None
        name = fits[0][0]
        wanted = [value for other, value in fits if other == name]
        self._report.withdraw(before)
        others = quoted([other for other, _ in frame.attributes if other != name])
        choices = listed([f"'{value}'" for value in wanted], last="or")
        self._add(
            ViolationKind.CONFLICTING_VALUE, name,
            f"{local(name)}='{clip(have[name], _VALUE_SHOWN)}' on <{frame.label}> does not go with "
            f"{others}, which fit {choices}", value=True,
        )  # fmt: skip
        return frame.opening.pool.choice([*self._as_any(name, wanted), *self._alone(name)])

    def _as_any(self, name: str, wanted: list[str]) -> list[Pattern]:
        """Return what is left with each of the values that would fit."""
        pairs = self._frame.attributes
        changed = [[(n, value if n == name else v) for n, v in pairs] for value in wanted]
        return [close(run(self._automaton, self._frame.opening, one)) for one in changed]

    def _alone(self, name: str) -> list[Pattern]:
        """Return what is left where the blamed value was meant and the others are wrong.

        What is in the element tells which it was, and is not to be reported for the same slip.
        """
        frame = self._frame
        left = self._automaton.after_attribute(frame.opening, name, dict(frame.attributes)[name])
        return [] if left.kind == NOT_ALLOWED else [without_attributes(left)]
