"""measure, on a host of plain files with either version of cgroups."""

import errno
import json
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, domain
from xmlresource.cli import main
from xmlresource.operations.guests.running_guests import NotRunningError
from xmlresource.operations.memory_use.measure import MeasureError, Measurement, measure
from xmlresource.reports.guests.measure import as_json, as_text
from xmlresource.reports.layout.tables import WIDTH
from xmlresource.system.cgroups import memory_use
from xmlresource.system.machine import Machine

PID, HELPER, GONE = 4242, 4243, 4244
SMAPS = """\
7f0000000000-7f0008000000 rwxp 00000000 00:00 0
Size:             131072 kB
Rss:               12288 kB
7f1000000000-7f1004000000 rw-p 00000000 00:00 0
Size:              65536 kB
Rss:               61440 kB
"""
STATISTICS = {
    1: "rss 1\ntotal_rss {}\ntotal_shmem 0\ntotal_active_file 4096\ntotal_swap {}\n",
    2: "anon {}\nshmem 0\nactive_file 4096\nkernel 4194304\n",
}


def make_guest(host: FakeHost, *, limit: int | None = None, swapped: int = 0) -> str:
    """A guest of 64 MiB that takes 36 MiB more, with swtpm or the like beside it."""
    folder = host.run("web", PID, domain("web", 1, ""))
    host.write(f"/proc/{PID}/smaps", SMAPS)
    host.write(f"/proc/{PID}/status", "Name:\tqemu\nVmPTE:\t300 kB\n")
    host.write(f"/proc/{HELPER}/smaps_rollup", "Rss: 5000 kB\nPss_Anon: 1024 kB\n")
    host.write(f"/proc/{HELPER}/status", "Name:\tswtpm\nVmPTE:\t100 kB\n")
    host.write(f"{folder}/memory.stat", STATISTICS[host.version].format(100 * MIB, swapped))
    host.write(f"{folder}/cgroup.procs", f"{HELPER}\n{GONE}\n")
    host.write(f"{folder}/emulator/cgroup.procs", f"{PID}\n")
    if host.version == 1:
        host.write(f"{folder}/memory.usage_in_bytes", f"{110 * MIB}\n")
        host.write(f"{folder}/memory.max_usage_in_bytes", f"{111 * MIB}\n")
        host.write(f"{folder}/memory.kmem.usage_in_bytes", f"{4 * MIB}\n")
        host.write(f"{folder}/memory.limit_in_bytes", f"{limit or 9223372036854771712}\n")
    else:
        host.write(f"{folder}/memory.current", f"{110 * MIB}\n")
        host.write(f"{folder}/memory.swap.current", f"{swapped}\n")
        host.write(f"{folder}/memory.max", f"{limit or 'max'}\n")
    return folder


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path / "host", version=request.param)


def test_a_guest_is_measured_beside_its_estimate(host: FakeHost) -> None:
    make_guest(host)
    found = measure("web", host.machine)
    shown = as_json(found)
    assert (shown["version"], shown["domain"], shown["pid"]) == (1, "web", PID)
    assert shown["cgroup"] == f"/machine/qemu-{PID}-web.libvirt-qemu"
    measured = shown["measured"]
    assert measured["ram"] == 60 * MIB
    assert measured["helper"] == MIB + 100 * 1024
    assert measured["kernel"] == 4 * MIB - 100 * 1024
    assert measured["qemu"] == 100 * MIB - 60 * MIB - MIB
    assert measured["translation_cache"] == 12 * MIB
    assert measured["page_cache"] == 4096
    assert measured["total"] == 44 * MIB
    assert measured["charged"] == 110 * MIB
    assert shown["predicted"]["total"]["expected"] == found.predicted.total.expected
    for part in ("qemu", "kernel", "helper", "total"):
        expected = shown["predicted"][part]["expected"]
        assert shown["difference"][part] == measured[part] - expected
    assert shown["hard_limit"] == "unlimited"
    assert shown["objection"] is None
    json.dumps(shown)


def test_the_text_is_a_table_and_what_is_charged_besides(host: FakeHost) -> None:
    make_guest(host, limit=80 * MIB, swapped=2 * MIB)
    text = as_text(measure("web", host.machine))
    lines = text.splitlines()
    assert lines[0] == "web: overhead beyond RAM, in MiB"
    assert lines[3].split() == ["part", "measured", "idle", "expected", "worst", "difference"]
    assert [line.split()[0] for line in lines[4:8]] == ["qemu", "kernel", "helper", "total"]
    assert lines[7].split()[1] == "44.00"
    assert all(len(line) <= WIDTH for line in lines)
    for words in (
        "RAM: 60 MiB of 64 MiB are in memory",
        "of qemu, 12 MiB are translated code",
        "of kernel, 300 KiB are the emulator's page tables",
        "page cache: 4 KiB",
        "in swap: 2 MiB",
        "hard_limit in force: 80 MiB",
        "too low: hard_limit 80 MiB leaves 16 MiB beyond RAM",
    ):
        assert words in text
    assert ("111 MiB at most so far" in text) == (host.version == 1)


def test_ram_that_is_not_to_be_told_is_said(host: FakeHost) -> None:
    make_guest(host)
    host.write(f"/proc/{PID}/smaps", "7f00-7f01 rw-p 00000000 00:00 0\nSize: 8 kB\nRss: 8 kB\n")
    found = measure("web", host.machine)
    text = as_text(found)
    assert not as_json(found)["measured"]["ram_known"]
    assert "was not to be told from the emulator's other memory" in text
    assert "translated code" not in text
    assert "in swap" not in text


def test_a_container_has_no_emulator(host: FakeHost) -> None:
    host.run("box", PID, domain("box", 1, "", kind="lxc"), driver="lxc")
    with pytest.raises(MeasureError, match="'box' is a container"):
        measure("box", host.machine)


@pytest.mark.parametrize(
    ("status", "words"),
    [("<domstatus>", r"web\.xml can't be read: "), ("<domstatus/>", "holds no domain")],
)
def test_a_guest_whose_definition_can_not_be_read(host: FakeHost, status: str, words: str) -> None:
    make_guest(host)
    host.write("/run/libvirt/qemu/web.xml", status)
    with pytest.raises(MeasureError, match=words):
        measure("web", host.machine)


def test_a_guest_without_a_cgroup_of_its_own(host: FakeHost) -> None:
    make_guest(host)
    host.process(PID, cgroup="/user.slice")
    with pytest.raises(MeasureError, match=r"guest .web.: /user\.slice is no cgroup"):
        measure("web", host.machine)


@pytest.mark.parametrize("what", ["smaps", "cgroup"])
def test_a_guest_that_ends_meanwhile(host: FakeHost, what: str) -> None:
    folder = make_guest(host)
    if what == "smaps":
        host.write(f"/proc/{PID}/smaps", "")  # what a process that has just died shows
    else:
        for name in ("memory.usage_in_bytes", "memory.current"):
            (host.root / folder[1:] / name).unlink(missing_ok=True)
    with pytest.raises(NotRunningError, match="has just ended"):
        measure("web", host.machine)


def test_a_guest_that_does_not_run(host: FakeHost) -> None:
    with pytest.raises(NotRunningError, match="no guest 'web' runs"):
        measure("web", host.machine)


def refusing(monkeypatch: pytest.MonkeyPatch, error: int) -> None:
    read = memory_use.read_file

    def read_file(machine: Machine, path: str) -> str | None:
        if path.endswith("emulator/cgroup.procs"):
            raise OSError(error, "")
        return read(machine, path)

    monkeypatch.setattr(memory_use, "read_file", read_file)


def test_a_threaded_cgroup_has_its_processes_above(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_guest(host)
    refusing(monkeypatch, errno.EOPNOTSUPP)
    assert measure("web", host.machine).measured.helper > 0
    refusing(monkeypatch, errno.EACCES)
    with pytest.raises(OSError, match="13"):
        measure("web", host.machine)


def test_the_command(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    make_guest(host)
    here: Measurement = measure("web", host.machine)
    monkeypatch.setattr("xmlresource.cli.measure.measure", {"web": here}.__getitem__)
    assert main(["measure", "web"]) == 0
    assert capsys.readouterr().out == as_text(here)
    assert main(["measure", "--json", "web"]) == 0
    assert json.loads(capsys.readouterr().out) == as_json(here)
