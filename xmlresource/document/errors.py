"""A document that can't be read at all."""

from typing import Final

from xmlresource.diagnostics import Diagnostic, Span
from xmlresource.errors import ExitStatus, XmlresourceError


class DocumentError(XmlresourceError):
    """The document can't be read; ``diagnostic`` says what, where and how to mend it."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic: Final = diagnostic
        self.diagnostics = (diagnostic,)
        unreadable = diagnostic.code == "XR001"
        self.exit_status = ExitStatus.USAGE if unreadable else ExitStatus.FINDINGS


def document_error(
    code: str, message: str, path: str, *, span: Span | None = None, hint: str | None = None
) -> DocumentError:
    """A :class:`DocumentError` of rule ``code``; its registered cure is the hint by default."""
    # The hook reads documents at every guest start, and most can be read.
    from xmlresource.codes import CODES  # noqa: PLC0415

    rule = CODES[code]
    return DocumentError(rule.diagnostic(message, path, span=span, hint=hint or rule.cure))
