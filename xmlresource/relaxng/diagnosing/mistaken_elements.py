"""An element that may come by its name, but is another one by what it has.

``<boot dev='hd'/>`` belongs in ``<os>``; ``<disk>`` has a ``<boot order='1'/>`` of its own. Where
nothing fits the one that is allowed, and everything fits another, the element is out of place
rather than each of its attributes, or children, wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.analysis import elements_named, nodes
from xmlresource.relaxng.core.derivatives import by_start_tag, close
from xmlresource.relaxng.core.names import WILDCARD, contains, local
from xmlresource.relaxng.core.patterns import ELEMENT, NOT_ALLOWED, Pattern, without_attributes
from xmlresource.relaxng.diagnosing.element_faults import Recovery
from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings
from xmlresource.relaxng.diagnosing.frame import fits, run
from xmlresource.relaxng.diagnosing.suggestions import distance, nearest
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.diagnosing.wording import listed, quoted, tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xmlresource.relaxng.core.automaton import Automaton
    from xmlresource.relaxng.diagnosing.frame import Frame
    from xmlresource.relaxng.diagnosing.vocabulary import Vocabulary

_MAX_HOMES = 50
#: With more attributes than that, it is not worth working out.
_MAX_TRIED = 24


class MistakenElements:
    """Recognises them in the course of a second pass."""

    def __init__(
        self, automaton: Automaton, report: Findings, vocabulary: Callable[[], Vocabulary]
    ) -> None:
        self._automaton = automaton
        self._report = report
        self._vocabulary = vocabulary

    def recover(
        self, parent: Frame, child: Frame, allowed: Pattern
    ) -> Recovery | None:  # fmt: skip
        """Report a child that is another element; None if it is none.

        Args:
            parent: the element around it.
            child: the element.
            allowed: the content of the elements that it may be.
        """
        bare = not child.attributes and not child.siblings
        if bare or len(child.attributes) > _MAX_TRIED or self._is_at_home(allowed, child):
            return None
        own = elements_named(without_attributes(parent.opening), child.name)
        wrong = self._wrong(own, child)
        if not wrong or self._fitting(own, child):
            return None
        return self._misspelt(parent, child, wrong) or self._moved(parent, child, wrong, own)

    def _is_at_home(self, allowed: Pattern, child: Frame) -> bool:
        """Tell, quickly, whether it is an element that it may be: so for nearly all."""
        if not child.attributes:
            return fits(self._automaton, allowed, child)
        return close(run(self._automaton, allowed, child.attributes)).kind != NOT_ALLOWED

    def _wrong(self, own: list[Pattern], child: Frame) -> str:
        """Return what the element must not have, in words; nothing where too much of it fits."""
        if child.attributes:
            return quoted(self._wrong_attributes(own, child))
        allowed = [node.names for element in own for node in nodes(element.content, ELEMENT)]
        have = set(child.siblings)
        fitting = [name for name in have if any(contains(names, name) for names in allowed)]
        return "" if fitting else tags(have)

    def _wrong_attributes(self, own: list[Pattern], child: Frame) -> list[str]:
        """Return the attributes that are not allowed, if that is all or more than one is bad."""
        allowed = frozenset[str]().union(*[element.content.attributes for element in own])
        if WILDCARD in allowed:
            return []
        wrong = [name for name, _ in child.attributes if name not in allowed]
        free = [local(name) for name in allowed if name not in dict(child.attributes)]
        if any(nearest(local(name), free) is not None for name in wrong):
            return []  # misspelt is nearer than out of place
        bad = [pair for pair in child.attributes if not self._takes(own, pair)]
        return wrong if len(bad) > 1 or len(bad) == len(child.attributes) else []

    def _takes(self, own: list[Pattern], pair: tuple[str, str]) -> bool:
        after = (self._automaton.after_attribute(element.content, *pair) for element in own)
        return any(left.kind != NOT_ALLOWED for left in after)

    def _fitting(self, elements: Iterable[Pattern], child: Frame) -> list[Pattern]:
        """Return the elements that may have all the child's attributes and children."""
        return [element for element in elements if fits(self._automaton, element.content, child)]

    def _misspelt(self, parent: Frame, child: Frame, wrong: str) -> Recovery | None:
        """Take it for the element of almost the same name that fits, if there is one."""
        for name in sorted(parent.pattern.elements - {WILDCARD, child.name}):
            if distance(child.label, local(name), 1) > 1:
                continue
            opened = list(by_start_tag(parent.pattern, name))
            fitting = self._fitting([element for element, _ in opened], child)
            if fitting:
                finding = self._add(child, wrong, f"did you mean <{local(name)}>?")
                finding.suggestion = parent.spell(name)
                opened = [(element, rest) for element, rest in opened if element in fitting]
                return Recovery(opened, finding=finding)
        return None

    def _moved(
        self, parent: Frame, child: Frame, wrong: str, own: list[Pattern]
    ) -> Recovery | None:  # fmt: skip
        """Read it as the element of that name that is declared for another parent."""
        pool = parent.pattern.pool
        vocabulary = self._vocabulary()
        numbers = vocabulary.declarations.get(child.name, [])
        declared = [pool.element(child.name, number) for number in numbers]
        others = [one for one in declared if one not in own and not _takes_anything(one)]
        fitting = self._fitting(others, child)
        homes = vocabulary.holders([element.mark for element in fitting]) - {parent.name}
        if not homes:
            return None
        places = listed([f"<{local(home)}>" for home in sorted(homes)], _MAX_HOMES)
        self._add(child, wrong, f"it belongs in {places}")
        return Recovery([(element, pool.empty) for element in fitting], detached=True)

    def _add(self, child: Frame, wrong: str, hint: str) -> Finding:
        place = child.parent.place if child.parent is not None else ""
        message = f"<{child.label}> with {wrong} is not allowed{place}"
        return self._report.add(
            Finding(
                ViolationKind.MISPLACED_ELEMENT, child.tag.span, message, child.xpath, hint=hint
            )
        )


def _takes_anything(element: Pattern) -> bool:
    """Tell whether an element may hold whatever there is: that all fits there says nothing."""
    return WILDCARD in element.content.attributes
