"""A source that can't be imported."""

from typing import Final

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic, Span
from xmlresource.errors import ExitStatus, XmlresourceError


class SourceError(XmlresourceError):
    """A source can't be imported; ``diagnostic`` says what, where and how to mend it."""

    exit_status = ExitStatus.FINDINGS

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic: Final = diagnostic
        self.diagnostics = (diagnostic,)


def source_error(
    code: str, message: str, path: str, *, span: Span | None = None, hint: str | None = None
) -> SourceError:
    """A :class:`SourceError` of rule ``code``; its registered cure is the hint by default."""
    rule = CODES[code]
    return SourceError(rule.diagnostic(message, path, span=span, hint=hint or rule.cure))
