"""Lines of the log on a host without one: to standard error, for commands that decide or do.

Whoever sits at a terminal reads there what comes of a command, and gets only what it does not say.
"""

import contextlib
import sys
from collections.abc import Iterator

from xmlresource.system.log import unsent


@contextlib.contextmanager
def logged_or_said() -> Iterator[None]:
    """Afterwards, also after a failure, say what could not be logged."""
    try:
        yield
    finally:
        sys.stderr.write(unsent(urgent=sys.stderr.isatty()))
