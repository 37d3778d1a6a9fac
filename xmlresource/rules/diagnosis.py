"""Diagnoses: how a rule reports a registered code at an element."""

from xmlresource.diagnostics import Diagnostic, Edit, Span
from xmlresource.document.tree import Element


def at(
    code: str,
    element: Element,
    message: str,
    *,
    span: Span | None = None,
    hint: str | None = None,
    fix: tuple[Edit, ...] = (),
) -> Diagnostic:
    """A finding of rule ``code`` at ``element``.

    Args:
        code: The rule.
        element: The element at fault; its start tag is the place by default.
        message: What is wrong.
        span: A more exact place.
        hint: The cure; the rule's own by default.
        fix: The edits that are the cure, where they are sure.
    """
    # The hook asks at every guest start for what is wrong, and mostly nothing is.
    from xmlresource.codes import CODES  # noqa: PLC0415

    rule = CODES[code]
    return rule.diagnostic(
        message,
        element.source.name,
        span=span or element.span,
        xpath=element.xpath,
        hint=hint or rule.cure,
        fix=fix,
    )


def line_of(element: Element) -> int:
    """The line of its start tag."""
    return element.source.position(element.start)[0]
