"""``fleet check``, ``drain`` and ``what-if`` on a folder of published objects."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from xmlresource.cli import main
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.packing import best_packing
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.simulated_hosts import GIB, fleet, guest, host
from xmlresource.record import replace

SCHEMAS = Path(__file__).parents[2] / "schemas"
DAY = 86_400

Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Answer:
    def asked(*words: str) -> tuple[int, str, str]:
        try:
            status = main(["fleet", *words])
        except SystemExit as error:
            status = int(str(error.code))
        out, err = capsys.readouterr()
        return status, out, err

    return asked


@pytest.fixture
def publish(tmp_path: Path) -> Callable[[Iterable[HostReport]], str]:
    def published(reports: Iterable[HostReport]) -> str:
        folder = tmp_path / "fleet"
        folder.mkdir(exist_ok=True)
        for each in reports:
            (folder / f"{each.name}.json").write_text(json.dumps(report_as_fields(each)))
        return str(folder)

    return published


def definition(tmp_path: Path, name: str = "web", gib: int = 8) -> str:
    path = tmp_path / f"{name}.xml"
    path.write_text(
        f"<domain type='kvm'><name>{name}</name><memory unit='GiB'>{gib}</memory>"
        "<os><type>hvm</type></os><metadata><xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory>"
        f"<xr:memoryMinGuarantee unit='GiB'>{gib}</xr:memoryMinGuarantee>"
        "</xr:memory></xr:resource></metadata></domain>"
    )
    return str(path)


def valid(text: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    schema = json.loads((SCHEMAS / f"fleet-{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(found, schema)
    return found


def narrow(text: str) -> None:
    assert [line for line in text.splitlines() if len(line) > 80] == []


HOSTS = (
    host("full", 16 * GIB, [guest(1, 11 * GIB)]),
    host("small", 32 * GIB, [guest(2, 4 * GIB)]),
    host("large", 256 * GIB, [guest(3, 128 * GIB)]),
)


def test_check_names_the_best_hosts_and_why_not_the_others(
    tmp_path: Path, ask: Answer, publish: Any
) -> None:
    status, out, err = ask("check", "--from", publish(HOSTS), definition(tmp_path))
    assert (status, err) == (0, "")
    first, *_ = out.split(";")
    assert first == "guest 'web' (8 GiB) fits on 2 of 3 hosts"
    assert "best: small (then 16 GiB left, 50 %), large" in " ".join(out.split())
    assert "not on 1 host: commitment" in out
    narrow(out)


def test_check_refuses_what_fits_nowhere(tmp_path: Path, ask: Answer, publish: Any) -> None:
    big = definition(tmp_path, "big", 300)
    status, out, _ = ask("check", "--from", publish(HOSTS), big, definition(tmp_path))
    assert status == 3
    assert "guest 'big' (300 GiB) fits on none of 3 hosts: 3 hosts: commitment" in out
    assert "guest 'web' (8 GiB) fits on 2 of 3 hosts" in out


def test_check_packs_where_that_is_wanted(tmp_path: Path, ask: Answer, publish: Any) -> None:
    path, folder = definition(tmp_path, gib=20), publish(HOSTS)
    for option, expected in (("--spread", "large"), ("--pack", "small")):
        _, out, _ = ask("check", "--from", folder, option, "--json", path)
        found = valid(out, "check")
        assert found["guests"][0]["host"] == expected
    assert found["fit"]
    assert [each["host"] for each in found["guests"][0]["fitting"]] == ["small", "large"]
    assert found["guests"][0]["refusing"] == [{"rule": "commitment", "hosts": 1}]


def test_check_says_which_reports_are_old(tmp_path: Path, ask: Answer, publish: Any) -> None:
    old = replace(HOSTS[1], made=HOSTS[1].made - 3 * DAY)
    folder = publish((HOSTS[0], old, HOSTS[2]))
    _, out, _ = ask("check", "--from", folder, definition(tmp_path))
    assert "collect them anew: small (by 3 days)" in " ".join(out.split())
    _, out, _ = ask("check", "--from", folder, "--json", definition(tmp_path))
    assert valid(out, "check")["lagging"] == [{"host": "small", "seconds": 3 * DAY}]


def test_drain_tells_pinned_guests_first_and_the_moves_in_order(
    ask: Answer, publish: Any, tmp_path: Path
) -> None:
    pinned = replace(guest(1, GIB), fixed_by=("hostdev pci",))
    there = [pinned, guest(2, 2 * GIB), guest(3, 4 * GIB)]
    folder = publish((host("a", 32 * GIB, there), host("b", 64 * GIB)))
    status, out, _ = ask("drain", "--from", folder, "a")
    assert status == 3
    lines = out.splitlines()
    assert lines[0].startswith("1 guest can't be moved while running")
    assert lines[2].split() == ["a", "guest1", "hostdev", "pci"]
    assert lines[4].split() == ["1", "guest3", "4", "GiB", "a", "->", "b"]
    assert lines[5].split() == ["2", "guest2", "2", "GiB", "a", "->", "b"]
    assert lines[-1] == "a: 2 guests to 1 host; 1 is the least"
    narrow(out)
    plan = tmp_path / "plan.json"
    status, out, _ = ask("drain", "--from", folder, "--json", "--plan", str(plan), "a")
    assert plan.read_text() == out
    found = valid(out, "drain")
    assert [each["guest"] for each in found["moves"]] == ["guest3", "guest2"]
    assert found["fixed"][0]["fixed_by"] == ["hostdev pci"]
    assert (found["proof"], found["solver"], found["complete"]) == ("optimal", False, False)


def test_drain_of_several_hosts_says_when_each_is_empty(ask: Answer, publish: Any) -> None:
    folder = publish(fleet(hosts=12))
    status, out, _ = ask("drain", "--from", folder, "host001", "host000", "host001")
    assert status == 0
    text = " ".join(out.split())
    assert "empty: host001 after move " in text
    assert "host001, host000: " in text
    assert text.endswith("is the least")
    narrow(out)


def test_drain_says_why_a_guest_has_no_place(ask: Answer, publish: Any) -> None:
    folder = publish((host("a", 256 * GIB, [guest(1, 128 * GIB), guest(2, GIB)]), HOSTS[1]))
    status, out, _ = ask("drain", "--from", folder, "a")
    assert status == 3
    first = "1 guest without a place (proved: not without moving guests of other hosts):"
    assert out.splitlines()[0] == first
    assert "1 host: commitment" in out
    assert out.splitlines()[-1] == "a: 1 guest to 1 host; not all can go"
    _, out, _ = ask("drain", "--from", folder, "--json", "a")
    assert valid(out, "drain")["homeless"][0]["reasons"] == [{"rule": "commitment", "hosts": 1}]


def test_drain_says_what_is_not_proved(
    ask: Answer, publish: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = (8, 8, 6, 6, 6, 6)
    there = [guest(number, size * GIB) for number, size in enumerate(sizes, 1)]
    others = [host(name, 24 * GIB) for name in "bcd"]
    folder = publish((host("a", 64 * GIB, there), *others))
    _, out, _ = ask("drain", "--from", folder, "a")
    assert out.splitlines()[-1] == "a: 6 guests to 2 hosts; 2 is the least"
    _, out, _ = ask("drain", "--from", folder, "--effort", "0", "a")
    assert "the least is 2 or more: OR-tools (the extra plan) may tell" in " ".join(out.split())
    monkeypatch.setattr(best_packing, "solver_is_there", lambda: False)
    _, out, _ = ask("drain", "--from", folder, "a")
    assert "to 3 hosts" in out


def test_drain_says_which_guests_of_other_hosts_make_room(ask: Answer, publish: Any) -> None:
    full = [guest(number, 8 * GIB) for number in (2, 3)]
    hosts = (host("a", 64 * GIB, [guest(1, 20 * GIB)]), host("b", 32 * GIB, full))
    folder = publish((*hosts, host("c", 20 * GIB)))
    status, out, _ = ask("drain", "--from", folder, "a")
    lines = [line.split() for line in out.splitlines()]
    assert status == 0
    assert lines[1][-2:] == ["(makes", "room)"]
    assert (lines[1][1], lines[1][4:7]) == ("guest2", ["b", "->", "c"])
    assert (lines[2][1], lines[2][4:7]) == ("guest1", ["a", "->", "b"])
    last = "a: 1 guest to 1 host; 1 guest of other hosts first, to make room"
    assert out.splitlines()[-1] == last
    narrow(out)


def test_an_empty_host_has_nothing_to_move(ask: Answer, publish: Any) -> None:
    folder = publish((host("a", 64 * GIB), host("b", 64 * GIB)))
    assert ask("drain", "--from", folder, "a") == (0, "a: nothing to move\n", "")


def test_what_if_tells_of_each_change(tmp_path: Path, ask: Answer, publish: Any) -> None:
    path = definition(tmp_path)
    words = ("--lose-host", "full", "--add-guests", f"20x{path}", path, "--host-reserve", "99%")
    status, out, _ = ask("what-if", "--from", publish(HOSTS), *words)
    assert status == 3
    text = " ".join(out.split())
    assert "with 99% kept for each host: 2 hosts too full, by" in text
    assert "without full: 1 of 1 guest have no place" in text
    assert "20 x 'web' (8 GiB): 0 have a place" in text
    narrow(out)
    status, out, _ = ask("what-if", "--from", publish(HOSTS), "--json", *words)
    found = valid(out, "what-if")
    assert {each["host"] for each in found["overfull"]} == {"small", "large"}
    assert found["lost"]["homeless"][0]["guest"] == "guest1"
    assert found["added"][0] == {"guest": "web", "asked": 20, "placed": 0}
    assert not found["fine"]


def test_what_if_without_a_change_asks_for_the_loss_of_each_host(ask: Answer, publish: Any) -> None:
    status, out, _ = ask("what-if", "--from", publish(HOSTS))
    assert status == 3
    first, second = out.splitlines()
    assert first == "N+1 is not kept: of 3 hosts, 1 can't be lost; without a place would be:"
    assert second.split() == ["large", "1", "of", "1", "guest", "128", "GiB"]
    _, out, _ = ask("what-if", "--from", publish(HOSTS), "--json")
    assert not valid(out, "what-if")["n_plus_one"]


def test_what_if_is_glad_where_all_fits(tmp_path: Path, ask: Answer, publish: Any) -> None:
    fixed = replace(guest(9, GIB), fixed_by=("hostdev pci",))
    hosts = [host(name, 64 * GIB, [guest(number, GIB)]) for number, name in enumerate("abc", 1)]
    folder = publish((*hosts, host("d", 64 * GIB, [fixed])))
    words = ("--lose-host", "d", "--add-guests", f"2×{definition(tmp_path)}")  # noqa: RUF001
    status, out, _ = ask("what-if", "--from", folder, *words, "--host-reserve", "6GiB")
    assert status == 0
    assert "with 6GiB kept for each host: no host is too full" in out
    assert "without d: all of 1 guest have a place elsewhere" in out
    assert "1 of them uses devices of the host" in out
    assert "2 x 'web' (8 GiB): all have a place" in out
    assert "N+1: any one of 3 hosts can be lost" in out
    assert ask("what-if", "--from", folder)[0] == 0


def test_what_if_says_when_no_host_is_left(ask: Answer, publish: Any) -> None:
    status, out, _ = ask("what-if", "--from", publish(HOSTS[:1]), "--lose-host", "full")
    assert status == 3
    assert out.splitlines()[-1] == "N+1: there is no host left"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("drain", "nobody"), "host 'nobody' has published nothing"),
        (("what-if", "--lose-host", "\x1b[2J"), r"host '\x1b[2J' has published nothing"),
        (("what-if", "--host-reserve", "200%"), "host_reserve: more than 100 %"),
        (("what-if", "--host-reserve", 'x"\ny = 1'), "host_reserve"),
        (("what-if", "--add-guests", "0xweb.xml"), "from 1 to 100000 guests"),
        (("drain", "--effort", "-1", "small"), "'-1' is no number of seconds"),
        (("drain", "--effort", "nan", "small"), "'nan' is no number of seconds"),
        (("check", "no-such-file.xml"), "no-such-file.xml"),
    ],
)
def test_bad_usage_is_told_and_nothing_is_written(
    words: tuple[str, ...], message: str, ask: Answer, publish: Any, tmp_path: Path
) -> None:
    plan = tmp_path / "plan.json"
    more = ("--plan", str(plan)) if words[0] == "drain" else ()
    status, out, err = ask(words[0], "--from", publish(HOSTS), *more, *words[1:])
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert not plan.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON"),
        ("[]", "no object"),
        ('{"format": "other"}', "format: not 'xmlresource-host'"),
        (json.dumps({**report_as_fields(HOSTS[0]), "sequence": -1}), "sequence: below 0"),
    ],
)
def test_a_bad_file_is_named_with_the_place_and_the_cure(
    text: str, message: str, ask: Answer, publish: Any
) -> None:
    folder = publish(HOSTS)
    (Path(folder) / "bad.json").write_text(text)
    for words in (("drain", "small"), ("what-if",)):
        status, out, err = ask(words[0], "--from", folder, *words[1:])
        assert (status, out) == (2, "")
        assert "bad.json: " in err
        assert message in err
        assert "remove the file or collect it anew" in err


def test_a_faulty_guest_is_told_as_a_finding(tmp_path: Path, ask: Answer, publish: Any) -> None:
    path = Path(definition(tmp_path))
    path.write_text(path.read_text().replace("unit='GiB'>8</xr:", "unit='G1B'>8</xr:"))
    status, _, err = ask("check", "--from", publish(HOSTS), str(path))
    assert status == 1
    assert str(path) in err


def test_a_partition_that_there_cannot_be_is_told(
    tmp_path: Path, ask: Answer, publish: Any
) -> None:
    path = Path(definition(tmp_path))
    wrong = "<resource><partition>prod</partition></resource></domain>"
    path.write_text(path.read_text().replace("</domain>", wrong))
    status, _, err = ask("check", "--from", publish(HOSTS), str(path))
    assert status != 0
    assert "partition" in err
