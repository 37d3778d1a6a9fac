"""The exit statuses of the commands, and what all our own exceptions have in common."""

from enum import IntEnum

from xmlresource.diagnostics import Diagnostic


class ExitStatus(IntEnum):
    """The exit status of ``xmlresource`` and ``xmlresource-hook``."""

    FINE = 0
    FINDINGS = 1  # a document has errors
    USAGE = 2  # bad usage, unreadable input, unusable configuration or state
    REFUSED = 3  # the guarantee can't be promised
    ROLLED_BACK = 4  # a kernel write failed, and what was written is undone


class XmlresourceError(Exception):
    """An answer that is no result; its text is for a person.

    Attributes:
        exit_status: What a command exits with that ends so.
        diagnostics: The faults of documents that are behind it; they say more than its text.
    """

    exit_status = ExitStatus.USAGE
    diagnostics: tuple[Diagnostic, ...] = ()
