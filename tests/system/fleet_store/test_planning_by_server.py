"""Questions to a fleet whose hosts are on a real server: claims count, silent hosts get nothing."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.host import domain, guarantee
from tests.system.fleet_store.fleets import Fleet
from xmlresource.cli import main
from xmlresource.fleet.simulated_hosts import GIB, guest, host

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def web(tmp_path: Path) -> str:
    path = tmp_path / "web.xml"
    path.write_bytes(domain("web", 99, guarantee(8 * 1024), ram=8 * 1024))
    return str(path)


def answer(capsys: Captured, *words: str) -> tuple[int, Any]:
    status = main(["fleet", *words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def silence(fleet: Fleet, name: str) -> None:
    fleet.database.run(
        "update xmlresource.host set published = published - interval '1 hour' "  # noqa: S608 -- the test's own name
        f"where name = '{name}'"
    )


@pytest.fixture
def three(fleet: Fleet) -> Fleet:
    fleet.publish(host("a", 32 * GIB, [guest(1, 10 * GIB)]))
    fleet.publish(host("b", 32 * GIB))
    fleet.publish(host("c", 64 * GIB))
    return fleet


def test_check_counts_claims_and_leaves_silent_hosts_out(
    three: Fleet, capsys: Captured, web: str
) -> None:
    status, found = answer(capsys, "check", web)
    assert (status, found["hosts"], found["unavailable"]) == (0, 3, [])
    assert found["guests"][0]["host"] == "c"
    silence(three, "c")
    for number in range(10, 16):
        three.claim(number, "b")
    status, found = answer(capsys, "check", web)
    assert status == 0
    (checked,) = found["guests"]
    assert [each["host"] for each in checked["fitting"]] == ["a"]
    assert checked["refusing"] == [{"rule": "commitment", "hosts": 1}]
    ((silent),) = found["unavailable"]
    assert silent["host"] == "c"
    assert silent["reason"].startswith("not heard for ")


def test_a_silent_host_can_be_drained_and_gets_nothing(three: Fleet, capsys: Captured) -> None:
    silence(three, "a")
    status, found = answer(capsys, "drain", "a")
    assert (status, found["complete"], found["unavailable"]) == (0, True, [])
    assert [each["guest"] for each in found["moves"]] == ["guest1"]
    status, found = answer(capsys, "drain", "b")
    assert [each["host"] for each in found["unavailable"]] == ["a"]


def test_what_if_takes_claims_off(three: Fleet, capsys: Captured, web: str) -> None:
    status, found = answer(capsys, "what-if", "--lose-host", "c", "--add-guests", f"4x{web}")
    assert (status, found["added"][0]["placed"]) == (0, 4)
    for number in range(10, 16):
        three.claim(number, "b")
    status, found = answer(capsys, "what-if", "--lose-host", "c", "--add-guests", f"4x{web}")
    assert (status, found["added"][0]["placed"]) == (3, 2)
