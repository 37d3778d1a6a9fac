"""Calls that hang: real threads, held up by the test."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from xmlresource.system.libvirt.patient_calls import NoAnswerError, PatientCaller

LONG, SHORT = 30.0, 0.05


class Hang:
    """A call that returns when it is let go."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.let_go = threading.Event()
        self.returned = threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        self.let_go.wait(60)
        self.returned.set()
        return "late"


@pytest.fixture
def caller() -> Iterator[PatientCaller]:
    made = PatientCaller()
    yield made
    made.close()


@pytest.fixture
def hangs() -> Iterator[list[Hang]]:
    made = [Hang() for _ in range(4)]
    yield made
    for each in made:
        each.let_go.set()


def test_a_call_gives_what_it_returns_and_raises(caller: PatientCaller) -> None:
    assert caller.call("a", lambda: 5, LONG) == 5
    with pytest.raises(ZeroDivisionError):
        caller.call("a", lambda: 1 // 0, LONG)
    assert caller.call("a", lambda: 6, LONG) == 6


def test_one_thread_makes_the_calls(caller: PatientCaller) -> None:
    threads = {caller.call("a", threading.get_ident, LONG) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_others_are_asked_while_one_hangs(caller: PatientCaller, hangs: list[Hang]) -> None:
    with pytest.raises(NoAnswerError, match=r"within 0\.05 s"):
        caller.call("a", hangs[0], SHORT)
    assert caller.hanging == {"a"}
    assert caller.call("b", lambda: 5, LONG) == 5
    with pytest.raises(NoAnswerError, match="has not answered yet"):
        caller.call("a", lambda: 5, LONG)
    hangs[0].let_go.set()
    assert hangs[0].returned.wait(LONG)
    deadline = time.monotonic() + LONG
    while caller.hanging:
        assert time.monotonic() < deadline
    assert caller.call("a", lambda: 7, LONG) == 7


def test_few_calls_may_hang(caller: PatientCaller, hangs: list[Hang]) -> None:
    for name, hang in zip("abc", hangs, strict=False):
        with pytest.raises(NoAnswerError):
            caller.call(name, hang, SHORT)
    with pytest.raises(NoAnswerError, match="3 calls without an answer"):
        caller.call("d", hangs[3], LONG)
    assert not hangs[3].begun.is_set()
    hangs[0].let_go.set()
    assert hangs[0].returned.wait(LONG)
    deadline = time.monotonic() + LONG
    while len(caller.hanging) > 2:
        assert time.monotonic() < deadline
    assert caller.call("d", lambda: 5, LONG) == 5


def test_a_thread_ends_with_its_hanging_call(caller: PatientCaller, hangs: list[Hang]) -> None:
    before = threading.active_count()
    with pytest.raises(NoAnswerError):
        caller.call("a", hangs[0], SHORT)
    assert threading.active_count() == before + 1
    hangs[0].let_go.set()
    deadline = time.monotonic() + LONG
    while threading.active_count() > before:
        assert time.monotonic() < deadline


def test_a_process_ends_although_a_call_hangs() -> None:
    program = """
import threading
from xmlresource.system.libvirt.patient_calls import NoAnswerError, PatientCaller
caller = PatientCaller()
try:
    caller.call("a", threading.Event().wait, 0.05)
except NoAnswerError:
    caller.close()
    print("ends")
"""
    done = subprocess.run(  # noqa: S603 -- this Python
        [sys.executable, "-c", program], capture_output=True, check=True, timeout=60, text=True
    )
    assert done.stdout == "ends\n"
