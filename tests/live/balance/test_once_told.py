"""What is wrong is told once, and again when it comes back."""

import pytest

from tests.fakes.host import FakeHost
from xmlresource.live.balance.once_told import OnceTold
from xmlresource.model.events import WARNING, Event
from xmlresource.system import log

A, B = Event(WARNING, "a"), Event(WARNING, "b")


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    monkeypatch.setattr(log, "tell", lambda event, **_: made.append(event.message))
    return made


@pytest.fixture
def told(host: FakeHost) -> OnceTold:
    return OnceTold(host.machine)


def test_a_complaint_is_told_once_while_it_stands(told: OnceTold, said: list[str]) -> None:
    told.tell("x", {"a": A})
    told.tell("x", {"a": A, "b": B})
    told.tell("x", {"a": A})
    assert said == ["a", "b"]
    told.tell("x", {"a": A, "b": B})
    assert said == ["a", "b", "b"]


def test_kinds_of_complaints_are_apart(told: OnceTold, said: list[str]) -> None:
    told.tell("x", {"a": A})
    told.tell("y", {"a": A})
    assert said == ["a", "a"]


def test_what_may_pass_by_itself_has_to_stand_for_a_while(told: OnceTold, said: list[str]) -> None:
    told.tell("x", {"a": A}, 10, 5)
    told.tell("x", {}, 12, 5)
    told.tell("x", {"a": A}, 13, 5)
    told.tell("x", {"a": A}, 17, 5)
    assert said == []
    told.tell("x", {"a": A}, 18, 5)
    told.tell("x", {"a": A}, 19, 5)
    assert said == ["a"]


def test_a_fault_ends(told: OnceTold, said: list[str]) -> None:
    for text in ("broken", "broken", None, None, "broken"):
        told.fault("disk", text)
    assert said == ["broken", "broken"]
