"""A terminal with a program of ours on it, for a host of plain files."""

import codecs
import os
import pty
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path
from typing import Final

# The command, on another root: each module takes its machine when it is imported.
_PROGRAM: Final = """
import sys
from functools import partial
from xmlresource.system import machine
machine.Machine = partial(machine.Machine, sys.argv[1])
from xmlresource.cli import main
sys.exit(main(sys.argv[2:]))
"""


class Terminal:
    """A command on a terminal of so many columns and rows, which speaks UTF-8."""

    def __init__(
        self, root: Path, *words: str, rows: int = 24, columns: int = 80, **environment: str
    ) -> None:
        self._end, other = pty.openpty()
        ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        kept = {name: value for name, value in os.environ.items() if name not in _UNWANTED}
        more = {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | environment
        self.process = subprocess.Popen(  # noqa: S603 -- ours
            [sys.executable, "-c", _PROGRAM, str(root), *words],
            stdin=other,
            stdout=other,
            stderr=other,
            env=kept | more,
        )
        os.close(other)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.already_shown = ""

    def read_until(self, text: str, times: int = 1) -> None:
        """Read until ``text`` was shown so many times."""
        while self.already_shown.count(text) < times:
            self.already_shown += self._decoder.decode(os.read(self._end, 65536))

    def finish(self) -> int:
        """Read to the end; the exit status comes back."""
        try:
            while chunk := os.read(self._end, 65536):
                self.already_shown += self._decoder.decode(chunk)
        except OSError:  # nobody has the other end any more
            pass
        os.close(self._end)
        return self.process.wait(60)


_UNWANTED: Final = frozenset({"COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"})
