"""Work in several processes: the order, and what can't be handed over."""

import os
import signal

import pytest

from xmlresource.system.hardware.workers import ordered, paying_jobs

PARENT = os.getpid()


def silent(_done: int, _total: int) -> None:
    pass


@pytest.mark.parametrize("jobs", [1, 2, 3, 50])
@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
def test_results_come_in_the_order_of_the_items(jobs: int, count: int) -> None:
    items = range(count)
    assert ordered(lambda item: item * item, items, jobs, silent) == [one * one for one in items]


def test_processes_share_the_work() -> None:
    assert len(set(ordered(lambda _: os.getpid(), range(100), 3, silent))) == 3


def test_what_a_killed_process_had_to_do_is_done() -> None:
    def work(item: int) -> int:
        if os.getpid() != PARENT:
            os.kill(os.getpid(), signal.SIGKILL)
        return item

    assert ordered(work, range(20), 2, silent) == list(range(20))


def test_without_processes_the_parent_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "fork", fail)
    assert ordered(lambda item: item, range(20), 2, silent) == list(range(20))


def test_an_error_of_the_parent_leaves_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    fork = os.fork

    def fork_and_remember() -> int:
        begun.append(fork())
        return begun[-1]

    def work(_: int) -> int:
        if not begun:  # the parent's warm-up
            return 0
        if os.getpid() == PARENT:
            raise ValueError
        signal.pause()
        return 0

    monkeypatch.setattr(os, "fork", fork_and_remember)
    with pytest.raises(ValueError, match=r"^$"):
        ordered(work, range(20), 2, silent)
    assert len(begun) == 1
    with pytest.raises(ChildProcessError):
        os.waitpid(begun[0], os.WNOHANG)


def test_progress_ends_with_all() -> None:
    told: list[tuple[int, int]] = []
    ordered(lambda item: item, range(20), 2, lambda done, total: told.append((done, total)))
    assert told[0] == (1, 20)
    assert told[-1] == (20, 20)
    assert told == sorted(told)


def test_few_items_are_done_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(4)))
    assert paying_jobs(1) == paying_jobs(4399) == 1
    assert paying_jobs(4400) == 2
    assert paying_jobs(10**6) == 4
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    assert 4 <= paying_jobs(10**6) < 64
