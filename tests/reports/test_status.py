"""``status`` as a table for a terminal."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.live.status import ToldGuest, ToldStatus
from xmlresource.model.host import MemoryRegion
from xmlresource.model.promise import Held, Promise, State
from xmlresource.operations.status import GuestStatus, Status
from xmlresource.reports.bars import ASCII, BLOCKS
from xmlresource.reports.status import as_table, told_as_json, told_as_table
from xmlresource.units import UNLIMITED, Amount

GIB = 1 << 30


def guest(
    name: str,
    guarantee: int,
    charged: int,
    limit: Amount | None,
    pressure: float | None = None,
    **more: object,
) -> GuestStatus:
    promise = Promise("", name, "qemu", guarantee, State.RUNNING)
    drift = tuple(map(str, more.pop("drift", ())))  # type: ignore[call-overload]
    return GuestStatus(Held(promise, charged), drift, limit=limit, pressure=pressure)


def host(*guests: GuestStatus, pressure: float | None = None) -> Status:
    return Status(MemoryRegion(16 * GIB, 8 * GIB), GIB, 6 * GIB, 2 * GIB, guests, pressure=pressure)


def test_a_table() -> None:
    table = as_table(
        host(
            guest("db1", 2 * GIB, GIB, 4 * GIB, 0.5, drift=["raise it"]),
            guest("web", GIB, 2 * GIB, UNLIMITED),
            guest("new", GIB, 0, None),
            guest("box", 0, GIB, 2 * GIB),
            pressure=1.25,
        ),
        80,
        BLOCKS,
    )
    assert table.splitlines() == [
        "memory     16 GiB, 8 GiB available",
        "reserve    1 GiB kept for the host itself",
        "promised   6 GiB, 2 GiB left",
        "pressure   tasks wait for memory 1.2 % of the time",
        "",
        "guest                              guarantee     used  limit  headroom  pressure",
        "db1    ██████▌······│············      2 GiB    1 GiB  4 GiB     3 GiB     0.5 %",
        "    drift: raise it",
        "web    █████████████│████████████      1 GiB    2 GiB      -         -         -",
        "new    ·························│      1 GiB  0 bytes      -         -         -",
        "box    █████████████·············          -    1 GiB  2 GiB     1 GiB         -",
    ]


def test_a_narrow_terminal_has_no_room_for_bars() -> None:
    table = as_table(host(guest("db1", 2 * GIB, GIB, 4 * GIB)), 50, ASCII)
    assert "#" not in table
    assert table.splitlines()[-2:] == [
        "guest  guarantee   used  limit  headroom  pressure",
        "db1        2 GiB  1 GiB  4 GiB     3 GiB         -",
    ]


def test_without_guests_there_is_no_table() -> None:
    assert len(as_table(host(), 80, BLOCKS).splitlines()) == 3


@given(st.text(), st.integers(0, 2**50), st.integers(0, 2**50), st.integers(80, 200))
def test_a_table_fits_its_terminal(name: str, guarantee: int, charged: int, width: int) -> None:
    table = as_table(host(guest(name, guarantee, charged, 2**40)), width, ASCII)
    assert all(len(line) <= max(width, 100) for line in table.splitlines())
    assert table.replace("\n", "").isprintable()


TOLD = ToldStatus(
    "far.example.org",
    16 * GIB,
    (ToldGuest("db1", "u", GIB, 2 * GIB, 4 * GIB), ToldGuest("web", "v", 0, GIB, UNLIMITED)),
)


def test_what_libvirt_told_says_where_the_rest_is_known() -> None:
    lines = told_as_table(TOLD, 100, None).splitlines()
    assert lines[0] == "host       far.example.org, as libvirt tells"
    assert lines[3].endswith("on far.example.org, run: xmlresource status")
    assert lines[-1].split() == ["web", "-", "1", "GiB", "-", "-", "-"]


def test_what_libvirt_does_not_know_is_null() -> None:
    found = told_as_json(TOLD)
    assert found["host"]["promised"] is None
    db1, web = found["guests"]
    assert (db1["declared"], db1["min_guarantee"], db1["limit"]) == (GIB, None, 4 * GIB)
    assert (web["resident"], web["limit"], web["drift"]) == (GIB, "unlimited", None)
