"""Values that are valid, but that libxml2 (and so libvirt's own check) refuses for their blanks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.core.analysis import nodes
from xmlresource.relaxng.core.derivatives import attribute_values, matches
from xmlresource.relaxng.core.names import local
from xmlresource.relaxng.core.patterns import CHOICE, DATA, GROUP, INTERLEAVE
from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings
from xmlresource.relaxng.diagnosing.violation import ViolationKind
from xmlresource.relaxng.diagnosing.wording import clip
from xmlresource.relaxng.loading.compiler import Data
from xmlresource.relaxng.xsd.blanks import BLANKS, has_blanks_around

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xmlresource.relaxng.core.patterns import Pattern
    from xmlresource.relaxng.diagnosing.document_text import TextSpan
    from xmlresource.relaxng.diagnosing.frame import Frame

_HINT = "remove the blanks around it"


class BlankWatch:
    """Looks at values in the course of a second pass, and warns of their blanks."""

    def __init__(self, report: Findings) -> None:
        self._report = report

    def opened(self, frame: Frame) -> None:
        """Look at the attributes of an element."""
        for index, (name, value) in enumerate(frame.attributes):
            if has_blanks_around(value):
                tests = attribute_values(frame.opening, name)
                if not _accepted_by_libxml2(tests, value):
                    what = f"'{local(name)}' on <{frame.label}>"
                    path = f"{frame.xpath}/@{frame.tag.raw_names[index]}"
                    self._warn(frame.tag.values[index], value, what, path)

    def content(self, frame: Frame, text: str, span: TextSpan) -> None:
        """Look at the text that an element consists of."""
        if has_blanks_around(text) and not _accepted_by_libxml2([frame.pattern], text):
            self._warn(span, text, f"<{frame.label}>", frame.xpath)

    def _warn(self, span: TextSpan, value: str, what: str, xpath: str) -> None:
        message = (
            f"the blanks around '{clip(value.strip(BLANKS), 40)}' in {what} are allowed, "
            "but libxml2, and with it libvirt, refuses them"
        )
        self._report.add(Finding(ViolationKind.UNTRIMMED_VALUE, span, message, xpath, hint=_HINT,
                                 suggestion=value.strip(BLANKS)))  # fmt: skip


def _accepted_by_libxml2(patterns: Iterable[Pattern], text: str) -> bool:
    return any(_accepts(pattern, text) for pattern in patterns)


def _accepts(pattern: Pattern, text: str) -> bool:
    if pattern.kind in (CHOICE, GROUP, INTERLEAVE):
        return any(_accepts(part, text) for part in pattern.parts)
    if not matches(pattern, text):
        return False
    if pattern.kind == DATA and isinstance(pattern.atom, Data):
        return pattern.atom.datatype.accepts_in_libxml2(text)
    return all(_accepts(node, text) for node in nodes(pattern, DATA))
