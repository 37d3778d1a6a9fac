"""What is decided is found in systemd's journal by its fields, and in the history."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.e2e.harness.commands import must, run, wait_for

from .test_live import memtune
from .world import MIB, guarantee, leave_to_promise, say, xmlresource

if TYPE_CHECKING:
    from .conftest import NewGuest

pytestmark = pytest.mark.usefixtures("_clean")

_PREFIX = "XMLRESOURCE_"
Fields = dict[str, str]


def journal(guest: str) -> list[Fields]:
    """Our fields of the lines about a guest, by the names that the history has for them."""
    words = ("--boot", "--output=json", f"XMLRESOURCE_GUEST={guest}")
    lines = must(run(["journalctl", "--no-pager", *words])).stdout.splitlines()
    return [
        {
            name.removeprefix(_PREFIX).lower(): text
            for name, text in json.loads(line).items()
            if name.startswith(_PREFIX)
        }
        for line in lines
    ]


def history(guest: str) -> list[Fields]:
    shown = json.loads(must(xmlresource("history", "--json", "--guest", guest)).stdout)
    return [
        {name: str(value) for name, value in each.items() if name != "time"}
        for each in shown["records"]
    ]


def has(guest: str, number: int) -> bool:
    """Whether the journal, which takes its time, has so many lines by now."""
    return len(journal(guest)) >= number


def test_the_journal_has_what_the_history_has(new_guest: NewGuest) -> None:
    # The journal keeps what other tests left, so the name is this one's alone.
    guest = new_guest("told", guarantee(64), driver="lxc", memory=256).start()
    must(memtune(guest, **{"min-guarantee": 96}))
    leave_to_promise(100)
    assert memtune(guest, **{"min-guarantee": 120}).status == 3
    told = history(guest.name)
    assert [(each["operation"], each["event"]) for each in told] == [
        ("prepare", "admitted"),
        ("started", "written"),
        ("memtune", "admitted"),
        ("memtune", "written"),
        ("memtune", "refused"),
    ]
    assert told[2]["guarantee"] == str(96 * MIB)
    assert told[4]["asked"] == str(120 * MIB)
    wait_for("the journal has all lines", partial(has, guest.name, len(told)))
    say("\n", *journal(guest.name))
    assert journal(guest.name) == told
