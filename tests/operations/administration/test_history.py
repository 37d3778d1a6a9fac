"""What the hook's events leave in the history, and how a person reads it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from xmlresource.cli import history as command
from xmlresource.cli import main
from xmlresource.operations.administration.history import history
from xmlresource.operations.guests.apply import apply_all
from xmlresource.operations.guests.hook_events import answer
from xmlresource.promises.ledger import decode
from xmlresource.record import replace
from xmlresource.reports.host.history import as_text
from xmlresource.system import log
from xmlresource.system.machine import Machine

XML = domain("db1", 1, guarantee(1000) + hard_limit(2000))


@pytest.fixture(autouse=True)
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(log, "tell", lambda event, **_: found.append(event.kind))
    return found


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path / "host", version=2)


def recorded(host: FakeHost) -> list[dict[str, Any]]:
    return list(history(machine=host.machine).records)


def test_a_guests_life(host: FakeHost, logged: list[str]) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    host.run("db1", 42, XML)
    for operation in ("started", "reconnect"):
        answer("db1", operation, XML, None, host.machine)
    host.end(42)
    for operation in ("stopped", "release"):
        answer("db1", operation, XML, None, host.machine)
    found = recorded(host)
    assert [each["event"] for each in found] == ["admitted", "written", "released"] == logged
    assert [each["operation"] for each in found] == ["prepare", "started", "stopped"]
    assert {each["uuid"] for each in found} == {uuid(1)}
    assert {each["guest"] for each in found} == {"db1"}
    assert found[0]["guarantee"] == found[2]["guarantee"] == 1000 * MIB
    assert found[1]["writes"] > 1
    assert "memory.min of" in found[1]["message"]


def test_a_refusal_has_its_reckoning(host: FakeHost) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    _, text = answer("web", "prepare", domain("web", 2, guarantee(7000)), None, host.machine)
    refused = recorded(host)[-1]
    assert refused["event"] == "refused"
    assert (refused["status"], refused["rule"]) == (3, "commitment")
    assert refused["asked"] == 7000 * MIB
    left = 7192 * MIB - 8 * GIB // 20
    assert refused["promisable"] == left - left % 4096
    assert f"xmlresource: {refused['message']}" == text.splitlines()[0]
    assert refused["reckoning"].startswith(f"commitment fails: MemTotal {8 * GIB} - host reserve ")
    assert "; physical " in refused["reckoning"]


def test_faults_and_a_host_that_can_not_be_used(host: FakeHost) -> None:
    faulty = domain("db1", 1, guarantee(2000) + hard_limit(1000))
    answer("db1", "prepare", faulty, None, host.machine)
    answer("db1", "prepare", b"<domain xmlns='urn:xmlresource:", None, host.machine)
    host.write("/etc/xmlresource.toml", "nonsense = 1")
    answer("db1", "prepare", XML, None, host.machine)
    answer("db1", "reconnect", XML, None, host.machine)
    host.write("/etc/xmlresource.toml", "")
    found = recorded(host)
    assert [each["event"] for each in found] == ["refused", "refused", "refused", "warning"]
    assert [each["status"] for each in found] == [1, 1, 2, 2]
    assert [each.get("code") for each in found] == ["XR301", "XR002", None, None]


def test_what_could_not_be_written(host: FakeHost) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    answer("db1", "started", XML, None, host.machine)
    assert recorded(host)[-1]["event"] == "rolled-back"


def test_a_repair_is_told_and_its_absence_is_not(host: FakeHost) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    folder = host.run("db1", 42, XML)
    answer("db1", "started", XML, None, host.machine)
    apply_all(host.machine)
    assert len(recorded(host)) == 2
    host.write(f"{folder}/memory.min", "0\n")
    apply_all(host.machine)
    repaired = recorded(host)[-1]
    assert (repaired["event"], repaired["operation"]) == ("repaired", "apply")
    assert (repaired["guest"], repaired["writes"]) == ("db1", 1)


def test_a_damaged_book_is_told(host: FakeHost) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    (host.root / "run/xmlresource/ledger").write_bytes(b"nothing")
    answer("db1", "prepare", XML, None, host.machine)
    assert [each["event"] for each in recorded(host)] == ["admitted", "warning", "admitted"]
    assert "the ledger was damaged" in recorded(host)[1]["message"]


def test_the_end_of_a_guest_whose_promise_makes_no_sense(host: FakeHost) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    file = host.root / "run/xmlresource/ledger"
    transaction = decode(file.read_bytes())
    lines = transaction.lines.replace(b'"starting"', b'"sleeping"')
    file.write_bytes(replace(transaction, lines=lines).encode())
    assert answer("db1", "stopped", XML, None, host.machine) == (0, "")
    assert [each["event"] for each in recorded(host)] == ["admitted", "warning"]


def test_no_history_is_kept_where_none_is_wanted(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", 'history_size = "0"\n')
    faulty = domain("db1", 1, guarantee(2000) + hard_limit(1000))
    for xml in (XML, domain("db1", 1, guarantee(9000)), faulty, b"<domain xmlns='urn:xmlresource:"):
        answer("db1", "prepare", xml, None, host.machine)
    assert recorded(host) == []


def test_a_history_that_can_not_be_written_keeps_no_guest_from_starting(host: FakeHost) -> None:
    (host.root / "run/xmlresource/history").mkdir(parents=True)
    (host.root / "run/xmlresource").chmod(0o700)
    assert answer("db1", "prepare", XML, None, host.machine) == (0, "")


def fill(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        monkeypatch.setattr(
            "xmlresource.operations.event_log.seconds_since_1970", lambda now=number: 1000 * now
        )
        answer(
            "db1",
            "prepare",
            domain(f"db{number % 2}", number % 2 + 1, guarantee(1)),
            None,
            host.machine,
        )


def test_some_of_them(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(host, monkeypatch)
    machine = host.machine
    assert [each["time"] for each in history(machine=machine).records] == [
        1000, 2000, 3000, 4000, 5000,
    ]  # fmt: skip
    assert [each["time"] for each in history(limit=2, machine=machine).records] == [4000, 5000]
    assert len(history(since=3000, machine=machine).records) == 3
    assert len(history(guest="db1", machine=machine).records) == 5
    assert len(history(guest=uuid(2), machine=machine).records) == 3
    assert history(guest="other", limit=None, machine=machine).records == ()


def run(host: FakeHost, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    machine = Machine(str(host.root))
    monkeypatch.setattr(
        command, "history", lambda guest, since, limit: history(guest, since, limit, machine)
    )
    return main(["history", *words])


def test_the_table(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(host, monkeypatch) == 0
    assert capsys.readouterr().out == "nothing is recorded\n"
    fill(host, monkeypatch)
    with (host.root / "run/xmlresource/history").open("ab") as file:
        file.write(b"torn\n" + b'{"time":99999999999999999999,"event":"\\u001b[31m"}\n')
    assert run(host, monkeypatch, "--limit", "2") == 0
    head, first, second, third = capsys.readouterr().out.splitlines()
    assert head.split() == ["time", "event", "guest", "MiB", "what"]
    assert re.search(r"  admitted +db1 +1\.00$", first), first
    assert "99999999999999999999 s" in second
    assert "\x1b" not in second
    assert third == "(1 lines can't be read: torn by a crash, or not ours)"


def test_the_columns_line_up_and_a_refusal_has_its_reason(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer("db1", "prepare", XML, None, host.machine)
    host.run("db1", 42, XML)
    answer("db1", "started", XML, None, host.machine)
    answer(
        "a-longer-name", "prepare", domain("a-longer-name", 2, guarantee(7000)), None, host.machine
    )
    low = domain("low", 3, guarantee(1)).replace(b"<xr:memory>", b"<xr:memory priority='7'>")
    answer("low", "prepare", low, None, host.machine)
    host.end(42)
    answer("db1", "stopped", XML, None, host.machine)
    assert run(host, monkeypatch) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    kinds = ["admitted", "written", "refused", "admitted", "released"]
    assert [row[head.index("event") :].split()[0] for row in rows] == kinds
    sizes = [row[: head.index("MiB") + len("MiB")].split()[-1] for row in rows]
    assert sizes == ["1000.00", "-", "7000.00", "1.00", "1000.00"]
    what = [row[head.index("what") :] for row in rows]
    assert what[0] == what[4] == ""
    assert what[3] == "priority 7"
    assert "memory.min of" in what[1]
    assert not what[1].startswith("guest ")
    assert what[2].startswith("it asks for a guarantee of 6.836 GiB, ")
    assert what[2].endswith(" can be promised (commitment; largest promises: db1 1000 MiB)")


def test_json(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(host, monkeypatch)
    assert run(host, monkeypatch, "--json", "--limit", "0", "--since", "1970-01-03") == 0
    assert json.loads(capsys.readouterr().out) == {"version": 1, "records": [], "skipped": 0}
    monkeypatch.setattr(command, "seconds_since_1970", lambda: 5000)
    assert run(host, monkeypatch, "--json", "--guest", "db1", "--since", "30min") == 0
    shown = json.loads(capsys.readouterr().out)["records"]
    assert [each["time"] for each in shown] == [4000, 5000]


@pytest.mark.parametrize(
    ("words", "problem"),
    [(["--limit", "-1"], "--limit takes"), (["--since", "yesterday"], "--since takes")],
)
def test_bad_usage(
    host: FakeHost,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    problem: str,
) -> None:
    assert run(host, monkeypatch, *words) == 2
    assert problem in capsys.readouterr().err


def test_a_table_of_nothing_readable(host: FakeHost) -> None:
    found = history(machine=host.machine)
    assert as_text(found) == "nothing is recorded\n"
