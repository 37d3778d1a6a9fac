"""What the commands' exit statuses mean."""

from enum import IntEnum


class ExitStatus(IntEnum):
    """The exit status of ``xmlresource`` and ``xmlresource-hook``."""

    FINE = 0
    FINDINGS = 1  # a document has errors
    USAGE = 2  # bad usage, unreadable input, unusable configuration or state
    REFUSED = 3  # the guarantee can't be promised
    ROLLED_BACK = 4  # a kernel write failed, and what was written is undone
