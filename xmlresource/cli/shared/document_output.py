"""Documents and diffs on standard output: byte for byte, but for a terminal."""

import re
import sys
from typing import Final

from xmlresource.printable import one_line

_SUSPECT: Final = r"[^\n\t -~]+"


def print_document(data: bytes) -> None:
    """Print ``data`` as it is; a terminal gets what it would obey as escapes.

    It need not be in the terminal's encoding.
    """
    if not data:
        return
    if sys.stdout.isatty():
        text = data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")
        sys.stdout.write(re.sub(_SUSPECT, lambda match: one_line(match[0]), text))
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
