"""Guests go from daemon to daemon, and what libvirt says is told."""

import sys

import pytest

from tests.fakes.daemons import LIVE, PEER2PEER, PERSIST_DEST, UNDEFINE_SOURCE, Daemons
from xmlresource.live.drain.libvirt_mover import LibvirtMover
from xmlresource.live.drain.moving import GuestGoneError, MoveError
from xmlresource.system.libvirt import migration

GUEST = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"
KEY = ("qemu", GUEST)


@pytest.fixture
def daemons(monkeypatch: pytest.MonkeyPatch) -> Daemons:
    made = Daemons(a={GUEST}, b=set())
    monkeypatch.setitem(sys.modules, "libvirt", made.module())
    monkeypatch.setattr(migration, "_LOOKS", 0)
    return made


def hosts(daemons: Daemons) -> list[str]:
    """Where the guest runs; no connection is left open."""
    assert daemons.open_connections == 0
    return [uri[11:12] for uri, there in daemons.hosts.items() if GUEST in there]


def test_a_guest_goes_with_its_definition(daemons: Daemons) -> None:
    LibvirtMover().move(KEY, "a", "b")
    assert hosts(daemons) == ["b"]
    assert daemons.flags == [LIVE | PEER2PEER | PERSIST_DEST | UNDEFINE_SOURCE]


def test_a_guest_without_a_definition_gets_none(daemons: Daemons) -> None:
    daemons.transient.add(GUEST)
    LibvirtMover().move(KEY, "a", "b")
    assert daemons.flags == [LIVE | PEER2PEER]


def test_daemons_are_reached_as_is_said(daemons: Daemons) -> None:
    daemons.hosts = {"qemu+tls://a.example/system": {GUEST}, "qemu+tls://b.example/system": set()}
    LibvirtMover("{driver}+tls://{host}.example/system").move(KEY, "a", "b")
    assert daemons.hosts["qemu+tls://b.example/system"] == {GUEST}


def test_a_source_that_cant_be_reached_is_told(daemons: Daemons) -> None:
    with pytest.raises(MoveError, match="nowhere: Cannot recv data"):
        LibvirtMover().move(KEY, "nowhere", "b")
    assert hosts(daemons) == ["a"]


def test_a_target_that_cant_be_reached_is_told(daemons: Daemons) -> None:
    with pytest.raises(MoveError, match="unable to connect"):
        LibvirtMover().move(KEY, "a", "nowhere")
    assert hosts(daemons) == ["a"]


def test_the_hook_of_the_target_has_the_last_word(daemons: Daemons) -> None:
    daemons.refused_by_hook.add(GUEST)
    with pytest.raises(MoveError, match="Hook script execution failed"):
        LibvirtMover().move(KEY, "a", "b")
    assert hosts(daemons) == ["a"]


def test_a_guest_that_has_ended_is_gone(daemons: Daemons) -> None:
    daemons.hosts["qemu+ssh://a/system"].clear()
    with pytest.raises(GuestGoneError, match="does not run on a any more"):
        LibvirtMover().move(KEY, "a", "b")
    assert daemons.flags == []
    assert hosts(daemons) == []


def test_a_guest_that_ends_at_the_last_moment_is_gone(daemons: Daemons) -> None:
    daemons.ending.add(GUEST)
    with pytest.raises(GuestGoneError):
        LibvirtMover().move(KEY, "a", "b")
    assert daemons.flags
    assert hosts(daemons) == []


def test_a_move_that_is_under_way_is_waited_for(daemons: Daemons) -> None:
    daemons.jobs[GUEST] = 3
    with pytest.raises(GuestGoneError):
        LibvirtMover().move(KEY, "a", "b")
    assert daemons.jobs == {GUEST: 0}
    assert daemons.flags == []


def test_a_connection_that_is_lost_is_told_as_it_is(daemons: Daemons) -> None:
    daemons.lost.add(GUEST)
    with pytest.raises(MoveError, match="client socket is closed"):
        LibvirtMover().move(KEY, "a", "b")
    assert hosts(daemons) == ["a"]
