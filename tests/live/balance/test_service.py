"""The service's loop: real time, real sockets, starts by the hook itself; guests are played."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tests.fakes.balloons import BalloonGuest, Clock, Daemon
from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee
from xmlresource.errors import ExitStatus
from xmlresource.live.balance.balloons import Balloons
from xmlresource.live.balance.service import Service, only_instance, run_service
from xmlresource.live.balance.single_round import balance
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system.cgroups import press_records
from xmlresource.system.cgroups.press_records import Pressed
from xmlresource.system.state import history
from xmlresource.system.state.room_requests import SOCKET
from xmlresource.system.state.room_server import SecondInstanceError
from xmlresource.system.state.state_folder import StateFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = """
host_reserve = "0"
[balance]
mode = "balloon"
make_room = "60s"
interval = 1
step = "25%"
take_below = "256MiB"
"""
TOTAL = 8 * GIB
PATIENCE = 60.0
FITS, TOO_MUCH = 100, 2300


class RealClock(Clock):
    """The machine's own."""

    def __init__(self) -> None:
        self.of_day = 0

    def __getattribute__(self, name: str) -> object:
        return int(time.time()) if name == "of_day" else super().__getattribute__(name)


class WholeFiles(FakeHost):
    """A host whose files, like a kernel's, are never seen half written."""

    def write(self, path: str, text: str) -> None:
        new = f"{path}.{threading.get_ident()}"
        super().write(new, text)
        (self.root / new[1:]).rename(self.root / path[1:])


class Scene:
    """A host whose guests live, in a thread of their own, as soon as the test lets them."""

    def __init__(self, root: Path) -> None:
        self.host = WholeFiles(root)
        self.host.write("/etc/xmlresource.toml", SETTINGS)
        clock = RealClock()
        self.guests = [
            BalloonGuest(self.host, clock, name, number, ram=2048, used=used)
            for number, (name, used) in enumerate((("busy", 1900), ("idle", 200), ("lazy", 300)), 1)
        ]
        for guest in self.guests:
            guest.declare(guarantee(256).replace("xr:", ""))
        self.daemon = Daemon(*self.guests)
        self.moves = threading.Event()
        self.moves.set()
        self._ends = threading.Event()
        self._threads: list[threading.Thread] = []
        self.state = StateFolder(f"{root}/run/xmlresource", owner=os.geteuid())
        self.tell_memory()

    def tell_memory(self) -> None:
        used = sum(each.balloon or 0 for each in self.guests if each.pid) // 1024
        self.host.memory(TOTAL, TOTAL - (used + 300) * MIB)

    def begin(self) -> Scene:
        self._run(self._live)
        return self

    def serve(self) -> Service:
        """Have a service run in a thread."""
        service = Service(self.host.machine, Balloons(deadline=1))

        def run() -> None:
            with service:
                while not self._ends.is_set():
                    service.step()

        self._run(run)
        wait_for((self.host.root / "run/xmlresource" / SOCKET).exists)
        return service

    def end(self) -> None:
        self._ends.set()
        self.moves.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _run(self, what: object) -> None:
        assert callable(what)
        thread = threading.Thread(target=what, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _live(self) -> None:
        while not self._ends.wait(0.05):
            if self.moves.is_set():
                for guest in self.guests:
                    guest.live()
                self.tell_memory()


class Start:
    """A start that the hook decides about, in a thread."""

    def __init__(self, scene: Scene, name: str, number: int, mib: int, operation: str) -> None:
        self.answer: tuple[int, str] | None = None
        xml = domain(name, number, guarantee(mib), ram=4096)

        def run() -> None:
            self.answer = answer(name, operation, xml, None, scene.host.machine)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def end(self) -> tuple[int, str]:
        self._thread.join(PATIENCE)
        assert self.answer is not None
        return self.answer


def wait_for(condition: object) -> None:
    assert callable(condition)
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    made = Scene(tmp_path / "host")
    monkeypatch.setitem(sys.modules, "libvirt", made.daemon.module())
    yield made
    made.end()


@pytest.mark.parametrize("operation", ["prepare", "migrate", "restore"])
def test_a_start_gets_room_that_it_is_refused_without(scene: Scene, operation: str) -> None:
    xml = domain("new", 9, guarantee(TOO_MUCH), ram=4096)
    without = answer("new", operation, xml, None, scene.host.machine)
    assert without[0] == ExitStatus.REFUSED
    scene.begin()
    scene.serve()
    assert Start(scene, "new", 9, TOO_MUCH, operation).end() == (0, "")
    assert all(guest.balloon is not None for guest in scene.guests)
    records = history.read(scene.state)
    assert b'"cause":"room-wanted"' in records
    # Only what is promised is an admission, and says that others gave room for it.
    assert (b'"made_room":' in records) is (operation == "prepare")


def test_nobody_else_waits(scene: Scene) -> None:
    scene.serve()  # and no balloon moves
    waits = Start(scene, "new", 9, TOO_MUCH, "prepare")
    wait_for(lambda: any(guest.calls for guest in scene.guests))
    begun = time.monotonic()
    xml = domain("small", 8, guarantee(FITS))
    assert answer("small", "prepare", xml, None, scene.host.machine) == (0, "")
    assert b'"made_room":' not in history.read(scene.state)
    assert time.monotonic() - begun < PATIENCE / 2
    assert waits.answer is None
    scene.begin()
    assert waits.end() == (0, "")


def test_several_starts_are_served_one_after_the_other(scene: Scene) -> None:
    scene.begin()
    scene.serve()
    starts = [Start(scene, f"new{number}", number, 1200, "prepare") for number in (7, 8)]
    assert [each.end() for each in starts] == [(0, "")] * 2


def test_what_nobody_can_give_is_refused_at_once(scene: Scene) -> None:
    scene.begin()
    scene.serve()
    for guest in scene.guests:
        guest.declare(guarantee(2080).replace("xr:", ""))
        guest.live()
    begun = time.monotonic()
    status, text = Start(scene, "new", 9, 1900, "prepare").end()
    assert time.monotonic() - begun < PATIENCE / 2
    assert status == ExitStatus.REFUSED
    assert "(physical; " in text


def test_without_the_setting_or_the_service_all_is_as_it_was(scene: Scene) -> None:
    xml = domain("new", 9, guarantee(TOO_MUCH), ram=4096)
    answers = [answer("new", "prepare", xml, None, scene.host.machine)]
    scene.host.write("/etc/xmlresource.toml", 'host_reserve = "0"\n')
    answers.append(answer("new", "prepare", xml, None, scene.host.machine))
    assert answers[0] == answers[1]
    scene.host.write("/etc/xmlresource.toml", SETTINGS)
    scene.begin()
    scene.serve()
    scene.host.write("/etc/xmlresource.toml", SETTINGS.replace('make_room = "60s"', ""))
    assert answer("new", "prepare", xml, None, scene.host.machine)[0] == ExitStatus.REFUSED
    assert not any(guest.asked() for guest in scene.guests)


def test_what_lacks_more_than_room_is_not_waited_for(scene: Scene) -> None:
    scene.begin()
    service = scene.serve()
    xml = domain("new", 9, guarantee(7800), ram=8000)
    status, text = answer("new", "prepare", xml, None, scene.host.machine)
    assert status == ExitStatus.REFUSED
    assert "commitment: fails" in text
    assert not any(guest.asked() for guest in scene.guests)
    assert service.rounds <= 2


def test_a_start_that_does_not_wait_any_more_is_forgotten(scene: Scene) -> None:
    scene.host.write("/etc/xmlresource.toml", SETTINGS.replace("60s", "1s"))
    scene.serve()  # and no balloon moves
    status, _ = Start(scene, "new", 9, TOO_MUCH, "prepare").end()
    assert status == ExitStatus.REFUSED
    assert Start(scene, "small", 8, FITS, "prepare").end() == (0, "")


def test_a_second_instance_refuses_to_run(scene: Scene) -> None:
    with only_instance(scene.host.machine):
        with pytest.raises(SecondInstanceError):
            run_service(scene.host.machine)
        with pytest.raises(SecondInstanceError):
            balance(machine=scene.host.machine)
        assert balance(machine=scene.host.machine, dry=True).outcomes == ()


def test_a_lost_socket_is_made_again(scene: Scene) -> None:
    scene.begin()
    service = scene.serve()
    shutil.rmtree(scene.host.root / "run/xmlresource")
    rounds = service.rounds
    wait_for(lambda: service.rounds > rounds)
    wait_for((scene.host.root / "run/xmlresource" / SOCKET).exists)
    assert Start(scene, "new", 9, TOO_MUCH, "prepare").end() == (0, "")


def test_settings_that_make_no_sense_leave_those_of_before(scene: Scene) -> None:
    scene.begin()
    service = scene.serve()
    wait_for(lambda: service.rounds)
    scene.host.write("/etc/xmlresource.toml", "nonsense = 1\n")
    rounds = service.rounds
    wait_for(lambda: service.rounds > rounds + 1)
    assert history.read(scene.state).count(b"the settings of before still hold") == 1


def test_what_a_killed_one_pressed_is_put_back(scene: Scene) -> None:
    folder = scene.guests[0].folder
    limit = f"{folder}/memory.limit_in_bytes"
    before = scene.host.read(limit).strip()
    pid = os.fork()
    if not pid:
        change = Pressed(limit, before, str(64 * MIB))
        with press_records.on_record(scene.host.machine, scene.state, folder, [change]):
            scene.host.machine.write_value(limit, change.meanwhile)
            os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    assert scene.host.read(limit) == str(64 * MIB)
    scene.serve()
    assert scene.host.read(limit) == before
    assert b'"event":"repaired","operation":"balance"' in history.read(scene.state)


def test_a_file_of_the_kernels_that_cant_be_read_moves_nothing_and_is_told_once(
    scene: Scene,
) -> None:
    service = scene.serve()
    wait_for(lambda: service.rounds)
    (scene.host.root / "proc/meminfo").unlink()
    (scene.host.root / "proc/meminfo").mkdir()
    rounds = service.rounds
    wait_for(lambda: service.rounds > rounds + 1)
    assert history.read(scene.state).count(b"nothing is moved: ") == 1
    (scene.host.root / "proc/meminfo").rmdir()
    scene.tell_memory()
