"""What all our own exceptions have in common."""

from xmlresource.diagnostics import Diagnostic
from xmlresource.exit_status import ExitStatus


class XmlresourceError(Exception):
    """An answer that is no result; its text is for a person.

    Attributes:
        exit_status: What a command exits with that ends so.
        diagnostics: The faults of documents that are behind it; they say more than its text.
    """

    exit_status = ExitStatus.USAGE
    diagnostics: tuple[Diagnostic, ...] = ()
