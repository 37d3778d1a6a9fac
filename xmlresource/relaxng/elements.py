"""An element that may not come now: says why, and finds a way to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xmlresource.relaxng.analysis import element_names, elements_named, required_elements
from xmlresource.relaxng.attributes import blame_parent, variants
from xmlresource.relaxng.derivatives import by_start_tag, close
from xmlresource.relaxng.diagnostic import Fault
from xmlresource.relaxng.frame import fits, run
from xmlresource.relaxng.names import WILDCARD, local
from xmlresource.relaxng.patterns import Pattern, without_attributes
from xmlresource.relaxng.report import Finding, Report
from xmlresource.relaxng.suggest import distance, nearest
from xmlresource.relaxng.wording import clip, listed, tags

if TYPE_CHECKING:
    from collections.abc import Callable

    from xmlresource.relaxng.automaton import Automaton
    from xmlresource.relaxng.frame import Frame
    from xmlresource.relaxng.vocabulary import Vocabulary

    Opened = list[tuple[Pattern, Pattern]]

_MAX_EXPECTED = 6
_MAX_TRIED = 24


@dataclass(frozen=True, slots=True)
class Recovery:
    """How to go on.

    Attributes:
        opened: the declarations to read the element by, and what is left of its parent after
            each; empty to skip it.
        detached: whether the parent stays as it is.
        finding: the finding, where the element was taken for another of similar name.
    """

    opened: Opened
    detached: bool = False
    finding: Finding | None = None


class ElementBlame:
    """Explains one element that may not come."""

    def __init__(
        self,
        automaton: Automaton,
        report: Report,
        vocabulary: Callable[[], Vocabulary],
        parent: Frame,
        child: Frame,
    ) -> None:
        self._automaton = automaton
        self._report = report
        self._vocabulary = vocabulary
        self._parent = parent
        self._child = child
        self._name = child.name
        self._label = local(self._name)
        self._base = without_attributes(parent.opening)

    def recover(self) -> Recovery:
        """Report the element, and return how to go on."""
        known = elements_named(self._base, self._name)
        return self._misplaced(known) if known else self._unknown()

    def _add(self, code: Fault, message: str) -> Finding:
        return self._report.add(Finding(code, self._child.tag.span, message, self._child.xpath))

    # The parent knows it, but not now

    def _misplaced(self, known: list[Pattern]) -> Recovery:
        detached = Recovery(self._wherever_from(known), detached=True)
        if self._after_another():
            return detached
        forward = self._skipping_missing()
        if forward is not None:
            return forward
        should_be = blame_parent(
            self._automaton, self._report, self._parent, self._label, self._comes_first_in
        )
        if should_be is not None:
            return Recovery(list(by_start_tag(should_be, self._name)))
        finding = self._add(
            Fault.MISPLACED_ELEMENT, f"<{self._label}> is not allowed here{self._parent.place}"
        )
        reason = self._needs() or self._excluded_by()
        finding.message += f": {reason}" if reason else self._expected()
        return detached

    def _wherever_from(self, known: list[Pattern]) -> Opened:
        """Return all declarations of that name: it may have been moved from another parent."""
        pool = self._base.pool
        numbers = self._vocabulary().declarations.get(self._name, ())
        everywhere = [pool.element(self._name, number) for number in numbers]
        return [(element, pool.empty) for element in dict.fromkeys([*known, *everywhere])]

    def _after_another(self) -> bool:
        """Report an element that an earlier one has ruled out; False where none has."""
        parent, history = self._parent, self._parent.history
        for index in range(len(history) - 1, -1, -1):
            child = history[index]
            after = history[index + 1].before if index + 1 < len(history) else parent.pattern
            if not _may_come(child.before, self._name) or _may_come(after, self._name):
                continue
            if child.name == self._name:
                finding = self._add(
                    Fault.DUPLICATE_ELEMENT,
                    f"only one <{self._label}> is allowed{parent.place}; "
                    f"the first is at line {child.line}",
                )
            else:
                finding = self._add(
                    Fault.MISPLACED_ELEMENT,
                    f"<{self._label}> cannot follow <{local(child.name)}> at line {child.line}"
                    + parent.place,
                )
            finding.related = (f"<{local(child.name)}> is here", child.offset)
            return True
        return False

    def _skipping_missing(self) -> Recovery | None:
        """Go on as if an element that must come before were there."""
        parent = self._parent
        # What must come first, before what merely may; the name itself cannot.
        tried = sorted(parent.pattern.elements - {WILDCARD, self._name})[:_MAX_TRIED]
        must = required_elements(parent.pattern)
        for name in sorted(tried, key=lambda name: name not in must):
            rests = [rest for _, rest in by_start_tag(parent.pattern, name)]
            left = parent.pattern.pool.choice(rests)
            opened = list(by_start_tag(left, self._name))
            if not opened:
                continue
            if name in parent.ahead():
                self._add(
                    Fault.MISPLACED_ELEMENT,
                    f"<{self._label}> must come after <{local(name)}>{parent.place}",
                )
                known = elements_named(self._base, self._name)
                return Recovery(self._wherever_from(known), detached=True)
            self._report.add(Finding(
                Fault.MISSING_ELEMENT, parent.tag.span,
                f"<{parent.label}> lacks the required element <{local(name)}> "
                f"before <{self._label}>", parent.xpath,
            ))  # fmt: skip
            return Recovery(opened)
        return None

    def _needs(self) -> str:
        """Return the attributes of the parent with which the element would be allowed."""
        parent = self._parent
        found = [
            f"<{parent.label} {local(name)}='{value}'>"
            for name, value in variants(self._automaton, parent, self._comes_first_in)
        ]  # fmt: skip
        return f"it needs {listed(found, last='or')}" if found else ""

    def _comes_first_in(self, parent: Pattern) -> bool:
        return self._name in close(parent).elements

    def _excluded_by(self) -> str:
        """Return an attribute of the parent without which the element would be allowed."""
        parent = self._parent
        for index, (name, value) in enumerate(parent.attributes[:_MAX_TRIED]):
            others = parent.attributes[:index] + parent.attributes[index + 1 :]
            left = without_attributes(run(self._automaton, parent.opening, others))
            if self._name in left.elements:
                return f"<{parent.label} {local(name)}='{clip(value, 40)}'> excludes it"
        return ""

    def _expected(self) -> str:
        expected = self._parent.pattern.elements - {WILDCARD}
        if not expected:
            return "; nothing more may come" if self._parent.seen > 1 else ""
        return f"; expected {tags(expected)}"

    # The parent does not know it

    def _unknown(self) -> Recovery:
        parent = self._parent
        finding = self._add(Fault.UNKNOWN_ELEMENT, f"<{self._label}> is not allowed{parent.place}")
        now = parent.pattern.elements - {WILDCARD}
        home = self._vocabulary().parents.get(self._name, set()) - {parent.name}
        if self._fits_only(home, element_names(self._base)):
            return self._belongs(finding, home)
        meant = self._meant(now)
        if meant is not None and self._is_typo(meant, known_elsewhere=bool(home)):
            self._suggest(finding, meant)
            return Recovery(list(by_start_tag(parent.pattern, meant)), finding=finding)
        ever = self._meant(element_names(self._base))
        if ever is not None and self._is_typo(ever, known_elsewhere=bool(home)):
            self._suggest(finding, ever)
            known = elements_named(self._base, ever)
            opened = [(element, element.pool.empty) for element in known]
            return Recovery(opened, detached=True, finding=finding)
        self._stand_in(finding, now)
        if home:
            return self._belongs(finding, home)
        if finding.hint is None:
            finding.hint = self._allowed(now)
        finding.message += f"; {finding.hint}"
        return Recovery([])

    def _belongs(self, finding: Finding, home: set[str]) -> Recovery:
        finding.hint = f"it belongs in {listed([f'<{local(h)}>' for h in sorted(home)], 50)}"
        finding.message += f"; {finding.hint}"
        return Recovery([])

    def _meant(self, names: frozenset[str] | set[str]) -> str | None:
        # A name that is among the siblings anyway was hardly meant, if it can come once only.
        words = {local(name): name for name in sorted(names)}
        present = {local(name) for name in self._parent.siblings}
        absent = [word for word in words if word not in present]
        near = [word for word in absent if nearest(self._label, [word]) is not None]
        best = nearest(self._label, [word for word in near if self._fits_as(words[word])] or near)
        other = nearest(self._label, words)
        if best is None or (other is not None and self._closer(other, best)):
            best = other
        return None if best is None else words[best]

    def _fits_as(self, name: str) -> bool:
        known = elements_named(self._base, name)
        return any(fits(self._automaton, element.content, self._child) for element in known)

    def _fits_only(self, home: set[str], names: set[str]) -> bool:
        """Tell whether it is right where it belongs, and under no other name here."""
        near = [name for name in names if nearest(self._label, [local(name)]) is not None]
        return (
            bool(home)
            and not any(map(self._fits_as, near))
            and any(
                fits(self._automaton, element.content, self._child)
                for element, _ in self._wherever_from([])
            )
        )

    def _closer(self, left: str, right: str) -> bool:
        cap = len(self._label)
        name = self._label.lower()
        return distance(name, left.lower(), cap) + 1 < distance(name, right.lower(), cap)

    def _is_typo(self, meant: str, *, known_elsewhere: bool) -> bool:
        """Tell whether to believe a suggestion for a name that belongs elsewhere."""
        return not known_elsewhere or distance(self._label, local(meant), 2) <= 1

    def _suggest(self, finding: Finding, meant: str) -> None:
        finding.suggestion = self._parent.spell(meant)
        word = finding.suggestion or local(meant)
        finding.hint = f"did you mean <{word}>?"
        if local(meant) == self._label and finding.suggestion is None:
            finding.hint = f"did you mean <{word}> in the namespace {meant.partition(' ')[0]}?"
        finding.message += f"; {finding.hint}"

    def _stand_in(self, finding: Finding, now: frozenset[str]) -> None:
        """Take it for the one required element that is nowhere: one wrong name explains both."""
        parent = self._parent
        missing = required_elements(parent.pattern) - set(parent.ahead())
        if len(missing) != 1 or not missing <= now:
            return
        name = next(iter(missing))
        finding.hint = f"<{local(name)}> is required"
        rests = [rest for _, rest in by_start_tag(parent.pattern, name)]
        parent.pattern = parent.pattern.pool.choice(rests)

    def _allowed(self, now: frozenset[str]) -> str:
        if now:
            return f"expected {tags(now)}"
        if self._parent.seen > 1:
            return "nothing more may come"
        return "it must be empty" if not self._parent.pattern.has_text else "only text is allowed"


def _may_come(pattern: Pattern, name: str) -> bool:
    return bool(by_start_tag(pattern, name))
