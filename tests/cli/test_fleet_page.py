"""``xmlresource fleet page`` and ``fleet status --prometheus``, of files that hosts printed."""

import json
import re
from pathlib import Path

import pytest

from tests.fleet.reports import GIB, promise, report
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.fleet.report_json import report_as_fields


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "fleet"
    made.mkdir()
    for number, name in enumerate(("kvm1", "kvm2"), start=1):
        found = report(name, promises=(promise(number, number * GIB, "<b>db</b>"),))
        (made / f"{name}.json").write_text(json.dumps(report_as_fields(found)))
    return made


def test_a_page_of_all_hosts(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "fleet.html"
    assert main(["fleet", "page", "--from", str(folder), "-o", str(file)]) == 0
    page = file.read_text()
    assert [name in page for name in ("kvm1", "kvm2", "kvm3")] == [True, True, False]
    assert "<bdi>&lt;b&gt;db&lt;/b&gt;</bdi>" in page
    assert "<b>" not in page
    assert page.count(">its guest fits elsewhere</td>") == 2


def test_a_host_that_can_not_be_lost_is_told(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = report("kvm3", promises=(promise(3, 58 * GIB), promise(4, GIB)))
    (folder / "kvm3.json").write_text(json.dumps(report_as_fields(full)))
    small = report("kvm2", total=8 * GIB)
    (folder / "kvm2.json").write_text(json.dumps(report_as_fields(small)))
    full_too = report("kvm1", promises=(promise(1, 30 * GIB),))
    (folder / "kvm1.json").write_text(json.dumps(report_as_fields(full_too)))
    assert main(["fleet", "page", "--from", str(folder)]) == 0
    page = capsys.readouterr().out
    assert re.search(">no place (found )?for 1 of 2 guests</td>", page)
    assert ">it has no guests</td>" in page
    assert main(["fleet", "status", "--prometheus", "--from", str(folder)]) == 0
    text = capsys.readouterr().out
    assert 'xmlresource_fleet_lacks_spare{host="kvm3"} 1\n' in text
    assert 'xmlresource_fleet_lacks_spare{host="kvm2"} 0\n' in text


def test_a_page_goes_to_standard_output(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fleet", "page", "--from", str(folder)]) == 0
    assert capsys.readouterr().out.startswith("<!DOCTYPE html>")


def test_metrics_of_all_hosts(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "fleet.prom"
    words = ["fleet", "status", "--from", str(folder), "--prometheus", "-o", str(file)]
    assert main(words) == 0
    text = file.read_text()
    assert f'xmlresource_fleet_promised_bytes{{host="kvm2"}} {2 * GIB}\n' in text


def test_nothing_is_written_of_a_folder_that_is_none(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fleet.html"
    (folder / "kvm3.json").write_text("{}")
    assert main(["fleet", "page", "--from", str(folder), "-o", str(file)]) == ExitStatus.USAGE
    assert "kvm3.json" in capsys.readouterr().err
    assert not file.exists()
