"""An element that may not come now: says why, and finds a way to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xmlresource.relaxng.core.analysis import element_names, elements_named, required_elements
from xmlresource.relaxng.core.derivatives import attribute_values, by_start_tag, close, matches
from xmlresource.relaxng.core.names import WILDCARD, local
from xmlresource.relaxng.core.patterns import Pattern, without_attributes
from xmlresource.relaxng.diagnosing import namespace_faults
from xmlresource.relaxng.diagnosing.attribute_faults import blame_parent
from xmlresource.relaxng.diagnosing.expectations import expectation
from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings
from xmlresource.relaxng.diagnosing.frame import fits, run, variants
from xmlresource.relaxng.diagnosing.suggestions import distance, nearest
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.diagnosing.wording import clip, listed, short, tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.diagnosing.frame import Frame
    from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary

    Opened = list[tuple[Pattern, Pattern]]

_MAX_EXPECTED = 6
_MAX_TRIED = 24


@dataclass(frozen=True, slots=True)
class Recovery:
    """A way to go on after a fault.

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
        report: Findings,
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
        self._label = child.label
        self._word = local(self._name)
        self._words = report.words
        self._base = without_attributes(parent.opening)

    def recover(self) -> Recovery:
        """Report the element, and return how to go on."""
        known = elements_named(self._base, self._name)
        return self._misplaced(known) if known else self._unknown()

    def _add(self, code: ViolationKind, message: str) -> Finding:
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
            ViolationKind.MISPLACED_ELEMENT,
            f"<{self._label}> is not allowed here{self._parent.place}",
        )
        reason = self._needs() or self._excluded_by()
        finding.problem += f": {reason}" if reason else self._expected()
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
                    ViolationKind.DUPLICATE_ELEMENT,
                    f"only one <{self._label}> is allowed{parent.place}; "
                    f"the first is at line {child.line}",
                )
            else:
                finding = self._add(
                    ViolationKind.MISPLACED_ELEMENT,
                    f"<{self._label}> cannot follow <{self._spelt(child.name)}> "
                    f"at line {child.line}{parent.place}",
                )
            finding.related = (f"<{self._spelt(child.name)}> is here", child.offset)
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
                    ViolationKind.MISPLACED_ELEMENT,
                    f"<{self._label}> must come after <{self._spelt(name)}>{parent.place}",
                )
                known = elements_named(self._base, self._name)
                return Recovery(self._wherever_from(known), detached=True)
            self._report.add(Finding(
                ViolationKind.MISSING_ELEMENT, parent.tag.span,
                f"<{parent.label}> lacks the required element <{self._spelt(name)}> "
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
        return f"; expected {self._tags(expected)}"

    # The parent does not know it

    def _unknown(self) -> Recovery:
        parent = self._parent
        finding = self._add(
            ViolationKind.UNKNOWN_ELEMENT, f"<{self._label}> is not allowed{parent.place}"
        )
        other = namespace_faults.meant(element_names(self._base), parent, self._child, self._words)
        if other is not None:
            return self._in_namespace(finding, other)
        if self._name in parent.opening.attributes:
            return self._was_attribute(finding)
        if (of_another := self._of_another_kind(finding)) is not None:
            return of_another
        return self._misspelt(finding) or self._stranger(finding)

    def _of_another_kind(self, finding: Finding) -> Recovery | None:
        """Read on as in a parent of the same name that may have it, if an attribute decides that.

        So for ``<source><vendor/></source>`` in a ``<hostdev>`` that is of another type.
        """
        parent, grandparent = self._parent, self._parent.parent
        homes = self._vocabulary().parents.get(self._name, set())
        if grandparent is None or parent.name not in homes:
            return None

        def having(pattern: Pattern) -> list[Pattern]:
            elements = elements_named(close(pattern), parent.name)
            return [one for one in elements if self._name in element_names(one.content)]

        fits_with = list(variants(self._automaton, grandparent, lambda left: bool(having(left))))
        if not fits_with:
            return None
        shown = [f"<{grandparent.label} {local(name)}='{value}'>" for name, value in fits_with]
        finding.problem += f" here, but it is in {listed(shown, last='or')}"
        others = having(without_attributes(grandparent.opening))
        kinds = [without_attributes(one.content) for one in others]
        parent.pattern = parent.pattern.pool.choice([parent.pattern, *kinds])
        return Recovery(list(by_start_tag(parent.pattern, self._name)))

    def _misspelt(self, finding: Finding) -> Recovery | None:
        """Take it for a name that is much like it; None where there is none to believe in."""
        parent = self._parent
        now = self._of_this_kind(parent.pattern.elements - {WILDCARD})
        home = self._vocabulary().parents.get(self._name, set()) - {parent.name}
        if self._fits_only(home, self._of_this_kind(element_names(self._base))):
            return self._belongs(finding, home)
        meant = self._meant(now)
        if meant is not None and self._is_typo(meant, known_elsewhere=bool(home)):
            self._suggest(finding, meant)
            return Recovery(list(by_start_tag(parent.pattern, meant)), finding=finding)
        ever = self._meant(self._of_this_kind(element_names(self._base)))
        if ever is not None and self._is_typo(ever, known_elsewhere=bool(home)):
            self._suggest(finding, ever)
            known = elements_named(self._base, ever)
            opened = [(element, element.pool.empty) for element in known]
            return Recovery(opened, detached=True, finding=finding)
        return None

    def _stranger(self, finding: Finding) -> Recovery:
        now = self._of_this_kind(self._parent.pattern.elements - {WILDCARD})
        home = self._vocabulary().parents.get(self._name, set()) - {self._parent.name}
        self._stand_in(finding, now)
        if home:
            return self._belongs(finding, home)
        allowed = self._allowed(now)
        if finding.hint is None:
            finding.hint = allowed
        elif len(now) > 1:
            finding.problem += f"; {allowed}"
        return Recovery([])

    def _of_this_kind(self, names: frozenset[str] | set[str]) -> set[str]:
        return namespace_faults.of_this_kind(names, self._parent, self._words)

    def _spelt(self, name: str) -> str:
        return short(self._parent.spelt(name, self._words))

    def _tags(self, names: Iterable[str]) -> str:
        return tags(self._of_this_kind(set(names)), self._spelt)

    def _in_namespace(self, finding: Finding, meant: str) -> Recovery:
        """Read it as the element of the same name in another namespace."""
        parent = self._parent
        namespace_faults.explain(finding, meant, parent, self._child, self._words)
        opened = list(by_start_tag(parent.pattern, meant))
        if opened:
            return Recovery(opened, finding=finding)
        known = elements_named(self._base, meant)
        opened = [(element, element.pool.empty) for element in known]
        return Recovery(opened, detached=True, finding=finding)

    def _was_attribute(self, finding: Finding) -> Recovery:
        """Explain a child that is to be an attribute of its parent."""
        parent = self._parent
        finding.problem += ": it is an attribute"
        value = self._child.tag.value
        tests = attribute_values(parent.opening, self._name)
        if value is not None and any(matches(test, value) for test in tests):
            finding.hint = f"write <{parent.label} {self._word}='{value}'>"
        else:
            expected = expectation(tests, self._words)
            finding.hint = f"write <{parent.label} {self._word}='…'>, with {expected}"
        return Recovery([])

    def _belongs(self, finding: Finding, home: set[str]) -> Recovery:
        finding.hint = f"it belongs in {listed([f'<{local(h)}>' for h in sorted(home)], 50)}"
        return Recovery([])

    def _meant(self, names: frozenset[str] | set[str]) -> str | None:
        # A name that is among the siblings anyway was hardly meant, if it can come once only.
        here = namespace_faults.uri_of(self._name)
        alike = [name for name in names if namespace_faults.uri_of(name) == here]
        words = {local(name): name for name in sorted(alike or names)}
        present = {local(name) for name in self._parent.siblings}
        absent = [word for word in words if word not in present]
        near = [word for word in absent if nearest(self._word, [word]) is not None]
        best = nearest(self._word, [word for word in near if self._fits_as(words[word])] or near)
        other = nearest(self._word, words)
        if best is None or (other is not None and self._closer(other, best)):
            best = other
        return None if best is None else words[best]

    def _fits_as(self, name: str) -> bool:
        known = elements_named(self._base, name)
        return any(fits(self._automaton, element.content, self._child) for element in known)

    def _fits_only(self, home: set[str], names: set[str]) -> bool:
        """Tell whether it is right where it belongs, and under no other name here."""
        near = [name for name in names if nearest(self._word, [local(name)]) is not None]
        return (
            bool(home)
            and not any(map(self._fits_as, near))
            and any(
                fits(self._automaton, element.content, self._child)
                for element, _ in self._wherever_from([])
            )
        )

    def _closer(self, left: str, right: str) -> bool:
        cap = len(self._word)
        name = self._word.lower()
        return distance(name, left.lower(), cap) + 1 < distance(name, right.lower(), cap)

    def _is_typo(self, meant: str, *, known_elsewhere: bool) -> bool:
        """Tell whether to believe a suggestion for a name that belongs elsewhere."""
        return not known_elsewhere or distance(self._word, local(meant), 2) <= 1

    def _suggest(self, finding: Finding, meant: str) -> None:
        finding.suggestion = self._parent.spell(meant)
        finding.hint = f"did you mean <{self._spelt(meant)}>?"

    def _stand_in(self, finding: Finding, now: set[str]) -> None:
        """Take it for the one required element that is nowhere: one wrong name explains both."""
        parent = self._parent
        missing = required_elements(parent.pattern) - set(parent.ahead())
        if len(missing) != 1 or not missing <= now:
            return
        name = next(iter(missing))
        finding.hint = f"<{self._spelt(name)}> is required"
        rests = [rest for _, rest in by_start_tag(parent.pattern, name)]
        parent.pattern = parent.pattern.pool.choice(rests)

    def _allowed(self, now: Iterable[str]) -> str:
        if now:
            return f"expected {self._tags(now)}"
        if self._base.has_text and not self._base.elements:
            return f"<{self._parent.label}> holds a value and no elements"
        if self._parent.seen > 1:
            return "nothing more may come"
        return "only text is allowed" if self._base.has_text else "it must be empty"


def _may_come(pattern: Pattern, name: str) -> bool:
    return bool(by_start_tag(pattern, name))
