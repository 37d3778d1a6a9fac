import pytest

from xmlresource.promises.promise import Process, Promise, PromiseState
from xmlresource.promises.staleness import (
    LONGEST_START,
    UNSEEN_START,
    Alive,
    is_overdue,
    processes_of,
    why_stale,
)
from xmlresource.record import replace

BOOT = "b"
GUEST, DAEMON = Process(10, 100), Process(20, 200)
ALIVE = Alive(BOOT, now=1000, start_times={10: 100, 20: 200})
NOTHING = Alive(BOOT, now=1000)


def running(process: Process | None = GUEST) -> Promise:
    return Promise(
        "u", "n", "qemu", 1, PromiseState.RUNNING, process=process, caller=DAEMON, since=1
    )


def starting(since: int | None = 1000, caller: Process | None = DAEMON) -> Promise:
    return Promise("u", "n", "qemu", 1, PromiseState.STARTING, caller=caller, since=since)


@pytest.mark.parametrize(
    ("promise", "alive"),
    [
        (running(), ALIVE),
        (starting(), ALIVE),
        (starting(since=1000 - LONGEST_START), ALIVE),
        (starting(since=1000 - 500), ALIVE),  # touching a terabyte of hugepages takes minutes
        (starting(since=None, caller=None), ALIVE),
        (running(), Alive(BOOT, 1000, guests=frozenset({("qemu", "u")}))),
        (starting(since=0), Alive(BOOT, 9999, guests=frozenset({("qemu", "u")}))),
    ],
)
def test_it_stands(promise: Promise, alive: Alive) -> None:
    assert why_stale(promise, BOOT, alive) is None


@pytest.mark.parametrize(
    ("promise", "alive", "reason"),
    [
        (running(), NOTHING, "guest is gone"),
        (running(), Alive(BOOT, 1000, {10: 101}), "guest is gone"),
        (running(None), ALIVE, "guest is gone"),
        (starting(), NOTHING, "libvirt daemon"),
        (starting(), Alive(BOOT, 1000, {20: 201}), "libvirt daemon"),
        (starting(since=999 - LONGEST_START), ALIVE, "did not come about"),
    ],
)
def test_it_is_void(promise: Promise, alive: Alive, reason: str) -> None:
    assert reason in (why_stale(promise, BOOT, alive) or "")


def test_no_promise_outlives_the_boot() -> None:
    alive = Alive("other", 1, ALIVE.start_times, frozenset({("qemu", "u")}))
    assert why_stale(running(), BOOT, alive) == "the host was rebooted"


def test_processes_to_ask_about() -> None:
    assert processes_of(running()) == (10, 20)
    assert processes_of(starting(caller=None)) == ()


def seen(*names: str) -> Alive:
    """The daemon has folders for these."""
    return replace(ALIVE, starting=frozenset(names))


def test_a_start_of_which_nothing_shows_is_void_after_seconds() -> None:
    assert why_stale(starting(1000 - UNSEEN_START), BOOT, seen()) is None
    said = why_stale(starting(999 - UNSEEN_START), BOOT, seen("nn"))
    assert said == f"its start did not come about within {UNSEEN_START} s"


def test_one_that_shows_is_waited_for() -> None:
    long = replace(starting(1000 - LONGEST_START), name="n" * 30)
    assert why_stale(starting(1000 - LONGEST_START), BOOT, seen("n")) is None
    assert why_stale(long, BOOT, seen("n" * 20)) is None
    assert why_stale(starting(999 - LONGEST_START), BOOT, seen("n")) is not None


def test_libvirt_makes_no_folder_for_a_container() -> None:
    box = replace(starting(999 - UNSEEN_START), driver="lxc")
    assert why_stale(box, BOOT, seen("n")) is not None
    assert why_stale(replace(box, since=1000), BOOT, seen()) is None


def test_when_a_guest_should_show() -> None:
    assert is_overdue(starting(999 - UNSEEN_START), 1000)
    assert not is_overdue(starting(1000 - UNSEEN_START), 1000)
    assert not is_overdue(starting(None), 1000)
    assert not is_overdue(running(), 1000)
