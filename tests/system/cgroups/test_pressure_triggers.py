"""PSI triggers: files that refuse them, and sockets that tell as the kernel does (POLLPRI)."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from xmlresource.system.cgroups import pressure_triggers
from xmlresource.system.cgroups.pressure_triggers import HOST, Sleeper, Triggers, open_trigger
from xmlresource.system.machine import Machine

GUEST = "/sys/fs/cgroup/machine/guest/memory.pressure"
LONG = 30.0


class Stalls:
    """A kernel's triggers: connections on which urgent data comes, which poll(2) calls POLLPRI."""

    def __init__(self) -> None:
        self.senders: dict[str, socket.socket] = {}
        self.refused: set[str] = set()
        self.gone: set[str] = set()

    def open(self, _machine: Machine, path: str) -> int | None:
        if path in self.refused:
            return None
        with socket.create_server(("127.0.0.1", 0)) as server:
            sender = socket.create_connection(server.getsockname())
            receiver, _ = server.accept()
        self.close(path)
        self.senders[path] = sender
        return receiver.detach()

    def stall(self, path: str) -> None:
        self.senders[path].send(b"!", socket.MSG_OOB)

    def close(self, *paths: str) -> None:
        for path in paths or tuple(self.senders):
            sender = self.senders.pop(path, None)
            if sender is not None:
                sender.close()


@pytest.fixture
def stalls(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stalls]:
    made = Stalls()
    monkeypatch.setattr(pressure_triggers, "open_trigger", made.open)
    yield made
    made.close()


@pytest.fixture
def sleeper() -> Iterator[Sleeper]:
    made = Sleeper()
    yield made
    made.close()


def test_a_stall_wakes_up_at_once(tmp_path: Path, stalls: Stalls, sleeper: Sleeper) -> None:
    triggers = Triggers(FakeHost(tmp_path).machine, sleeper)
    assert triggers.host_is_watched
    assert sleeper.sleep(0) == {}
    stalls.stall(HOST)
    ((descriptor, is_broken),) = sleeper.sleep(LONG).items()
    assert triggers.includes(descriptor)
    assert not is_broken


def test_guests_come_and_go(tmp_path: Path, stalls: Stalls, sleeper: Sleeper) -> None:
    triggers = Triggers(FakeHost(tmp_path).machine, sleeper)
    triggers.watch([GUEST])
    triggers.watch([GUEST])
    stalls.stall(GUEST)
    (descriptor,) = sleeper.sleep(LONG)
    assert triggers.includes(descriptor)
    triggers.watch([])
    assert not triggers.includes(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    assert triggers.host_is_watched


def test_a_trigger_that_is_gone_is_dropped_and_opened_again(
    tmp_path: Path, stalls: Stalls, sleeper: Sleeper
) -> None:
    triggers = Triggers(FakeHost(tmp_path).machine, sleeper)
    triggers.watch([GUEST])
    stalls.stall(GUEST)
    (descriptor,) = sleeper.sleep(LONG)
    triggers.drop(descriptor)
    assert sleeper.sleep(0) == {}
    stalls.refused.add(GUEST)
    triggers.watch([GUEST])
    assert sleeper.sleep(0) == {}
    stalls.refused.clear()
    triggers.watch([GUEST])
    stalls.stall(GUEST)
    assert len(sleeper.sleep(LONG)) == 1


def test_a_closed_descriptor_reports_an_error(sleeper: Sleeper) -> None:
    reader, writer = os.pipe()
    sleeper.watch(reader)
    os.close(reader)
    assert sleeper.sleep(LONG) == {reader: True}
    sleeper.unwatch(reader)
    os.close(writer)


def test_a_kernel_that_refuses_is_not_asked_to_tell(tmp_path: Path, sleeper: Sleeper) -> None:
    """No PSI at all; and a file that can't be opened for writing, as where it is switched off."""
    host = FakeHost(tmp_path)
    assert open_trigger(host.machine, HOST) is None
    assert not Triggers(host.machine, sleeper).host_is_watched
    (tmp_path / "proc/pressure/memory").mkdir(parents=True)
    assert open_trigger(host.machine, HOST) is None


def test_the_real_kernel_takes_the_line(sleeper: Sleeper) -> None:
    """A stall is made in tests/vm/test_balance.py: it takes a whole machine."""
    try:
        os.close(os.open(HOST, os.O_RDWR))
    except OSError as error:
        pytest.skip(f"this kernel has no triggers for this process: {error}")
    triggers = Triggers(Machine(), sleeper)
    assert triggers.host_is_watched
    # It may stall, but there is no error to report.
    assert not any(sleeper.sleep(0).values())


def test_what_refuses_the_line_leaves_no_descriptor(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    (tmp_path / "proc/pressure").mkdir()
    (tmp_path / "proc/pressure/memory").symlink_to("/dev/full")  # ENOSPC
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert open_trigger(host.machine, HOST) is None
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_sleep_lasts_as_long_as_it_should(sleeper: Sleeper) -> None:
    begun = time.monotonic()
    assert sleeper.sleep(0.0301) == {}
    assert time.monotonic() - begun >= 0.03
