"""Children that may come in any order, but that libxml2 (and so libvirt) refuses in theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xmlresource.relaxng.diagnosing.finding_list import Finding, Findings
from xmlresource.relaxng.diagnosing.violation import ViolationKind

if TYPE_CHECKING:
    from xmlresource.relaxng.diagnosing.document_text import TextSpan
    from xmlresource.relaxng.diagnosing.frame import Frame
    from xmlresource.relaxng.libxml2.relinking import Stumble


class OrderWatch:
    """Finds the children over which libxml2 stumbles, in the course of a second pass."""

    def __init__(self, report: Findings, stumble: Stumble) -> None:
        self._report = report
        self._stumble = stumble
        self._children: list[Frame] = []

    def opened(self, frame: Frame) -> None:
        """Look at an element: a child of the document element counts."""
        parent = frame.parent
        if parent is None or parent.parent is None or parent.parent.parent is not None:
            return
        self._children.append(frame)
        if len(self._children) == self._stumble.after + 1:
            self._warn(*[self._children[number] for number in self._stumble])

    def content(self, frame: Frame, text: str, span: TextSpan) -> None:
        """Text has no order."""

    def _warn(self, before: Frame, extra: Frame, after: Frame) -> None:
        message = (
            f"libxml2, and with it libvirt, refuses <{extra.label}> between <{before.label}> and "
            f"<{after.label}>, though the schema allows any order"
        )
        hint = f"put <{after.label}> directly after <{before.label}>"
        related = (f"<{after.label}> is here", after.tag.span.start)
        self._report.add(Finding(ViolationKind.REFUSED_ORDER, extra.tag.span, message, extra.xpath,
                                 hint=hint, related=related))  # fmt: skip
