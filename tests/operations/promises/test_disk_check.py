"""``check`` tells of parts of disks where they are asked for and can be kept, and else nothing."""

import json
from pathlib import Path

import pytest

from tests.fakes.controlled import SECOND, ControlledHost
from tests.fakes.controllers import DISK
from tests.fakes.host import cpu_guarantee, guarantee
from tests.operations.guests.test_disk_promises import FILES, WeighedHost, one
from xmlresource.admission.reckoning import Rule
from xmlresource.errors import ExitStatus
from xmlresource.operations.promises.check import AdmissionCheck, check_all
from xmlresource.reports.guests import decision as report


@pytest.fixture(params=FILES)
def host(request: pytest.FixtureRequest, tmp_path: Path) -> WeighedHost:
    made = WeighedHost(tmp_path / "host", request.param)
    made.write("/sys/devices/system/cpu/online", "0-3\n")
    made.write("/sys/devices/system/cpu/isolated", "\n")
    if made.version == 1:
        made.write("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n")
    return made


def documents(tmp_path: Path, *guests: tuple[float, ...], content: str = "") -> list[str]:
    paths = []
    for number, percent in enumerate(guests):
        path = tmp_path / f"g{number}.xml"
        path.write_bytes(one(f"g{number}", number, *percent, content=content))
        paths.append(str(path))
    return paths


def text(checked: AdmissionCheck) -> str:
    assert checked.decision is not None
    return report.as_text(checked.decision, checked.beside)


def test_one_after_the_other(host: WeighedHost, tmp_path: Path) -> None:
    found = check_all(documents(tmp_path, (50,), (0, 50), (60,), (10,), ()), host.machine)
    assert [each.admitted for each in found] == [True, True, False, True, True]
    assert found[2].exit_status is ExitStatus.REFUSED
    assert found[-1].beside == ()
    first, *rest = text(found[0]).splitlines()
    assert first.startswith("guest 'g0' admitted: it asks for a guarantee of 50 %, ")
    titles = [line for line in rest if not line.startswith(" ")]
    assert titles == ["commitment, vda: holds", "weights, vda in /: holds"]
    first, *rest = text(found[2]).splitlines()
    assert "refused: it asks for a guarantee of 60 % of vda, " in first
    assert "commitment, vda: fails" in rest


def test_what_refuses_comes_first(host: WeighedHost, tmp_path: Path) -> None:
    more = f"<xr:memory>{guarantee(64)}</xr:memory><xr:cpu>{cpu_guarantee('1')}</xr:cpu>"
    (checked,) = check_all(documents(tmp_path, (10, 100), content=more), host.machine)
    lines = [line for line in text(checked).splitlines() if "asks for a guarantee" in line]
    assert [" of vdb, " in line for line in lines] == [True, False, False, False]
    assert [line.split(":")[0] for line in lines[1:]] == ["guest 'g0' admitted"] * 3


def test_every_rule_and_line_is_explained(host: WeighedHost, tmp_path: Path) -> None:
    (checked,) = check_all(documents(tmp_path, (10,)), host.machine)
    assert checked.decision is not None
    explained = report.explained(checked.decision, checked.beside)
    for line in (
        f"commitment: {report.RULES[Rule.COMMITMENT]}",
        "weights: there are",
        "all of it: what the disk can do",
        f"kept by {host.file} beside system 100: the",
    ):
        assert line in explained


def test_json(host: WeighedHost, tmp_path: Path) -> None:
    found = check_all(documents(tmp_path, (50, 20), (60,)), host.machine)
    rows = [(each.path, each.decision, each.beside, []) for each in found]
    answer = json.loads(json.dumps(report.many_as_json(rows)))
    assert answer["fit"] is False
    first, second = (each["decision"] for each in answer["documents"])
    assert (first["admitted"], second["admitted"]) == (True, False)
    assert [(each["disk"], each["name"], each["asked"]) for each in first["disks"]] == [
        (DISK, "vda", 50_000),
        (SECOND, "vdb", 20_000),
    ]
    (disk,) = second["disks"]
    assert disk["promises"] == 1
    (largest,) = disk["largest"]
    assert (largest["name"], largest["guarantee"]) == ("g0", 50_000)
    commitment = next(each for each in disk["rules"] if each["rule"] == "commitment")
    assert commitment["lines"] == [
        {"label": "all of it", "millipercent": 100_000},
        {"label": "promised", "millipercent": -50_000},
    ]
    assert "cpu" not in second


def test_where_nobody_weighs_nothing_is_asked(tmp_path: Path) -> None:
    host = ControlledHost(tmp_path / "host", 2)
    (checked,) = check_all(documents(tmp_path, (100,)), host.machine)
    assert checked.admitted
    assert checked.beside == ()
