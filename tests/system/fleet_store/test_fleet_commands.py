"""The commands from the command line, on a real server."""

import json
import time
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost, domain, guarantee, uuid
from tests.fleet.reports import replace
from tests.system.fleet_store.cluster import Database
from tests.system.fleet_store.fleets import Fleet, with_places
from xmlresource.cli import main
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.operations.fleet.publication import publish

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def web(tmp_path: Path) -> str:
    return written(tmp_path, "web.xml", domain("web", 1, guarantee(4096), ram=4096))


def written(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


def ended(capsys: Captured, *words: str) -> tuple[int, str, str]:
    status = main(["fleet", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_set_up_publish_claim_and_release(
    database: Database, capsys: Captured, tmp_path: Path, web: str
) -> None:
    assert ended(capsys, "init") == (0, "the tables are made\n", "")
    try:
        status, out, _ = ended(
            capsys, "init", "--host", "h7", "--planner", "p7", "--collector", "c7"
        )
        assert status == 0
        assert "role h7 publishes as host h7, and is new: it has no password\n" in out
        file = tmp_path / "h7.json"
        file.write_text(json.dumps(report_as_fields(with_places("h7", 1))))
        assert ended(capsys, "publish", "--from", str(file)) == (0, "host h7: published\n", "")
        status, out, _ = ended(capsys, "publish", "--from", str(file))
        assert out == "host h7: not taken: the fleet knows something newer\n"
        assert ended(capsys, "publish", "--quiet", "--from", str(file)) == (0, "", "")
        assert ended(capsys, "claim", web) == (0, "h7\n", "")
        assert ended(capsys, "claim", web, "--host", "h7", "--ttl", "1h")[0] == 0
        status, out, _ = ended(capsys, "status", "--json")
        (host,) = json.loads(out)["hosts"]
        (claim,) = host["claims"]
        assert (host["name"], host["open"], claim["guest"]) == ("h7", True, "web")
        assert 3500 < claim["left"] <= 3600
        assert "4 GiB" in ended(capsys, "status")[1].splitlines()[1]
        assert ended(capsys, "release", web) == (0, "released on h7\n", "")
        assert ended(capsys, "release", uuid(1)) == (0, "nothing was claimed\n", "")
        assert ended(capsys, "init", "--forget", "h7")[0] == 0
        status, _, err = ended(capsys, "init", "--forget", "h7")
        assert (status, err) == (2, "xmlresource: the fleet knows no host 'h7'\n")
    finally:
        for role in ("h7", "p7", "c7"):
            database.run(f"drop role if exists {role}")


def test_a_guest_that_fits_nowhere(fleet: Fleet, capsys: Captured, tmp_path: Path) -> None:
    for number in range(5):
        fleet.publish(with_places(f"small{number}", 1))
    fleet.publish(with_places("silent", 9))
    fleet.database.run(
        "update xmlresource.host set published = published - interval '1 day' where name = 'silent'"
    )
    large = written(tmp_path, "large.xml", domain("large", 2, guarantee(9000), ram=9000))
    status, out, err = ended(capsys, "claim", large)
    assert (status, out) == (3, "")
    lines = err.splitlines()
    assert lines[0] == "xmlresource: guest 'large' can't be claimed: it fits on none of 6 hosts"
    assert lines[1] == "  5 hosts: commitment (small0, small1, small2 and 2 more)"
    assert "guest 'large' refused: it asks for a guarantee of 8.789 GiB, 4 GiB can be" in lines[2]
    assert lines[3].startswith("  1 host: not heard for 8640")
    status, out, err = ended(capsys, "claim", large, "--json")
    answer = json.loads(out)
    assert (status, answer["host"], len(answer["refusals"]), err) == (3, None, 6, "")
    status, _, err = ended(capsys, "claim", large, "--host", "nobody")
    assert (status, err) == (2, "xmlresource: the fleet knows no host 'nobody'\n")


def test_a_server_that_is_away(
    capsys: Captured, web: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PGHOST", str(tmp_path))
    before = time.monotonic()
    for words in (["claim", web], ["status"], ["release", web], ["init"]):
        status, out, err = ended(capsys, *words)
        assert (status, out) == (2, "")
        assert err.startswith("xmlresource: the fleet's server can't be reached: ")
    assert time.monotonic() - before < 10


def test_a_document_that_no_host_would_start(capsys: Captured, tmp_path: Path) -> None:
    faulty = written(tmp_path, "a.xml", domain("a", 1, guarantee(1) + guarantee(2)))
    assert ended(capsys, "claim", faulty)[0] == 1
    nameless = written(tmp_path, "b.xml", b"<domain type='kvm'><name>b</name></domain>")
    status, _, err = ended(capsys, "claim", nameless)
    assert (status, "has no <uuid>" in err) == (2, True)


@pytest.mark.parametrize(
    "words",
    [
        ["claim", "a.xml", "--ttl", "soon"],
        ["claim", "a.xml", "--ttl", "8d"],
        ["claim", "a.xml", "--ttl", "0s"],
        ["claim", "a.xml", "--spread", "--pack"],
        ["publish", "--print", "--from", "x"],
        ["nonsense"],
    ],
)
def test_bad_usage(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fleet", *words])
    assert caught.value.code == 2


def test_bad_names(capsys: Captured) -> None:
    assert ended(capsys, "init", "--host", "a b")[0] == 2
    assert ended(capsys, "init", "--role", "a")[0] == 2
    assert ended(capsys, "publish", "--from", "/nowhere.json")[0] == 2


def test_status_of_a_folder(capsys: Captured, tmp_path: Path) -> None:
    assert ended(capsys, "status", "--from", str(tmp_path))[0] == 2
    for name, report in {
        "a": with_places("a", 1),
        "old": with_places("b", 1, sequence=1),
        "new": with_places("b", 7, sequence=2),
        "older": with_places("b", 9, sequence=0),
        "reinstalled": replace(with_places("c", 3), boot_id=uuid(1), made=2),
        "before": replace(with_places("c", 5), made=1),
    }.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report_as_fields(report)))
    status, out, _ = ended(capsys, "status", "--from", str(tmp_path), "--json")
    assert status == 0
    hosts = {each["name"]: each["total"] >> 30 for each in json.loads(out)["hosts"]}
    assert hosts == {"a": 8, "b": 32, "c": 16}
    (tmp_path / "broken.json").write_text("{}")
    status, _, err = ended(capsys, "status", "--from", str(tmp_path))
    assert (status, "broken.json: lacks 'format'" in err) == (2, True)


def test_a_host_publishes_itself(fleet: Fleet, tmp_path: Path) -> None:
    host = FakeHost(tmp_path / "fake")
    host.write("/proc/sys/kernel/hostname", "host7\n")
    assert publish(host.machine).taken
    assert publish(host.machine).taken
    assert fleet.hosts()["host7"].closed == ""
    assert fleet.claim(1).host == "host7"
