"""`fleet drain --execute` with claims on a real server; guests move on simulated daemons."""

import signal
import sys

import pytest

from tests.fakes.daemons import Daemons
from tests.fleet.reports import uuid
from tests.system.fleet_store.fleets import Fleet
from xmlresource.cli import main
from xmlresource.fleet.fleet_admission import guest_published
from xmlresource.fleet.fleet_state import HostState
from xmlresource.fleet.simulated_hosts import GIB, guest, host
from xmlresource.live.drain.emptying import ServerFleet
from xmlresource.live.drain.moving import GuestMove
from xmlresource.system.machine import Machine

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def daemons(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> Daemons:
    """Three guests on a, and two more hosts."""
    fleet.publish(
        host("a", 64 * GIB, [guest(n, size * GIB) for n, size in ((1, 8), (2, 4), (3, 2))])
    )
    fleet.publish(host("b", 64 * GIB))
    fleet.publish(host("c", 64 * GIB))
    made = Daemons(a={uuid(1), uuid(2), uuid(3)}, b=set(), c=set())
    monkeypatch.setitem(sys.modules, "libvirt", made.module())
    return made


def on(daemons: Daemons, name: str) -> set[str]:
    return daemons.hosts[f"qemu+ssh://{name}/system"]


def test_a_host_is_emptied_and_opened_again(
    fleet: Fleet, daemons: Daemons, capsys: Captured
) -> None:
    assert main(["fleet", "drain", "a", "--execute"]) == 0
    out = capsys.readouterr().out
    assert "guest1  a -> b  ...\nguest1  a -> b  moved in 0 s\n" in out
    assert out.endswith("3 guests moved\n")
    assert not on(daemons, "a")
    assert on(daemons, "b") | on(daemons, "c") == {uuid(1), uuid(2), uuid(3)}
    assert fleet.booked() == 3  # until the new hosts tell of them
    assert fleet.hosts()["a"].state is HostState.DRAINING
    assert main(["fleet", "drain", "a", "--undo"]) == 0
    assert fleet.hosts()["a"].state is HostState.UP
    assert main(["fleet", "drain", "nobody", "--undo"]) == 2


def test_who_stays_is_told_with_the_reason_and_nothing_stays_claimed(
    fleet: Fleet, daemons: Daemons, capsys: Captured
) -> None:
    daemons.refused_by_hook.add(uuid(2))
    on(daemons, "a").remove(uuid(3))
    assert main(["fleet", "drain", "a", "--execute", "--parallel", "2"]) == 3
    out = capsys.readouterr().out
    assert "guest2  a -> b  could not be moved: Hook script execution failed: refused\n" in out
    assert "guest3  a -> b  nothing to move: it does not run on a any more\n" in out
    assert out.endswith("1 guest moved\n1 guest had ended or left before\n")
    assert on(daemons, "a") == {uuid(2)}
    assert fleet.booked() == 1  # the one that has moved


def test_a_run_goes_on_from_the_claims_of_one_that_crashed(
    fleet: Fleet, daemons: Daemons, capsys: Captured
) -> None:
    server = ServerFleet(Machine())
    moves = [
        GuestMove(("qemu", uuid(n)), f"guest{n}", "a", "c", guest_published(guest(n, size * GIB)))
        for n, size in ((1, 8), (2, 4))
    ]
    assert [server.claim(each) for each in moves] == ["", ""]
    on(daemons, "a").remove(uuid(1))  # the crash came when it had arrived
    on(daemons, "c").add(uuid(1))
    assert main(["fleet", "drain", "a", "--execute"]) == 0
    assert "guest2  a -> c  moved in 0 s\n" in capsys.readouterr().out
    assert on(daemons, "c") >= {uuid(1), uuid(2)}
    assert not on(daemons, "a")
    assert fleet.booked() == 2  # guest1, found to have left before, is claimed for no more


def test_ctrl_c_finishes_the_move_under_way(
    fleet: Fleet, daemons: Daemons, capsys: Captured
) -> None:
    daemons.interrupted = True
    before = signal.getsignal(signal.SIGINT)
    assert main(["fleet", "drain", "a", "--execute"]) == 3
    out = capsys.readouterr().out
    assert out.endswith("1 guest moved\n2 guests not begun with: the same command goes on\n")
    assert on(daemons, "a") == {uuid(2), uuid(3)}
    assert fleet.booked() == 1
    assert signal.getsignal(signal.SIGINT) == before


def test_a_terminal_shows_what_is_under_way(
    daemons: Daemons, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert daemons
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["fleet", "drain", "a", "--execute"]) == 0
    out = capsys.readouterr().out
    clear = "\r\x1b[K"
    assert f"{clear}guest1  a -> b ...{clear}guest1  a -> b  moved in 0 s\n" in out
    assert out.endswith("\n3 guests moved\n")


def test_a_claim_that_there_is_no_room_for_says_so(fleet: Fleet, daemons: Daemons) -> None:
    assert daemons
    large = GuestMove(("qemu", uuid(9)), "x", "a", "b", guest_published(guest(9, 99 * GIB)))
    assert "it asks for a guarantee of 99 GiB" in ServerFleet(Machine()).claim(large)
    assert fleet.booked() == 0


@pytest.mark.parametrize(
    "words", [("--from", "x"), ("--json",), ("--plan", "x"), ("--parallel", "0")]
)
def test_what_does_not_go_with_it(words: tuple[str, ...], capsys: Captured) -> None:
    try:
        status = main(["fleet", "drain", "a", "--execute", *words])
    except SystemExit as error:
        status = int(str(error.code))
    assert status == 2
    assert capsys.readouterr().out == ""
