"""What balancing did lately, from the history and the settings, whether a service runs or not."""

from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, uuid
from tests.operations.guests.test_guest_definitions import definition
from xmlresource.configuration.balance_settings import Mode
from xmlresource.model.events import ADMITTED, GIVEN_BACK, RECLAIMED, REFUSED, Event
from xmlresource.operations import event_log
from xmlresource.operations.administration.balance_status import (
    DAY,
    BalanceStatus,
    MovedMemory,
    balance_status,
)
from xmlresource.operations.event_log import log_event
from xmlresource.operations.guests.guest_definitions import GuestDefinitions
from xmlresource.operations.host import open_host
from xmlresource.system import log
from xmlresource.system.libvirt import guests
from xmlresource.system.state import history

NOW = 1_700_000_000


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    made = FakeHost(tmp_path)
    made.run("db1", 4242, definition().encode())
    made.write("/etc/xmlresource.toml", '[balance]\nmode = "observe"\n')
    monkeypatch.setattr(guests, "seconds_since_1970", lambda: NOW)
    monkeypatch.setattr(log, "tell", lambda _event, **_: None)
    return made


def look(host: FakeHost) -> BalanceStatus | None:
    return balance_status(open_host(host.machine), GuestDefinitions(host.machine).current())


@pytest.fixture
def note(host: FakeHost, monkeypatch: pytest.MonkeyPatch):
    def noted(ago: int, event: Event) -> None:
        monkeypatch.setattr(event_log, "seconds_since_1970", lambda: NOW - ago)
        assert log_event(open_host(host.machine), event)

    return noted


def step(kind: str, number: int, size: int, operation: str = "balance") -> Event:
    return Event(kind, "moved", operation, "db1", uuid(number), {"size": size, "target": 5})


def test_a_host_on_which_nothing_was_set_up_tells_nothing(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", "")
    assert look(host) is None


def test_nothing_has_happened_yet(host: FakeHost) -> None:
    assert look(host) == BalanceStatus(Mode.OBSERVE)


def test_what_was_moved_and_of_whom(host: FakeHost, note) -> None:
    note(50, step(RECLAIMED, 1, 10 * MIB))
    note(40, step(RECLAIMED, 1, 5 * MIB))
    note(30, step(RECLAIMED, 2, 7 * MIB))  # it has ended since
    note(20, step(GIVEN_BACK, 1, 2 * MIB))
    found = look(host)
    assert found is not None
    assert (found.taken, found.given) == (22 * MIB, 2 * MIB)
    assert found.last == {RECLAIMED: NOW - 30, GIVEN_BACK: NOW - 20}
    assert found.guests == (MovedMemory(("qemu", uuid(1)), "db1", 15 * MIB, 2 * MIB),)


def test_what_others_did_and_what_is_older_does_not_count(host: FakeHost, note) -> None:
    note(DAY + 1, step(RECLAIMED, 1, 10 * MIB))
    note(5, step(RECLAIMED, 1, 10 * MIB, "reclaim"))
    note(5, Event(GIVEN_BACK, "moved", "balance", "db1", uuid(1), {"size": "much"}))
    note(5, Event(RECLAIMED, "moved", "balance", "db1", uuid(1)))
    note(5, Event(ADMITTED, "in", "prepare", "db1", uuid(1), {"guarantee": 5}))
    note(5, Event(REFUSED, "no", "prepare", "db1", uuid(1), {"rule": "commitment"}))
    assert look(host) == BalanceStatus(Mode.OBSERVE)


def test_starts_that_got_room_and_that_lacked_it(host: FakeHost, note) -> None:
    note(DAY + 5, Event(ADMITTED, "in", "prepare", "db1", uuid(1), {"made_room": 5}))
    note(9, Event(ADMITTED, "in", "prepare", "db1", uuid(1), {"made_room": 5}))
    for _ in range(2):
        note(5, Event(REFUSED, "no", "prepare", "db1", uuid(1), {"rule": "physical"}))
    found = look(host)
    assert found is not None
    assert (found.starts_given_room, found.starts_short) == (1, 2)


def test_a_history_of_others_lines_is_no_harm(host: FakeHost) -> None:
    state = open_host(host.machine).state
    assert history.append(state, b'\n{"time":1,"event":"reclaimed"\nnonsense\n', 1 << 20)
    assert look(host) == BalanceStatus(Mode.OBSERVE)
