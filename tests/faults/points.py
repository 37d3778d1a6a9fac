"""Every call that the hook's path makes of the machine, counted, and one of them spoilt.

The calls are the methods of ``Syscalls`` (the state folder, the configuration) and of ``Machine``
(what /proc, /sys and /run tell, and the kernel's files).
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest

from xmlresource.system import log
from xmlresource.system.configuration import host_settings
from xmlresource.system.machine import Machine
from xmlresource.system.state import private_folder
from xmlresource.system.syscalls import Syscalls

KILLED: Final = 9
LIMIT: Final = "memory.limit_in_bytes"
TOTAL: Final = "memory.memsw.limit_in_bytes"

ERRORS: Final = ("EIO", "ENOSPC", "EROFS", "EACCES", "ENODEV", "EINTR", "ETIMEDOUT")
FAULTS: Final = (*ERRORS, "short", "kill before", "kill after")

_SYSCALLS: Final = [name for name in vars(Syscalls) if not name.startswith("_")]


def do_nothing() -> None:
    """Nothing happens beside it."""


@dataclass
class Points:
    """The calls made so far, and what to do at one of them.

    Attributes:
        fault: One of ``FAULTS``.
        at: The number of the call that is spoilt, from 1; 0 for none.
        beside: Called right before that call: something else that happens on the host.
        made: The calls, by name.
    """

    fault: str = ""
    at: int = 0
    beside: Callable[[], None] = do_nothing
    made: list[str] = field(default_factory=list)

    def pass_by(
        self,
        name: str,
        call: Callable[..., Any],
        short: Callable[..., Any],
        instead: Mapping[str, Callable[..., Any]] | None = None,
    ) -> Any:
        """Make a call, or spoil it.

        Args:
            name: What kind of call it is.
            call: It.
            short: What it does where it does not do all.
            instead: What some faults mean for it.
        """
        self.made.append(name)
        if len(self.made) != self.at:
            return call()
        self.beside()
        if instead is not None and self.fault in instead:
            return instead[self.fault]()
        if self.fault == "short":
            return short()
        if self.fault in ERRORS:
            if self.fault == "ETIMEDOUT" and name in {"try_lock", "wait_for_lock"}:
                return False
            number = getattr(errno, self.fault)
            if name == "close":
                call()  # which Linux does whatever it answers
            raise OSError(number, os.strerror(number))
        if self.fault == "kill before":
            os._exit(KILLED)
        try:
            return call()
        finally:
            os._exit(KILLED)


@contextlib.contextmanager
def spoilt(points: Points) -> Iterator[None]:
    """Have every call pass by ``points``."""

    class Spoilt(Syscalls):
        def __getattribute__(self, name: str) -> Any:
            call = super().__getattribute__(name)
            if name not in _SYSCALLS:
                return call

            def passing(*arguments: Any) -> Any:
                shorter = _SHORTER.get(name, lambda each: each)(arguments)
                return points.pass_by(name, lambda: call(*arguments), lambda: call(*shorter))

            return passing

    with pytest.MonkeyPatch.context() as patch:
        for module in (private_folder, host_settings):
            patch.setattr(module, "Syscalls", Spoilt)
        patch.setattr(log, "tell", lambda *_, **__: None)
        yield


# One call of write(2) or read(2) that does less than it was asked to.
_SHORTER: Final[dict[str, Callable[[tuple[Any, ...]], tuple[Any, ...]]]] = {
    "write": lambda given: (given[0], [given[1][0][:3]]),
    "read": lambda given: (given[0], min(given[1], 3)),
}


class KernelFiles(Machine):
    """A ``Machine`` whose files take a value whole, as the kernel's do.

    Two processes share these files, and a plain file is empty between open(2) and write(2).
    """

    def write_value(self, path: str, value: str) -> None:
        write_whole(Path(self.path(path)), value, Path(self.root))


def write_whole(file: Path, value: str, root: Path) -> None:
    """Give a file that is there other content, at once; raises FileNotFoundError."""
    file.lstat()
    written = root.with_name(f"{root.name}.written-by-{os.getpid()}")
    written.write_text(value)
    written.rename(file)


class SpoiltMachine(KernelFiles):
    """A ``Machine`` whose calls pass by ``points``; its v1 files keep the kernel's order."""

    points: Points

    def __init__(self, root: str, points: Points) -> None:
        super().__init__(root)
        object.__setattr__(self, "points", points)

    def read_bytes(self, path: str) -> bytes:
        read = super().read_bytes
        return self.points.pass_by(  # type: ignore[no-any-return]
            "read file", lambda: read(path), lambda: read(path)
        )

    def read_beginning(self, path: str, most: int) -> bytes:
        read = super().read_beginning
        return self.points.pass_by(  # type: ignore[no-any-return]
            "read beginning", lambda: read(path, most), lambda: read(path, most)
        )

    def read_guarded(self, path: str, most: int) -> bytes:
        read = super().read_guarded
        return self.points.pass_by(  # type: ignore[no-any-return]
            "read definition", lambda: read(path, most), lambda: read(path, most)
        )

    def names_in(self, path: str) -> list[str]:
        names = super().names_in
        return self.points.pass_by(  # type: ignore[no-any-return]
            "list folder", lambda: names(path), lambda: names(path)
        )

    def write_value(self, path: str, value: str) -> None:
        write = super().write_value

        def as_the_kernel() -> None:
            self._keep_order(path, value)
            write(path, value)

        # The kernel takes a value whole; what it may do is to take none and say nothing.
        self.points.pass_by("write kernel file", as_the_kernel, lambda: None)

    def _keep_order(self, path: str, value: str) -> None:
        """On v1, memory alone never exceeds memory and swap (EINVAL)."""
        folder, _, file = path.rpartition("/")
        if file not in {LIMIT, TOTAL}:
            return
        both = {name: int(Machine.read_bytes(self, f"{folder}/{name}")) for name in (LIMIT, TOTAL)}
        both[file] = int(value) if int(value) >= 0 else 2**63
        if both[LIMIT] > both[TOTAL]:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL), path)
