import pytest

from xmlresource.model.promise import Process, Promise, State
from xmlresource.staleness import LONGEST_START, Alive, processes_of, why_stale

BOOT = "b"
GUEST, DAEMON = Process(10, 100), Process(20, 200)
ALIVE = Alive(BOOT, now=1000, start_times={10: 100, 20: 200})
NOTHING = Alive(BOOT, now=1000)


def running(process: Process | None = GUEST) -> Promise:
    return Promise("u", "n", "qemu", 1, State.RUNNING, process=process, caller=DAEMON, since=1)


def starting(since: int | None = 1000, caller: Process | None = DAEMON) -> Promise:
    return Promise("u", "n", "qemu", 1, State.STARTING, caller=caller, since=since)


@pytest.mark.parametrize(
    ("promise", "alive"),
    [
        (running(), ALIVE),
        (starting(), ALIVE),
        (starting(since=1000 - LONGEST_START), ALIVE),
        (starting(since=1000 - 500), ALIVE),  # touching a terabyte of hugepages takes minutes
        (starting(since=None, caller=None), ALIVE),
        (running(), Alive(BOOT, 1000, guests=frozenset({"u"}))),
        (starting(since=0), Alive(BOOT, 9999, guests=frozenset({"u"}))),
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
    alive = Alive("other", 1, ALIVE.start_times, frozenset({"u"}))
    assert why_stale(running(), BOOT, alive) == "the host was rebooted"


def test_processes_to_ask_about() -> None:
    assert processes_of(running()) == (10, 20)
    assert processes_of(starting(caller=None)) == ()
