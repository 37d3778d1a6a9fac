"""check, plan, apply and status, on a host of plain files; the shapes of their JSON."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from xmlresource.admission import decision
from xmlresource.admission.reckoning import Rule
from xmlresource.cgroup.writes import Plan, Rejection
from xmlresource.cli import apply as apply_command
from xmlresource.cli import check as check_command
from xmlresource.cli import main
from xmlresource.document import DocumentError
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.guest import RefusalError
from xmlresource.operations.guests.apply import apply, declares_for_next_start
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.guests.plan import plan
from xmlresource.operations.guests.running_guests import NotRunningError
from xmlresource.operations.promises.check import check, check_all, exit_status
from xmlresource.promises.promise import PromiseState
from xmlresource.promises.staleness import LONGEST_START
from xmlresource.reports.guests import decision as decision_report
from xmlresource.reports.host import status as status_report


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path / "host")


def document(tmp_path: Path, xml: bytes) -> str:
    file = tmp_path / "guest.xml"
    file.write_bytes(xml)
    return str(file)


def test_check_of_a_guest_that_fits(host: FakeHost, tmp_path: Path) -> None:
    checked = check(document(tmp_path, domain("db1", 1, guarantee(1000))), host.machine)
    assert checked.exit_status is ExitStatus.FINE
    assert checked.decision is not None
    shown: dict[str, Any] = decision_report.as_json(checked.decision)
    assert (shown["version"], shown["domain"], shown["admitted"]) == (1, "db1", True)
    assert shown["asked"] == 1000 * MIB
    assert [rule["rule"] for rule in shown["rules"]] == ["commitment", "physical"]
    commitment = shown["rules"][0]
    assert commitment["holds"]
    assert commitment["lines"][0] == {"label": "MemTotal", "bytes": 8 * GIB}
    assert sum(line["bytes"] for line in commitment["lines"]) == commitment["promisable"]
    text = decision_report.as_text(checked.decision)
    assert text.startswith("guest 'db1' admitted: it asks for a guarantee of 1000 MiB, ")


def test_check_of_a_guest_that_does_not_fit_says_what_virsh_would(
    host: FakeHost, tmp_path: Path
) -> None:
    answer("db1", "prepare", domain("db1", 1, guarantee(5000)), None, host.machine)
    xml = domain("web1", 2, guarantee(5000))
    checked = check(document(tmp_path, xml), host.machine)
    assert checked.exit_status is ExitStatus.REFUSED
    assert checked.decision is not None
    _, said = answer("web1", "prepare", xml, None, host.machine)
    assert decision_report.as_text(checked.decision) == said
    (largest,) = decision_report.as_json(checked.decision)["largest"]
    assert largest == {"name": "db1", "uuid": uuid(1), "min_guarantee": 5000 * MIB}


def test_check_writes_nothing(host: FakeHost, tmp_path: Path) -> None:
    check(document(tmp_path, domain("db1", 1, guarantee(1000))), host.machine)
    assert not (host.root / "run/xmlresource").exists()


def test_check_counts_guests_that_run_without_a_book(host: FakeHost, tmp_path: Path) -> None:
    host.run("db1", 4242, domain("db1", 1, guarantee(5000)))
    checked = check(document(tmp_path, domain("web1", 2, guarantee(5000))), host.machine)
    assert checked.exit_status is ExitStatus.REFUSED


def test_check_of_a_faulty_document(host: FakeHost, tmp_path: Path) -> None:
    path = document(tmp_path, domain("db1", 1, guarantee(200) + hard_limit(100)))
    checked = check(path, host.machine)
    assert [fault.code for fault in checked.faults] == ["XR301"]
    assert checked.exit_status is ExitStatus.FINDINGS


def test_check_takes_a_domain(host: FakeHost, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="<memtune> is not a domain"):
        check(document(tmp_path, b"<memtune/>"), host.machine)


def test_check_of_a_guest_that_asks_for_nothing(host: FakeHost, tmp_path: Path) -> None:
    checked = check(document(tmp_path, domain("db1", 1, "")), host.machine)
    assert checked.decision is not None
    text = decision_report.as_text(checked.decision)
    assert text == "guest 'db1' admitted: it asks for no guarantee\n"


def documents(tmp_path: Path, *xmls: bytes) -> list[str]:
    paths = [tmp_path / f"{number}.xml" for number, _ in enumerate(xmls)]
    for path, xml in zip(paths, xmls, strict=True):
        path.write_bytes(xml)
    return [str(path) for path in paths]


def test_check_of_several_admits_them_one_after_the_other(host: FakeHost, tmp_path: Path) -> None:
    paths = documents(
        tmp_path,
        domain("db1", 1, guarantee(5000)),
        domain("web1", 2, guarantee(5000)),
        domain("bad", 3, guarantee(200) + hard_limit(100)),
        domain("web2", 4, guarantee(2000)),
    )
    found = check_all(paths, host.machine)
    admitted = [each.decision and each.decision.admitted for each in found]
    assert admitted == [True, False, None, True]
    assert exit_status(found) is ExitStatus.FINDINGS
    assert exit_status(found[:2]) is ExitStatus.REFUSED
    assert exit_status(found[:1]) is ExitStatus.FINE
    assert not (host.root / "run/xmlresource").exists()
    again = check_all([paths[1], paths[0]], host.machine)
    assert [each.decision and each.decision.admitted for each in again] == [True, False]


def test_check_of_several_without_a_uuid(host: FakeHost, tmp_path: Path) -> None:
    xml = domain("db1", 1, guarantee(5000)).replace(b"<uuid>", b"<!--").replace(b"</uuid>", b"-->")
    found = check_all(documents(tmp_path, xml, xml), host.machine)
    assert [each.decision and each.decision.admitted for each in found] == [True, False]


def test_check_of_the_same_guest_twice(host: FakeHost, tmp_path: Path) -> None:
    xml = domain("db1", 1, guarantee(5000))
    found = check_all(documents(tmp_path, xml, xml), host.machine)
    assert [each.decision and each.decision.admitted for each in found] == [True, True]


def test_check_on_the_command_line(
    host: FakeHost,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(check_command, "check_all", lambda paths: check_all(paths, host.machine))
    paths = documents(
        tmp_path,
        domain("db1", 1, guarantee(5000)),
        domain("web1", 2, guarantee(5000)),
        domain("bad", 3, guarantee(200) + hard_limit(100)),
    )
    assert main(["check", *paths]) == ExitStatus.FINDINGS
    shown = capsys.readouterr()
    assert [line.partition(": ")[2][:20] for line in shown.out.splitlines()] == [
        "guest 'db1' admitted",
        "guest 'web1' refused",
    ]
    assert "XR301" in shown.err
    assert main(["check", "--json", *paths]) == ExitStatus.FINDINGS
    answer_ = json.loads(capsys.readouterr().out)
    assert answer_["fit"] is False
    assert [each["path"] for each in answer_["documents"]] == paths
    assert answer_["documents"][1]["decision"]["admitted"] is False
    assert answer_["documents"][2]["diagnostics"][0]["code"] == "XR301"
    assert main(["check", "--explain", paths[0]]) == ExitStatus.FINE
    explained = capsys.readouterr().out
    assert "  MemAvailable: what the kernel could give now" in explained
    assert main(["check", "--json", paths[0]]) == ExitStatus.FINE
    assert json.loads(capsys.readouterr().out)["admitted"] is True


def test_every_line_of_a_reckoning_can_be_explained() -> None:
    source = "".join(Path(str(module.__file__)).read_text() for module in (decision,))
    labels = re.findall(r'Line\(\s*"([^"]+)"', source)
    assert len(labels) > 15
    for label in (*labels, "commit ratio 2", "guests without a promise below it"):
        assert decision_report.meaning_of(label)
    assert set(decision_report.RULES) == set(Rule)


def test_plan_for_a_guest_that_does_not_run(host: FakeHost, tmp_path: Path) -> None:
    found = plan(document(tmp_path, domain("db1", 1, guarantee(1) + hard_limit(64))), host.machine)
    assert isinstance(found, Plan)
    (write,) = found.to_dict()["writes"]
    assert write["path"] == "/sys/fs/cgroup/memory/machine/<guest>/memory.limit_in_bytes"
    assert (write["before"], write["value"]) == ("unlimited", 64 * MIB)
    assert [note.tunable for note in found.not_enforced] == ["min_guarantee"]


def test_plan_on_v2_raises_what_is_above_first(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "host", version=2)
    found = plan(document(tmp_path, domain("db1", 1, guarantee(16))), host.machine)
    assert isinstance(found, Plan)
    assert [write.cgroup for write in found.writes] == ["/machine", "/machine/<guest>"]


MEMTUNE = (
    "<memtune><hard_limit unit='MiB'>96</hard_limit><soft_limit unit='MiB'>80</soft_limit>"
    "<swap_hard_limit unit='MiB'>128</swap_hard_limit></memtune>"
)


@pytest.mark.parametrize(
    ("version", "files"),
    [
        (
            1,
            [
                ("memory.limit_in_bytes", 96),
                ("memory.soft_limit_in_bytes", 80),
                ("memory.memsw.limit_in_bytes", 128),
            ],
        ),
        (2, [("memory.max", 96), ("memory.high", 80), ("memory.swap.max", 128)]),
    ],
)
def test_plan_tells_what_libvirt_writes_by_itself(
    tmp_path: Path, version: int, files: list[tuple[str, int]]
) -> None:
    host = FakeHost(tmp_path / "host", version=version)
    found = plan(document(tmp_path, domain("db1", 1, "", more=MEMTUNE)), host.machine)
    assert isinstance(found, Plan)
    assert found.writes == found.not_enforced == ()
    told = [(each["file"], each["value"]) for each in found.to_dict()["by_libvirt"]]
    assert told == [(file, size * MIB) for file, size in files]
    lines = found.describe().splitlines()
    assert lines[0].endswith("nothing to write")
    assert (
        lines[1] == f"libvirt writes {files[0][0]} at the start: 96 MiB (hard_limit in <memtune>)"
    )


def test_the_page_about_v2_shows_what_plan_prints(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "host", version=2)
    swap = Path(__file__).parents[2] / "fixtures" / "rules" / "guests" / "XR412-swap.xml"
    found = plan(str(swap), host.machine)
    page = Path(__file__).parents[2] / "docs" / "memtune-v2.md"
    assert f"```\n{found.describe()}\n```" in page.read_text("utf-8")


def test_plan_has_what_our_element_declares_too_among_ours(tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "host", version=2)
    xml = domain("db1", 1, hard_limit(96) + guarantee(16), more=MEMTUNE)
    found = plan(document(tmp_path, xml), host.machine)
    assert isinstance(found, Plan)
    assert {write.tunable for write in found.writes} == {"min_guarantee", "hard_limit"}
    assert [each.tunable for each in found.by_libvirt] == ["soft_limit", "swap_hard_limit"]


def test_plan_for_a_guest_that_runs_compares_with_what_is(host: FakeHost, tmp_path: Path) -> None:
    xml = domain("db1", 1, hard_limit(64))
    folder = host.run("db1", 4242, xml)
    path = document(tmp_path, xml)
    before = plan(path, host.machine)
    assert isinstance(before, Plan)
    assert [write.directory for write in before.writes] == [folder]
    apply("db1", host.machine)
    after = plan(path, host.machine)
    assert isinstance(after, Plan)
    assert after.writes == ()


def test_plan_without_a_memory_controller(host: FakeHost, tmp_path: Path) -> None:
    host.write("/proc/self/cgroup", "1:cpu:/\n")
    assert isinstance(plan(document(tmp_path, domain("a", 1, "")), host.machine), Rejection)


def test_plan_of_a_faulty_document(host: FakeHost, tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="above hard_limit"):
        plan(document(tmp_path, domain("a", 1, guarantee(200) + hard_limit(100))), host.machine)


def test_apply_takes_a_running_guest_in(host: FakeHost) -> None:
    folder = host.run("db1", 4242, domain("db1", 1, guarantee(10) + hard_limit(64)))
    report = apply("db1", host.machine)
    assert report is not None
    assert report.ok
    assert host.read(f"{folder}/memory.limit_in_bytes") == str(64 * MIB)
    assert [each.held.promise.name for each in status(host.machine).guests] == ["db1"]


def test_apply_refuses_what_was_not_admitted_and_does_not_fit(host: FakeHost) -> None:
    host.run("db1", 4242, domain("db1", 1, guarantee(5000)))
    answer("db1", "reconnect", domain("db1", 1, guarantee(5000)), None, host.machine)
    folder = host.run("web1", 4243, domain("web1", 2, guarantee(5000) + hard_limit(6000)))
    with pytest.raises(RefusalError, match="guest 'web1' refused") as caught:
        apply("web1", host.machine)
    assert caught.value.exit_status is ExitStatus.REFUSED
    assert host.read(f"{folder}/memory.limit_in_bytes") == "9223372036854771712\n"


def test_apply_promises_what_an_edited_definition_asks_for(host: FakeHost) -> None:
    for asked in (100, 200, 50):
        host.run("db1", 4242, domain("db1", 1, guarantee(asked)))
        apply("db1", host.machine)
        (guest,) = status(host.machine).guests
        assert guest.held.promise.size == asked * MIB
    host.run("db1", 4242, domain("db1", 1, guarantee(50_000)))
    with pytest.raises(RefusalError, match="refused"):
        apply("db1", host.machine)
    (guest,) = status(host.machine).guests
    assert guest.held.promise.size == 50 * MIB


def test_apply_to_a_guest_without_a_policy(host: FakeHost) -> None:
    host.run("plain", 4242, domain("plain", 1, ""))
    assert apply("plain", host.machine) is None


@pytest.mark.parametrize("kind", ["qemu", "lxc"])
@pytest.mark.parametrize(
    ("persistent", "said"),
    [
        (None, "guest 'plain' has no policy\n"),
        (domain("plain", 1, ""), "guest 'plain' has no policy\n"),
        (domain("plain", 1, guarantee(1)), "persistent definition has one, for its next start"),
        (domain("plain", 1, guarantee(2) + hard_limit(1)), "for its next start"),
    ],
)
def test_apply_to_a_guest_that_has_got_a_policy_since(
    host: FakeHost,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    kind: str,
    persistent: bytes | None,
    said: str,
) -> None:
    host.run("plain", 4242, domain("plain", 1, "", kind=kind), driver=kind)
    if persistent is not None:
        host.write(f"/etc/libvirt/{kind}/plain.xml", persistent.decode())
    monkeypatch.setattr(apply_command, "apply", partial(apply, machine=host.machine))
    declares = partial(declares_for_next_start, machine=host.machine)
    monkeypatch.setattr(apply_command, "declares_for_next_start", declares)
    assert main(["apply", "plain"]) == ExitStatus.FINE
    assert said in capsys.readouterr().out


def test_a_persistent_definition_that_others_can_write_says_nothing(host: FakeHost) -> None:
    host.run("plain", 4242, domain("plain", 1, ""))
    host.write("/etc/libvirt/qemu/plain.xml", domain("plain", 1, guarantee(1)).decode())
    (host.root / "etc/libvirt/qemu/plain.xml").chmod(0o666)
    assert not declares_for_next_start("plain", host.machine)


RESOURCE = (
    "<domain type='kvm'><name>a</name><memory>65536</memory><resource>{}<memory>"
    "<memoryMinGuarantee unit='MiB'>1</memoryMinGuarantee></memory></resource></domain>"
)


@pytest.mark.parametrize(
    ("inside", "fate"),
    [("<partition>/a</partition>", "silently drops"), ("", "fails to define a domain with")],
)
def test_check_says_that_libvirt_drops_the_resource_form(
    host: FakeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    inside: str,
    fate: str,
) -> None:
    path = document(tmp_path, RESOURCE.format(inside).encode())
    monkeypatch.setattr(check_command, "check_all", partial(check_all, machine=host.machine))
    for options in ([], ["--json"], ["--explain"]):
        assert main(["check", *options, path]) == ExitStatus.FINE
        printed = capsys.readouterr()
        assert f"XR402 warning: libvirt {fate} <memory> in <resource>" in printed.err
        assert "xmlresource convert --to metadata" in printed.err
    assert not check(document(tmp_path, domain("a", 1, guarantee(1))), host.machine).warnings


def test_a_containers_guarantee_above_its_memory_is_refused(host: FakeHost) -> None:
    box = domain("box", 1, guarantee(65), kind="lxc", ram=64)
    status_, text = answer("box", "prepare", box, None, host.machine)
    assert status_ == ExitStatus.FINDINGS
    assert "XR311 min_guarantee (65 MiB) is above <memory> (64 MiB)" in text
    for fits in (guarantee(64), guarantee(65) + hard_limit(66)):
        fine = domain("box", 1, fits, kind="lxc", ram=64)
        assert answer("box", "prepare", fine, None, host.machine) == (ExitStatus.FINE, "")


@pytest.mark.parametrize("name", ["gone", "../../etc/passwd", "", "a\nb"])
def test_apply_to_a_guest_that_does_not_run(host: FakeHost, name: str) -> None:
    with pytest.raises(NotRunningError):
        apply(name, host.machine)


def test_status_of_an_idle_host(host: FakeHost) -> None:
    shown = status_report.as_json(status(host.machine))
    assert shown["version"] == 1
    assert shown["guests"] == []
    assert shown["host"]["total"] == 8 * GIB
    assert shown["host"]["promised"] == 0
    assert shown["host"]["promisable"] > 7 * GIB


def test_status_shows_guests_and_drift(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(300))
    answer("db1", "prepare", xml, None, host.machine)
    starting = status_report.as_json(status(host.machine))["guests"]
    assert starting[0].pop("until") - starting[0].pop("since") == LONGEST_START
    assert starting == [
        {
            "name": "db1",
            "uuid": uuid(1),
            "state": "starting",
            "min_guarantee": 100 * MIB,
            "charged": 0,
            "limit": None,
            "soft_limit": None,
            "headroom": None,
            "pressure": None,
            "cgroup": None,
            "drift": [],
        }
    ]
    folder = host.run("db1", 4242, xml)
    answer("db1", "started", xml, None, host.machine)
    host.write(f"{folder}/memory.usage_in_bytes", f"{70 * MIB}\n")
    host.write(f"{folder}/memory.limit_in_bytes", f"{200 * MIB}\n")
    (running,) = status_report.as_json(status(host.machine))["guests"]
    assert (running["state"], running["charged"]) == ("running", 70 * MIB)
    assert running["cgroup"] == "/machine/qemu-4242-db1.libvirt-qemu"
    assert (running["limit"], running["headroom"]) == (200 * MIB, 130 * MIB)
    assert running["soft_limit"] == "unlimited"
    (drift,) = running["drift"]
    assert "memory.limit_in_bytes" in drift
    text = status_report.as_text(status(host.machine))
    assert "db1" in text
    assert f"    drift: {drift}" in text


def test_status_of_everyone(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100))
    answer("db1", "prepare", xml, None, host.machine)
    host.run("db1", 4242, xml)
    answer("db1", "started", xml, None, host.machine)
    folder = host.run("web", 4243, domain("web", 2, hard_limit(300)))
    host.write(f"{folder}/memory.usage_in_bytes", f"{70 * MIB}\n")
    host.write("/run/libvirt/qemu/bad.xml", "<")
    host.write("/run/libvirt/qemu/bad.pid", "4243\n")
    assert [each.held.promise.name for each in status(host.machine).guests] == ["db1"]
    _, web = status(host.machine, everyone=True).guests
    assert (web.held.promise.name, web.held.promise.size) == ("web", 0)
    assert (web.held.charged, web.held.promise.state) == (70 * MIB, PromiseState.RUNNING)


def test_status_tells_who_waits_for_memory(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, version=2)
    xml = domain("db1", 1, guarantee(100))
    answer("db1", "prepare", xml, None, host.machine)
    folder = host.run("db1", 4242, xml)
    answer("db1", "started", xml, None, host.machine)
    assert status(host.machine).pressure is None
    line = "some avg10={} avg60=0.00 avg300=0.00 total=0\nfull avg10=1.00\n"
    host.write("/proc/pressure/memory", line.format("2.50"))
    host.write(f"{folder}/memory.pressure", line.format("12.25"))
    found = status(host.machine)
    assert (found.pressure, found.guests[0].pressure) == (2.5, 12.25)


def test_status_of_a_guest_whose_files_are_gone(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100))
    host.run("db1", 4242, xml)
    answer("db1", "reconnect", xml, None, host.machine)
    (host.root / "run/libvirt/qemu/db1.pid").unlink()
    (shown,) = status_report.as_json(status(host.machine))["guests"]
    assert shown["drift"] == ["libvirt's run folder does not show it"]
