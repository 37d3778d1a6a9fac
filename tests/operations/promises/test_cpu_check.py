"""``check`` and ``status`` tell of CPU time where it is asked for or promised, and else nothing."""

import json
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, cpu_guarantee, domain, guarantee
from tests.operations.guests.test_hook_events import LIBVIRTD, call
from xmlresource.cgroup.writes import Plan
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.guests.plan import plan
from xmlresource.operations.promises.check import AdmissionCheck, check_all
from xmlresource.reports.guests import decision as report
from xmlresource.reports.host import status as status_report


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path / "host", request.param, cpus=4)
    made.process(LIBVIRTD)
    made.group("/system")
    return made


def documents(tmp_path: Path, *cpus: str, memory: str = "") -> list[str]:
    paths = []
    for number, each in enumerate(cpus):
        cpu = cpu_guarantee(each) if each else ""
        xml = domain(f"g{number}", number, memory, cpu=cpu, more="<vcpu>4</vcpu>")
        path = tmp_path / f"g{number}.xml"
        path.write_bytes(xml)
        paths.append(str(path))
    return paths


def text(checked: AdmissionCheck) -> str:
    assert checked.decision is not None
    return report.as_text(checked.decision, checked.beside)


def test_one_after_the_other(host: FakeHost, tmp_path: Path) -> None:
    found = check_all(documents(tmp_path, "2", "2", "1.5", ""), host.machine)
    assert [each.admitted for each in found] == [True, False, True, True]
    assert [each.exit_status for each in found] == [
        ExitStatus.FINE,
        ExitStatus.REFUSED,
        ExitStatus.FINE,
        ExitStatus.FINE,
    ]
    assert found[-1].beside == ()
    first, *rest = text(found[0]).splitlines()
    assert first == (
        "guest 'g0' admitted: it asks for a guarantee of 2 CPUs, 3.5 CPUs can be promised"
    )
    assert [line for line in rest if not line.startswith(" ")] == [
        "vcpus: holds",
        "commitment: holds",
        "weights: holds",
    ]
    first, *reckoning = text(found[1]).splitlines()
    assert "1.5 CPUs can be promised (commitment; largest promises: g0 2 CPUs)" in first
    assert "commitment: fails" in reckoning


def file(host: FakeHost) -> str:
    return {1: "cpu.shares", 2: "cpu.weight"}[host.version]


def test_what_refuses_comes_first(host: FakeHost, tmp_path: Path) -> None:
    (both,) = check_all(documents(tmp_path, "4", memory=guarantee(64)), host.machine)
    assert not both.admitted
    first, *rest = text(both).splitlines()
    assert "asks for a guarantee of 4 CPUs, 3.5 CPUs can be promised" in first
    assert any("admitted: it asks for a guarantee of 64 MiB" in line for line in rest)
    (both,) = check_all(documents(tmp_path, "1", memory=guarantee(64)), host.machine)
    assert "64 MiB" in text(both).splitlines()[0]


def test_every_rule_and_line_is_explained(host: FakeHost, tmp_path: Path) -> None:
    (checked,) = check_all(documents(tmp_path, "1"), host.machine)
    assert checked.decision is not None
    explained = report.explained(checked.decision, checked.beside)
    for line in ("CPU reserve: the CPU time", "weights: there are", f"kept by {file(host)}: the"):
        assert line in explained
    assert report.as_line("a b.xml", checked.decision, checked.beside).startswith(
        "a b.xml: guest 'g0' admitted: it asks for a guarantee of 1 CPU"
    )


def test_json(host: FakeHost, tmp_path: Path) -> None:
    paths = documents(tmp_path, "2", "2", "")
    found = check_all(paths, host.machine)
    rows = [(each.path, each.decision, each.beside, []) for each in found]
    answer = json.loads(json.dumps(report.many_as_json(rows)))
    assert answer["fit"] is False
    first, second, third = (each["decision"] for each in answer["documents"])
    assert (first["admitted"], second["admitted"], third["admitted"]) == (True, False, True)
    assert "cpu" not in third
    cpu = second["cpu"]
    assert (cpu["asked"], cpu["promisable"], cpu["promises"]) == (2000, 1500, 1)
    (largest,) = cpu["largest"]
    assert (largest["name"], largest["cpu_guarantee"]) == ("g0", 2000)
    commitment = next(each for each in cpu["rules"] if each["rule"] == "commitment")
    assert commitment["lines"] == [
        {"label": "CPUs", "millicpus": 4000},
        {"label": "CPU reserve", "millicpus": -500},
        {"label": "promised", "millicpus": -2000},
    ]


def test_status_tells_of_it_where_it_is_promised(host: FakeHost) -> None:
    memory = domain("b", 2, guarantee(64))
    assert call(host, "prepare", memory, "b") == (0, "")
    host.run("b", 102, memory)
    assert call(host, "started", memory, "b") == (0, "")
    assert status(host.machine).cpu is None
    assert "cpu" not in json.dumps(status_report.as_json(status(host.machine)))
    pinned = "<vcpu cpuset='0-1'>2</vcpu>"
    xml = domain("a", 1, "", cpu=cpu_guarantee("1"), more=pinned)
    assert call(host, "prepare", xml, "a") == (0, "")
    folder = host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    found = status(host.machine)
    shown = status_report.as_json(found)
    assert shown["cpu"] == {"total": 4000, "reserve": 500, "promised": 1000, "promisable": 2500}
    (guest,) = (each for each in shown["guests"] if each["name"] == "a")
    assert guest["cpu"] == {"guarantee": 1000, "cpus": [0, 1], "share": 100}
    assert guest["drift"] == []
    assert guest["min_guarantee"] == 0 * MIB
    lines = status_report.as_text(found).splitlines()
    assert "CPU time   4 CPUs, 0.5 CPUs kept for the host, 1 CPU promised, 2.5 CPUs left" in lines
    assert "    it is promised 1 CPU on CPU 0-1" in lines
    assert folder


def test_plan_shows_the_weights_that_a_guest_that_runs_lacks(
    host: FakeHost, tmp_path: Path
) -> None:
    host.run("plain", 90, domain("plain", 9, ""))
    host.run("g0", 101, domain("g0", 0, ""))
    (path,) = documents(tmp_path, "1")
    found = plan(path, host.machine)
    assert isinstance(found, Plan)
    own, above = "/machine/qemu-101-g0.libvirt-qemu", "/machine"
    assert [(each.cgroup, each.file) for each in found.writes] == [
        (above, file(host)),
        (own, file(host)),
    ]
    (path,) = documents(tmp_path, "")
    without = plan(path, host.machine)
    assert isinstance(without, Plan)
    assert without.writes == ()


def test_plan_says_nothing_of_the_weights_of_a_guest_that_does_not_run(
    host: FakeHost, tmp_path: Path
) -> None:
    (path,) = documents(tmp_path, "1")
    found = plan(path, host.machine)
    assert isinstance(found, Plan)
    assert found.writes == ()


def test_a_weight_that_somebody_lowered_is_drift(host: FakeHost) -> None:
    host.run("plain", 90, domain("plain", 9, ""))
    xml = domain("a", 1, "", cpu=cpu_guarantee("1"), more="<vcpu>2</vcpu>")
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    root = {1: "/sys/fs/cgroup/cpu", 2: "/sys/fs/cgroup"}[host.version]
    host.write(f"{root}/machine/qemu-101-a.libvirt-qemu/{file(host)}", "5\n")
    (guest,) = status(host.machine).guests
    (line,) = guest.drift
    assert line.startswith(f"raise {file(host)} of /machine/qemu-101-a.libvirt-qemu from 5 to ")
