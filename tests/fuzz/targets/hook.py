"""What libvirt hands to the hook: words, a definition, and a configuration, on a made-up host."""

import contextlib
import io
import os
import posixpath
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final
from unittest import mock

from tests.fakes.host import FakeHost, domain, guarantee, hard_limit
from tests.fuzz import seeds as sources
from tests.fuzz.checks import assert_lines_are_printable
from tests.fuzz.sections import join, split
from xmlresource import hook
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system import log
from xmlresource.system.machine import Machine

NAME: Final = "db1"
CALLER: Final = 77
CONFIGURATION: Final = b'host_reserve = "1GiB"\ncommit_ratio = 1.0\n[partitions]\n"/a" = "1GiB"\n'
STARTS: Final = ("prepare", "migrate", "restore", "started")
OPERATIONS: Final = (*STARTS, "stopped", "release", "reconnect", "start", "")
ANSWERS: Final = {each.value for each in ExitStatus}
FOLDERS: Final = (
    *("/proc/", "/sys/", "/run/", "/etc/xmlresource.toml"),
    "/var/lib/libvirt/qemu",  # its listing alone
)
MEMORY: Final = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it


class WatchedMachine(Machine):
    """Lets nobody leave the folders that a hook has business in."""

    def path(self, path: str) -> str:
        assert posixpath.normpath(path) == path.rstrip("/"), ascii(path)
        assert path.startswith(FOLDERS), ascii(path)
        assert "\n" not in path, ascii(path)
        return super().path(path)


def seeds() -> Iterator[bytes]:
    xml = domain(NAME, 1, guarantee(1000) + hard_limit(2000))
    for operation in OPERATIONS:
        yield join(f"{NAME}\0{operation}".encode(), b"", xml)
    yield join(b"db1\0prepare", CONFIGURATION, xml)
    yield join(b"../\n\xff\0prepare", b"", domain(NAME, 1, guarantee(9000)))
    for data in (*sources.documents(), *sources.libvirts()):
        yield join(b"db1\0prepare", b"", data)


def one(data: bytes) -> None:
    """An answer that libvirt knows, in printable lines; a guest that runs is never killed."""
    words, configuration, document = split(data, 3)
    name, _, operation = os.fsdecode(words).partition("\0")
    with _host() as host:
        if configuration:
            (host.root / "etc/xmlresource.toml").write_bytes(configuration)
        machine = WatchedMachine(str(host.root))
        status, said = _ask(machine, [name, operation], document)
        if status == 0 and operation in OPERATIONS:
            # Also what the hook has seen by its bytes to be without a policy.
            _ask(machine, [name, operation], document + b"<!-- &# -->")
    assert status in ANSWERS
    assert operation in STARTS or not status
    assert status == 0 or said
    assert "internal error" not in said, said
    assert_lines_are_printable(said)


def _ask(machine: Machine, words: list[str], document: bytes) -> tuple[int, str]:
    stderr = io.StringIO()
    with (
        mock.patch.object(hook, "answer_for_policy", lambda *call: answer(*call, machine)),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(document))),
        mock.patch.object(sys, "stderr", stderr),
        mock.patch.object(log, "send", lambda _, sent: assert_lines_are_printable(sent.decode())),
    ):
        status = hook.main(words, CALLER)
    return status, stderr.getvalue()


@contextlib.contextmanager
def _host() -> Iterator[FakeHost]:
    """A host as it was before; a guest runs on it already."""
    host = _made()
    shutil.rmtree(host.root / "run/xmlresource", ignore_errors=True)
    (host.root / "etc/xmlresource.toml").unlink(missing_ok=True)
    yield host


@cache
def _made() -> FakeHost:
    folder = tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
    host = FakeHost(Path(folder.name), version=2)
    host.folder = folder  # type: ignore[attr-defined] # removed when the process ends
    host.process(CALLER)
    host.run(NAME, 4001, domain(NAME, 1, guarantee(1000)))
    return host
