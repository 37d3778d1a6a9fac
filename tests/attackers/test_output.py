"""Hostile documents, to every command and in every format: nothing that anybody obeys comes out."""

import contextlib
import io
import json
import os
import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.attackers.inputs import RUNNERS, TERMINAL, domain, escaped
from tests.fakes.host import FakeHost, guarantee
from xmlresource.cli import COMMANDS, main
from xmlresource.model.events import as_record
from xmlresource.operations.administration.history import history
from xmlresource.operations.administration.status import status
from xmlresource.promises.promise import Promise, PromiseState
from xmlresource.reports.host import history as history_report
from xmlresource.reports.host import status as report
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.state import history as history_file
from xmlresource.system.state.state_folder import FOLDER, StateFolder

BAD = TERMINAL + RUNNERS.replace("'", "")
HARMLESS = guarantee(10)
FAULTS = (
    f"<xr:memoryMinGuarantee unit='{escaped(BAD)}'>1</xr:memoryMinGuarantee>"
    f"<xr:memoryHardLimit>{escaped(BAD)}</xr:memoryHardLimit>"
    f"<xr:memorySoftLimit {'a' * 300}='{escaped(BAD)}'>1</xr:memorySoftLimit>"
    f"<xr:m\u00e9moire\u0300/>"
)
PARTITION = f"<resource><partition>/{escaped(BAD)}</partition></resource>"
DEVICES = (
    f"<os><type machine='{escaped(BAD)}'>hvm</type></os><cpu mode='{escaped(BAD)}'/>"
    f"<devices><disk type='{escaped(BAD)}' device='{escaped(BAD)}'/>"
    f"<interface type='{escaped(BAD)}'><model type='{escaped(BAD)}'/></interface>"
    f"<video><model type='{escaped(BAD)}'/></video></devices>"
)
FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab")
COLOUR = "--color=always"
GIB4 = "hard_limit=4GiB"


class Terminal(io.StringIO):
    """Takes what is printed."""

    def isatty(self) -> bool:
        return True


def say(patch: pytest.MonkeyPatch, *words: str) -> tuple[int, str, str]:
    """Run a command; what it says on both streams is checked."""
    # No terminal for errors: there a bar shows how far a slow run has come.
    out, err = Terminal(), io.StringIO()
    patch.setattr(sys, "stdout", out)
    patch.setattr(sys, "stderr", err)
    patch.setenv("NO_COLOR", "" if COLOUR in words else "1")
    code = main(words)
    for text in (out.getvalue(), err.getvalue()):
        check(text)
    return code, out.getvalue(), err.getvalue()


def check(text: str) -> None:
    text = re.sub("\x1b\\[[0-9;]*m", "", text) if "\x1b[0m" in text else text
    for line in text.split("\n"):
        assert line.isprintable(), ascii(line)
        # A terminal is no runner; what else begins so is a document.
        assert "##" not in line or line.lstrip("-+ ").startswith("<")
        assert not line.lstrip().startswith("::")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a document that is fine, one that is faulty, and one whose name is the fault."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fine.xml").write_bytes(domain(BAD, HARMLESS, more=DEVICES))
    (tmp_path / "faulty.xml").write_bytes(domain(BAD, FAULTS, more=DEVICES + PARTITION))
    (tmp_path / "::error::\x1b[2J\u202e##[x]\n.xml").write_bytes(domain("a", FAULTS))
    (tmp_path / "broken.xml").write_bytes(f"<a b='{escaped(BAD)}'></{BAD}>".encode())
    return tmp_path


@pytest.mark.parametrize("options", [(), ("--excerpt",), ("--statistics",), (COLOUR,)])
@pytest.mark.parametrize("output_format", FORMATS)
@pytest.mark.usefixtures("folder")
def test_validate(
    monkeypatch: pytest.MonkeyPatch, output_format: str, options: tuple[str, ...]
) -> None:
    if output_format == "github":  # its lines begin as they have to, and with what they have to
        return
    names = sorted(path.name for path in Path().iterdir())
    for paths in ((".",), tuple(names)):
        status, out, _ = say(
            monkeypatch, "validate", "--output-format", output_format, *options, *paths
        )
        assert status == 1
        if output_format == "junit":
            ET.fromstring(out)  # noqa: S314 -- our own
        elif output_format != "text":
            json.loads(out)


@pytest.mark.usefixtures("folder")
def test_annotations_are_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """One command a finding, none inside another, and its properties are as many as we wrote."""
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    assert (
        main(
            [
                "validate",
                "--output-format",
                "github",
                *sorted(path.name for path in Path().iterdir()),
            ]
        )
        == 1
    )
    lines = out.getvalue().split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert line.isprintable()
        _, command, message = line.split("::", 2)
        kind, _, properties = command.partition(" ")
        assert kind in {"error", "warning"}
        names = [each.partition("=")[0] for each in properties.split(",")]
        assert names[:4] == ["file", "line", "col", "endLine"]
        assert set(names[4:]) <= {"endColumn", "title"}
        assert "##" not in message
        assert not any(part.lstrip().startswith("::") for part in message.split("%0A"))


READING = {
    "show": [(), ("--json",)],
    "overhead": [(), ("--json",)],
    "check": [(), ("--json",), ("--explain",)],
    "set": [(GIB4, "--diff"), (GIB4,), ("nothing=1",), (f"hard_limit={BAD}",)],
    "convert": [("--to", "memtune", "--diff"), ("--to", "resource")],
    "import": [(), ("--json",), ("--into", "fine.xml", "--diff"), ("--vm", BAD)],
    "export": [("--to", each) for each in ("rasd", "ovf", "systemd", "kubevirt")],
}
WITHOUT_DOCUMENT = {
    *("validate", "explain", "generate", "config", "hook", "status", "memtune", "tune", "reclaim"),
    *("measure", "apply", "plan", "history", "doctor"),  # of a guest that runs, or tested below
    "balance",  # of guests that run, whose names its sentences escape: tests/balance
    "fleet",  # its reports are tested beside them: tests/reports/page, tests/reports/metrics
    "server",  # speaks JSON, which writes control characters as escapes
}


def test_all_commands_are_thought_of() -> None:
    assert READING.keys() | WITHOUT_DOCUMENT == COMMANDS.keys()


@pytest.mark.parametrize("options", [(), ("--json",), ("--into", "fine.xml"), ("--vm", BAD)])
@pytest.mark.parametrize(
    "source",
    [
        f'memsize = "9"\ndisplayName = "{BAD}"\nsched.mem.min = "7"\nsched.cpu.affinity = "{BAD}"',
        f'memsize = "{BAD}"\n',
        f"memory: 4096\nname: {BAD}\nscsi0: a,iops_rd={BAD}\n",
        json.dumps([{"VMName": BAD, "Startup": 1 << 30}, {"VMName": BAD + "2", "Startup": BAD}]),
        f"[Unit]\nDescription={BAD}\n[Slice]\nMemoryMin=1G\nIOReadIOPSMax={BAD} 5\n",
        f"apiVersion: kubevirt.io/v1\nkind: VirtualMachine\nmetadata: {{name: {json.dumps(BAD)}}}",
    ],
)
@pytest.mark.usefixtures("folder")
def test_sources(monkeypatch: pytest.MonkeyPatch, source: str, options: tuple[str, ...]) -> None:
    Path("source").write_text(source, encoding="utf-8", errors="replace")
    say(monkeypatch, "import", "source", *options)
    say(monkeypatch, "import", "source", "fine.xml", "source", *options)


@pytest.mark.parametrize(("command", "options"), [(k, o) for k, v in READING.items() for o in v])
@pytest.mark.parametrize("file", ["fine.xml", "faulty.xml", "broken.xml", "no\x1bsuch\u202e.xml"])
@pytest.mark.usefixtures("folder")
def test_commands_that_read(
    monkeypatch: pytest.MonkeyPatch, command: str, options: tuple[str, ...], file: str
) -> None:
    with contextlib.suppress(SystemExit):  # argparse's
        say(monkeypatch, command, file, *options)


@pytest.mark.parametrize(
    "words", [("apply", BAD), ("measure", BAD), ("explain", BAD), ("plan", BAD)]
)
def test_words_of_the_command_line(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    assert say(monkeypatch, *words)[0] != 0


def test_status(tmp_path: Path) -> None:
    """Of a book in which everything that can be text is hostile."""
    host = FakeHost(tmp_path)
    key = "00000000-0000-4000-8000-000000000001"
    promise = Promise(
        key,
        BAD,
        "qemu",
        4096,
        PromiseState.STARTING,
        cgroup=f"/{BAD}",
        partition=f"/{BAD}",
        since=0,
    )
    boot = host.read("/proc/sys/kernel/random/boot_id").strip()
    with StateFolder(host.machine.path(FOLDER), os.geteuid()).transaction(boot) as transaction:
        transaction.ledger = transaction.ledger.put(promise)
    found = status(host.machine)
    check(report.as_text(found))
    check(dumps(report.as_json(found)))
    json.loads(dumps(report.as_json(found)))


def test_history(tmp_path: Path) -> None:
    """Of records in which everything that can be text is hostile."""
    host = FakeHost(tmp_path)
    state = StateFolder(host.machine.path(FOLDER), os.geteuid())
    fields = {"event": BAD, "guest": BAD, "uuid": BAD, "message": BAD, BAD: BAD}
    assert history_file.append(state, as_record(fields, 0), 1 << 20)
    found = history(machine=host.machine)
    assert len(found.records) == 1
    check(history_report.as_text(found))
    check(dumps(history_report.as_json(found)))
    assert json.loads(dumps(history_report.as_json(found)))["records"][0][BAD] == BAD
