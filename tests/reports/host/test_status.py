"""``status`` as a table for a terminal."""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.live.status import LibvirtGuest, LibvirtStatus
from xmlresource.model.host import MemoryRegion
from xmlresource.operations.administration.status import (
    BalloonStatus,
    GuestStatus,
    StartWindow,
    Status,
)
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.record import replace
from xmlresource.reports.host.status import (
    as_json,
    as_text,
    told_as_json,
    told_as_text,
)
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.units import UNLIMITED, Amount

GIB = 1 << 30
PLAIN = Canvas(80)
LETTERS = Canvas(60, has_blocks=False)


@pytest.fixture(autouse=True)
def _greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def guest(
    name: str,
    guarantee: int,
    charged: int,
    limit: Amount | None,
    pressure: float | None = None,
    **more: object,
) -> GuestStatus:
    window = StartWindow(0, 600) if more.pop("starts", False) else None
    state = PromiseState.RUNNING if window is None else PromiseState.STARTING
    promise = Promise("", name, "qemu", guarantee, state)
    drift = tuple(map(str, more.pop("drift", ())))  # type: ignore[call-overload]
    return GuestStatus(Held(promise, charged), drift, limit=limit, pressure=pressure, window=window)


def host(*guests: GuestStatus, pressure: float | None = None) -> Status:
    return Status(MemoryRegion(16 * GIB, 8 * GIB), GIB, 6 * GIB, 2 * GIB, guests, pressure=pressure)


def test_a_table() -> None:
    table = as_text(
        host(
            guest("db1", 2 * GIB, GIB, 4 * GIB, 0.5, drift=["raise it"]),
            guest("web", GIB, 2 * GIB, UNLIMITED),
            guest("new", GIB, 0, None, starts=True),
            guest("box", 0, GIB, 2 * GIB),
            pressure=1.25,
        ),
        PLAIN,
    )
    assert table.splitlines() == [
        "[▒▒▒▒██████████░░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓······························]",
        "▒ reserve 1 GiB   █ promised and used 2 GiB   ░ promised, unused 2 GiB",
        "▓ others 5 GiB   · free 6 GiB",
        "",
        "memory     16 GiB, 8 GiB available",
        "reserve    1 GiB kept for the host itself",
        "promised   6 GiB, 2 GiB left",
        "pressure   tasks wait for memory 1.2 % of the time",
        "",
        "guest  state                       guarantee     used  limit  headroom  pressure",
        "db1    running   ████····│·······      2 GiB    1 GiB  4 GiB     3 GiB     0.5 %",
        "    drift: raise it",
        "web    running   ████████│███████      1 GiB    2 GiB      -         -         -",
        "new    starting  ···············│      1 GiB  0 bytes      -         -         -",
        "    admitted 1970-01-01 00:00:00, has until 1970-01-01 00:10:00 to start",
        "box    running   ████████········          -    1 GiB  2 GiB     1 GiB         -",
    ]


def test_a_narrow_terminal_has_no_room_for_bars() -> None:
    table = as_text(host(guest("db1", 2 * GIB, GIB, 4 * GIB)), LETTERS)
    assert "#" not in table.partition("guest")[2]
    assert table.splitlines()[-2:] == [
        "guest  state    guarantee   used  limit  headroom  pressure",
        "db1    running      2 GiB  1 GiB  4 GiB     3 GiB         -",
    ]


def test_when_a_guest_has_to_start() -> None:
    found = host(guest("new", GIB, 0, None, starts=True), guest("db1", GIB, GIB, None))
    remark = "    admitted 1970-01-01 00:00:00, has until 1970-01-01 00:10:00 to start"
    assert remark in as_text(found).splitlines()
    new, db1 = as_json(found)["guests"]
    assert (new["since"], new["until"]) == (0, 600)
    assert "since" not in db1


def test_without_guests_there_is_no_table() -> None:
    assert len(as_text(host()).splitlines()) == 3
    assert "guest" not in as_text(host(), PLAIN)


@given(st.text(), st.integers(0, 2**50), st.integers(0, 2**50), st.integers(80, 200))
def test_a_table_fits_its_terminal(name: str, guarantee: int, charged: int, width: int) -> None:
    table = as_text(host(guest(name, guarantee, charged, 2**40)), Canvas(width, has_blocks=False))
    assert all(len(line) <= width for line in table.splitlines())
    assert table.replace("\n", "").isprintable()


TOLD = LibvirtStatus(
    "far.example.org",
    16 * GIB,
    (LibvirtGuest("db1", "u", GIB, 2 * GIB, 4 * GIB), LibvirtGuest("web", "v", 0, GIB, UNLIMITED)),
)


def test_what_libvirt_told_says_where_the_rest_is_known() -> None:
    lines = told_as_text(TOLD).splitlines()
    assert lines[0] == "host       far.example.org, as libvirt tells"
    assert lines[3].endswith("on far.example.org, run: xmlresource status")
    assert lines[-1].split() == ["web", "running", "-", "1", "GiB", "-", "-", "-"]


def test_what_libvirt_does_not_know_is_null() -> None:
    found = told_as_json(TOLD)
    assert found["host"]["promised"] is None
    db1, web = found["guests"]
    assert (db1["declared"], db1["min_guarantee"], db1["limit"]) == (GIB, None, 4 * GIB)
    assert (web["resident"], web["limit"], web["drift"]) == (GIB, "unlimited", None)


def test_what_balloons_took() -> None:
    ballooned = (
        BalloonStatus("db\x1b1", "u-1", GIB, 4 * GIB),
        BalloonStatus("web", "u-2", GIB, 2 * GIB),
    )
    found = replace(host(), ballooned=ballooned)
    line = "ballooned  4 GiB, guests are left with: db\\x1b1 1 GiB of 4 GiB, web 1 GiB of 2 GiB"
    assert line in as_text(found).splitlines()
    assert as_json(found)["ballooned"][0] == {
        "name": "db\x1b1",
        "uuid": "u-1",
        "left": GIB,
        "maximum": 4 * GIB,
    }
    assert "ballooned" not in as_json(host())
