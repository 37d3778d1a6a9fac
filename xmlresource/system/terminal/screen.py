"""A terminal: how large it is, what it can show, and a picture on it that is drawn anew."""

import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from typing import Final

from xmlresource.system.terminal.signals import ended_by

_ENTER: Final = "\x1b[?1049h\x1b[?25l"  # the alternative screen, without a cursor
_LEAVE: Final = "\x1b[?25h\x1b[?1049l"
_HOME, _END_OF_LINE, _BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_COLOUR: Final = "\x1b\\[[0-9;]*m"
_DUMB: Final = frozenset({"", "dumb"})


def is_screen() -> bool:
    """Whether standard output is a terminal that can be drawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in _DUMB


def shows_blocks() -> bool:
    """Whether standard output can show block characters."""
    try:
        "█▏│·".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def width() -> int:
    """The characters of a line."""
    return _size().columns


@contextlib.contextmanager
def picture() -> Iterator[None]:
    """A screen for a picture; what was there before is back afterwards, whatever ends the process.

    For the main thread alone, as :func:`ended_by`.
    """
    with ended_by(_leave_and_die):
        sys.stdout.write(_ENTER)
        try:
            yield
        finally:
            sys.stdout.write(_LEAVE)
            sys.stdout.flush()


def _leave_and_die(number: int, _frame: object) -> None:
    """Die of a signal as if nobody had handled it, but leave the screen first."""
    # Not through sys.stdout, which may be in the middle of a write.
    with contextlib.suppress(OSError):  # the terminal may be gone: that is what a hang-up is
        os.write(sys.stdout.fileno(), _LEAVE.encode())
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)


def draw(text: str) -> None:
    """Draw the picture, over the one before; what does not fit is left out."""
    columns, rows = _size()
    lines = [_cut(line, columns) for line in text.splitlines()[:rows]]
    # In one write, and without wiping the screen first: it does not flicker.
    drawn = f"{_END_OF_LINE}\r\n".join(lines)
    sys.stdout.write(f"{_HOME}{drawn}{_END_OF_LINE}{_BELOW}")
    sys.stdout.flush()


def _cut(line: str, columns: int) -> str:
    """The line, or what fits of it, without its colours: a cut must not leave one switched on."""
    plain = re.sub(_COLOUR, "", line)
    return line if len(plain) <= columns else plain[:columns]


def pause(seconds: float) -> None:
    """Let time pass."""
    time.sleep(seconds)


def _size() -> os.terminal_size:
    try:
        found = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        found = os.terminal_size((0, 0))
    return found if found.columns and found.lines else os.terminal_size((80, 24))
