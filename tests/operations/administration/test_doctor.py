"""The diagnosis of whole hosts of plain files, as the command prints it."""

import errno
import json
import os
import sys
from functools import partial
from pathlib import Path

import jsonschema
import pytest

import xmlresource
from tests.fakes.host import FakeHost, domain, guarantee
from xmlresource.cli import main
from xmlresource.health.health_verdict import Health, Verdict
from xmlresource.health.judgements import JUDGEMENTS
from xmlresource.operations.administration.doctor import doctor
from xmlresource.operations.guests.hook_events import answer
from xmlresource.reports.host.doctor import as_json, as_text
from xmlresource.system.libvirt import hook_files
from xmlresource.system.machine import Machine

ROOT = "/sys/fs/cgroup"
SCHEMA = json.loads((Path(__file__).parents[3] / "schemas/doctor.schema.json").read_text())
CONFIGURATION = "/etc/xmlresource.toml"
FIXTURES = Path(__file__).parents[3] / "fixtures" / "hosts"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="the settings must be root's")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """A host that is healthy: cgroup v2, systemd, a libvirt that answers, the hook, the timer."""
    made = FakeHost(tmp_path / "host", version=2)
    made.write(f"{ROOT}/cgroup.controllers", "cpu memory\n")
    made.write(f"{ROOT}/cgroup.subtree_control", "cpu memory\n")
    made.group("/machine/one")
    made.write(f"{ROOT}/machine/cgroup.subtree_control", "memory\n")
    made.write("/usr/share/dbus-1/system-services/org.freedesktop.machine1.service", "")
    made.write("/run/systemd/system/x", "")
    made.write("/proc/pressure/memory", "some avg10=0.00\n")
    made.write("/dev/kmsg", "")
    program(made, "/usr/sbin/libvirtd", "echo 'libvirtd (libvirt) 9.0.0'")
    program(made, "/bin/systemctl", "echo active")
    program(made, sys.executable, "")
    for driver in hook_files.DRIVERS:
        hook_files.install(made.machine, driver, hook_files.script(sys.executable))
    made.write(f"{Path(xmlresource.__file__).parent}/hook.py", "")
    folder = "/etc/systemd/system"
    made.write(f"{folder}/xmlresource-reconcile.timer", "")
    made.write(f"{folder}/timers.target.wants/xmlresource-reconcile.timer", "")
    made.write("/proc/11/comm", "libvirtd\n")
    (made.root / "proc/11/root").symlink_to(made.root)
    monkeypatch.setattr("xmlresource.cli.doctor.doctor", partial(doctor, made.machine))
    return made


def program(host: FakeHost, path: str, commands: str) -> None:
    host.write(path, f"#!/bin/sh\n{commands}\n")
    Path(host.machine.path(path)).chmod(0o755)


def unhook(host: FakeHost) -> None:
    """Remove the hooks; no process of this machine is told."""
    for driver in hook_files.DRIVERS:
        hook_files.uninstall(host.machine, driver)


def verdicts(machine: Machine) -> dict[str, Verdict]:
    return {each.name: each.verdict for each in doctor(machine).findings}


def test_a_healthy_host(host: FakeHost, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    told = capsys.readouterr().out
    assert "22 things looked at: 0 errors, 0 warnings" in told
    states = {name: each.state for name, each in verdicts(host.machine).items()}
    assert {name for name, state in states.items() if state is not Health.FINE} == {"swap"}
    assert main(["doctor", "--quiet"]) == 0
    assert capsys.readouterr().out == "22 things looked at: 0 errors, 0 warnings\n"


def test_nothing_is_written(host: FakeHost) -> None:
    def tree() -> dict[str, int]:
        return {str(path): path.lstat().st_mtime_ns for path in host.root.rglob("*")}

    before = tree()
    doctor(host.machine)
    assert tree() == before


def test_errors_end_with_status_1_and_say_the_cure(
    host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    unhook(host)
    assert main(["doctor"]) == 1
    told = capsys.readouterr().out
    assert "error     hook" in told
    assert "cure: xmlresource hook install" in told
    assert "1 error, 0 warnings" in told
    assert max(map(len, told.splitlines())) <= 80


def test_json_keeps_to_its_schema(host: FakeHost, capsys: pytest.CaptureFixture[str]) -> None:
    unhook(host)
    assert main(["doctor", "--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    jsonschema.validate(printed, SCHEMA)
    assert printed["able"] is False
    assert [each["name"] for each in printed["findings"]] == list(JUDGEMENTS)
    states = SCHEMA["properties"]["findings"]["items"]["properties"]["state"]["enum"]
    assert states == [each.value for each in Health]


@pytest.mark.parametrize("name", sorted(path.name for path in FIXTURES.iterdir()))
def test_every_host_of_the_fixtures_gets_a_diagnosis(name: str) -> None:
    """They hold a few files of /proc and /sys alone: all else is unseen, absent or off."""
    found = doctor(Machine(str(FIXTURES / name)))
    jsonschema.validate(as_json(found), SCHEMA)
    able = name != "tiny-old-kernel"  # it has 256 MiB, all of them the host's
    memory = {each.name: each.verdict for each in found.findings}["memory"]
    assert memory.state is (Health.FINE if able else Health.ERROR)


def test_an_empty_machine(tmp_path: Path) -> None:
    found = doctor(Machine(str(tmp_path)))
    jsonschema.validate(as_json(found), SCHEMA)
    assert found.count(Health.UNSEEN) > 2
    assert "could not be seen" in as_text(found)


def test_a_guest_that_the_hook_was_not_called_for(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(1024))
    host.run("db1", 4242, xml)
    host.run("plain", 4243, domain("plain", 2, ""))
    found = verdicts(host.machine)["hook-calls"]
    assert (found.state, "no promise: db1" in found.found) == (Health.ERROR, True)


def test_a_guest_with_its_promise(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, version=1)
    xml = domain("db1", 1, guarantee(1024))
    answer("db1", "prepare", xml, None, host.machine)
    host.run("db1", 4242, xml)
    answer("db1", "started", xml, None, host.machine)
    found = verdicts(host.machine)
    assert (found["hook-calls"].state, found["ledger"].state) == (Health.FINE, Health.FINE)
    assert "(1)" in found["hook-calls"].found


@pytest.mark.parametrize("text", ["nonsense\n", "{}\n"])
def test_a_damaged_ledger(tmp_path: Path, text: str) -> None:
    host = FakeHost(tmp_path)
    xml = domain("db1", 1, guarantee(1024))
    answer("db1", "prepare", xml, None, host.machine)
    host.write("/run/xmlresource/ledger", text)
    found = verdicts(host.machine)
    assert (found["ledger"].state, found["hook-calls"].state) == (Health.ERROR, Health.UNSEEN)


def test_a_ledger_that_was_set_aside(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    answer("db1", "prepare", domain("db1", 1, guarantee(1024)), None, host.machine)
    host.write("/run/xmlresource/ledger.corrupt-1", "")
    found = verdicts(host.machine)["ledger"]
    assert (found.state, "ledger.corrupt-1" in found.found) == (Health.WARNING, True)


@as_root
@pytest.mark.parametrize(
    ("text", "state", "told"),
    [
        ("", Health.FINE, CONFIGURATION),
        ("host_reserve = 5\n", Health.ERROR, f"{CONFIGURATION}:1: host_reserve: not a text"),
        ("= broken", Health.ERROR, f"{CONFIGURATION}:1"),
    ],
)
def test_the_configuration(host: FakeHost, text: str, state: Health, told: str) -> None:
    host.write(CONFIGURATION, text)
    found = verdicts(host.machine)
    assert (found["configuration"].state, told in found["configuration"].found) == (state, True)
    expected = Health.FINE if state is Health.FINE else Health.UNSEEN
    assert found["memory"].state is expected


@as_root
def test_a_reserve_that_leaves_nothing_to_promise(host: FakeHost) -> None:
    host.write(CONFIGURATION, 'host_reserve = "100%"\n')
    assert verdicts(host.machine)["memory"].state is Health.ERROR


@as_root
def test_a_configuration_that_anybody_can_write(host: FakeHost) -> None:
    host.write(CONFIGURATION, "")
    Path(host.machine.path(CONFIGURATION)).chmod(0o666)
    assert verdicts(host.machine)["configuration"].state is Health.ERROR


def test_what_this_user_may_not_read_is_said(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/somewhere")

    monkeypatch.setattr("xmlresource.system.syscalls.Syscalls.open_folder", refuse)
    monkeypatch.setattr("xmlresource.system.syscalls.Syscalls.open_parent", refuse)
    found = verdicts(host.machine)
    for name in ("ledger", "hook-calls", "configuration"):
        assert found[name].state is Health.UNSEEN
        assert "run it as root" in found[name].found


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user takes root")
def test_an_ordinary_user_sees_what_anybody_may_see(host: FakeHost) -> None:
    """In a process of its own: what a user was, it can't become again."""
    answer("db1", "prepare", domain("db1", 1, guarantee(1024)), None, host.machine)
    for path in (host.root, *host.root.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o755)
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        try:
            os.setgid(65534)
            os.setuid(65534)
            told = as_json(doctor(host.machine))
        except BaseException as error:  # noqa: BLE001 -- the parent has to be told
            told = {"fault": repr(error)}
        with os.fdopen(write, "w") as pipe:
            json.dump(told, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        told = json.load(pipe)
    os.waitpid(child, 0)
    states = {each["name"]: each["state"] for each in told["findings"]}
    assert (states["ledger"], states["hook-calls"]) == ("unseen", "unseen")
    assert (states["cgroup-version"], states["hook"], states["timer"]) == ("fine", "fine", "fine")


def test_a_file_that_can_not_be_read_hides_nothing_else(host: FakeHost) -> None:
    Path(host.machine.path("/proc/pressure/memory")).unlink()
    Path(host.machine.path("/proc/pressure/memory")).mkdir()
    found = verdicts(host.machine)
    assert found["psi"].state is Health.UNSEEN
    assert "Is a directory" in found["psi"].found
    assert found["ledger"].state is Health.FINE
