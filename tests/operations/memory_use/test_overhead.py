"""overhead, of one file, of several and of folders."""

import json
from pathlib import Path

import pytest

from tests.fakes.host import domain, hard_limit
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.operations.memory_use.overhead import overhead

MIB = 1 << 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "a.xml").write_bytes(domain("a", 1, hard_limit(70)))
    (tmp_path / "below" / "b.xml").write_bytes(domain("b", 2, "", ram=128))
    (tmp_path / "notes.txt").write_text("no document")
    return tmp_path


def test_one_file(folder: Path) -> None:
    found = overhead(str(folder / "a.xml"))
    assert found.one
    (guest,) = found.guests
    assert guest.overhead.ram == 64 * MIB
    assert guest.hard_limit == 70 * MIB
    (objection,) = guest.objections
    assert objection.startswith("hard_limit 70 MiB leaves 6 MiB beyond RAM")
    assert found.exit_status is ExitStatus.FINE


def test_a_folder_is_several_whatever_is_in_it(folder: Path) -> None:
    found = overhead(str(folder / "below"))
    assert not found.one
    assert [guest.path for guest in found.guests] == [str(folder / "below" / "b.xml")]
    # The one that is named twice counts once.
    assert overhead(str(folder / "below"), str(folder)).total.guests == 2


def test_the_sum_is_that_of_the_guests(folder: Path) -> None:
    found = overhead(str(folder))
    a, b = (guest.overhead for guest in found.guests)
    total = found.total
    assert total.cost == a.total + b.total
    assert total.ram == total.ram_at_start == 192 * MIB
    assert a.hard_limit is not None
    assert b.hard_limit is not None
    assert total.hard_limit == a.hard_limit + b.hard_limit


def test_what_is_no_domain_is_a_fault_and_the_rest_is_estimated(folder: Path) -> None:
    (folder / "bare.xml").write_text("<memtune/>")
    found = overhead(str(folder))
    assert [guest.overhead.name for guest in found.guests] == ["a", "b"]
    assert [fault.code for fault in found.faults] == ["XR010"]
    assert found.exit_status is ExitStatus.FINDINGS
    assert overhead(str(folder), str(folder / "gone.xml")).exit_status is ExitStatus.USAGE


def test_the_command_prints_a_line_a_guest(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["overhead", str(folder)]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[2:6]] == ["guest", "a", "b", "total"]


def test_the_command_prints_json_of_one_and_of_several(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["overhead", "--json", str(folder / "a.xml")]) == 0
    one = json.loads(capsys.readouterr().out)
    assert (one["version"], one["domain"]) == (1, "a")
    (folder / "bare.xml").write_text("<memtune/>")
    assert main(["overhead", "--json", str(folder)]) == 1
    printed = capsys.readouterr()
    several = json.loads(printed.out)
    assert [guest["domain"] for guest in several["guests"]] == ["a", "b"]
    assert set(several) == {"version", "guests", "total"}
    assert "XR010" in printed.err


def test_the_command_says_nothing_but_the_fault_of_one_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bare.xml").write_text("<memtune/>")
    assert main(["overhead", str(folder / "bare.xml")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "XR010" in printed.err
