"""``reclaim --host --give-back`` on guests of a fake libvirt."""

import json
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee
from tests.fakes.libvirt import LIVE, FakeDomain, FakeLibvirtError
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.live.guest_location import ElsewhereError
from xmlresource.live.reclaim.host_give_back import (
    Return,
    ReturnPlan,
    give_back_host,
    plan_give_back,
)
from xmlresource.operations.administration.history import history
from xmlresource.reclaim.sharing import Pool, Shortfall, give
from xmlresource.reports.guests.reclaim import return_as_json, return_as_text, returned_as_text
from xmlresource.system.libvirt import guests as system_guests

USAGE = "memory.usage_in_bytes"
Guests = dict[str, FakeDomain]


@pytest.fixture
def guests(host: FakeHost, three_guests: Guests) -> Guests:
    """Three guests that have 32 of 64 MiB of RAM, and 16 MiB of overhead."""
    for each in three_guests.values():
        each.balloon = 32 * 1024
        host.write(f"{each.folder}/{USAGE}", f"{48 * MIB}\n")
    return three_guests


def leave(host: FakeHost, mebibytes: int) -> None:
    """Leave so much of the host, whose reserve is all in use."""
    host.memory(8 * GIB, mebibytes * MIB)


def promise(guest: FakeDomain, mebibytes: int) -> None:
    element = f"<memoryMinGuarantee unit='MiB'>{mebibytes}</memoryMinGuarantee>"
    guest.declare(element, LIVE)


def plan(host: FakeHost) -> ReturnPlan:
    return plan_give_back(machine=host.machine)


def sizes(found: ReturnPlan) -> list[int]:
    return [each.size // MIB for each in found.returns]


def balloons(guests: Guests) -> list[int]:
    return [(each.balloon or 0) // 1024 for each in guests.values()]


def test_where_there_is_room_all_have_their_ram_again(host: FakeHost, guests: Guests) -> None:
    done = give_back_host(machine=host.machine)
    assert balloons(guests) == [64, 64, 64]
    assert (done.exit_status, done.plan.missing) == (ExitStatus.FINE, 0)
    assert returned_as_text(done) == "asked to take again: 96 MiB, 3 guests\n"
    again = give_back_host(machine=host.machine)
    assert again.plan.returns == ()
    assert again.exit_status is ExitStatus.FINE
    assert returned_as_text(again).startswith("nothing was done: every guest")


def test_who_has_more_than_its_definition_says_keeps_it(host: FakeHost, guests: Guests) -> None:
    guests["web"].more = "<currentMemory unit='MiB'>24</currentMemory>"
    guests["db2"].more = "<currentMemory unit='MiB'>40</currentMemory>"
    give_back_host(machine=host.machine)
    assert balloons(guests) == [64, 40, 32]
    assert not guests["web"].calls


def test_a_little_room_is_shared_by_what_they_lack(host: FakeHost, guests: Guests) -> None:
    guests["web"].balloon = 48 * 1024
    leave(host, 41)
    done = give_back_host(machine=host.machine)
    # 32, 32 and 16 MiB are lacking; what whole MiB leave over the first has.
    assert sizes(done.plan) == [17, 16, 8]
    assert balloons(guests) == [49, 48, 56]
    assert (done.plan.room, done.plan.missing) == (41 * MIB, 39 * MIB)
    assert done.exit_status is ExitStatus.REFUSED
    assert "no room for 39 MiB that guests lack still" in returned_as_text(done)


def test_what_is_promised_to_others_is_given_to_nobody(host: FakeHost, guests: Guests) -> None:
    promise(guests["db2"], 208)  # of which it has 48
    leave(host, 160 + 9)
    found = plan(host)
    assert found.room == 9 * MIB
    # What db2 lacks is promised to it; the others share what is left.
    assert sizes(found) == [5, 32, 4]
    assert [each.lack.covered // MIB for each in found.returns] == [0, 32, 0]


def test_a_promise_covers_what_could_not_be_had_already(host: FakeHost, guests: Guests) -> None:
    promise(guests["db2"], 40)
    host.write(f"{guests['db2'].folder}/{USAGE}", f"{8 * MIB}\n")
    leave(host, 32 + 10)
    # db2 can take 32 MiB whatever its balloon does now: of the promise 8 are left to cover more.
    found = plan(host)
    assert [each.lack.covered // MIB for each in found.returns] == [0, 8, 0]
    assert sum(sizes(found)) == 8 + 10


def test_where_too_much_is_promised_nothing_is_given(host: FakeHost, guests: Guests) -> None:
    promise(guests["db2"], 52)
    guests["db2"].balloon = 64 * 1024
    leave(host, 2)
    done = give_back_host(machine=host.machine)
    assert sizes(done.plan) == [0, 0]
    assert done.plan.room == 0
    assert not any(each.calls for each in guests.values())
    assert done.exit_status is ExitStatus.REFUSED
    assert returned_as_text(done) == "nothing was done: no room for the 64 MiB that guests lack\n"


def test_a_guest_that_is_to_start_after_a_boot_finds_its_room(
    host: FakeHost, guests: Guests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_guests, "seconds_since_boot", lambda: 60)
    host.write("/etc/xmlresource.toml", "boot_priority = true\nboot_window = 600\n")
    plain = domain("first", 9, guarantee(100))
    waiting = plain.replace(b"<xr:memory>", b"<xr:memory priority='9'>")
    host.write("/etc/libvirt/qemu/autostart/first.xml", waiting.decode())
    leave(host, 130)
    assert sizes(plan(host)) == [10, 10, 10]
    assert len(guests) == 3


def test_guests_that_count_without_a_promise_have_their_room(
    host: FakeHost, guests: Guests
) -> None:
    host.write("/etc/xmlresource.toml", "count_unpromised = true\n")
    leave(host, 500)
    found = plan(host)
    assert found.room < 400 * MIB
    # What each is expected to take covers what it lacks.
    assert sizes(found) == [32, 32, 32]
    assert all(each.lack.covered == 32 * MIB for each in found.returns)
    assert balloons(guests) == [32, 32, 32]


def test_a_cgroup_above_limits_who_is_below_it(host: FakeHost, guests: Guests) -> None:
    above = Path(guests["db1"].folder).parent
    host.write(f"{above}/memory.limit_in_bytes", f"{200 * MIB}\n")
    host.write(f"{above}/{USAGE}", f"{170 * MIB}\n")
    assert sizes(plan(host)) == [10, 10, 10]


def test_nodes_limit_who_is_bound_to_them(host: FakeHost, guests: Guests) -> None:
    for number, free in ((0, 450), (1, 4096)):
        total = 4096 * 1024
        text = f"Node {number} MemTotal: {total} kB\nNode {number} MemFree: {free * 1024} kB\n"
        host.write(f"/sys/devices/system/node/node{number}/meminfo", text)
    host.write("/etc/xmlresource.toml", 'host_reserve = "512MiB"\n')
    for name in ("db1", "db2"):
        guests[name].more = "<numatune><memory mode='strict' nodeset='0'/></numatune>"
    free = sizes(plan(host))
    assert free == [32, 32, 32]
    text = f"Node 0 MemTotal: {4096 * 1024} kB\nNode 0 MemFree: {20 * 1024} kB\n"
    host.write("/sys/devices/system/node/node0/meminfo", text)
    assert sizes(plan(host)) == [10, 10, 32]


def test_who_can_not_be_given_anything_is_named(host: FakeHost, guests: Guests) -> None:
    guests["db1"].balloon = None
    guests["db2"].more = "<memoryBacking><hugepages/></memoryBacking>"
    host.end(guests["web"].pid or 0)
    found = plan(host)
    assert found.returns == ()
    assert [name for name, _ in found.passed_over] == ["db1", "db2", "web"]
    text = return_as_text(found)
    assert text.startswith("to give back: 0 bytes of 0 bytes\npassed over: guest 'db1': it has no")
    assert "guest 'db2': its RAM is on hugepages" in text
    assert "guest 'web': libvirt's run folder does not show it here" in text


def test_memory_is_given_back_on_the_guests_host(host: FakeHost, guests: Guests) -> None:
    for each in guests.values():
        each.uri = "qemu+ssh://far.example.org/system"
    with pytest.raises(ElsewhereError, match=r"far\.example\.org, .*reclaim --host --give-back"):
        plan(host)


def refuse(_kib: int, _flags: int) -> int:
    raise FakeLibvirtError("it is\nbusy")


def test_one_that_libvirt_refuses_does_not_keep_the_others_from_theirs(
    host: FakeHost, guests: Guests
) -> None:
    guests["db1"].setMemoryFlags = refuse  # type: ignore[method-assign]
    done = give_back_host(machine=host.machine)
    assert balloons(guests) == [32, 64, 64]
    assert done.exit_status is ExitStatus.USAGE
    assert returned_as_text(done).splitlines() == [
        "asked to take again: 64 MiB, 2 guests",
        "NOT asked: guest 'db1': it is\\nbusy",
    ]
    shown = return_as_json(done.plan, done)["guests"]
    assert [each["failed"] for each in shown] == ["it is\nbusy", None, None]


def test_the_history_tells_who_was_given_what(host: FakeHost, guests: Guests) -> None:
    leave(host, 1000)
    guests["db2"].setMemoryFlags = refuse  # type: ignore[method-assign]
    give_back_host(machine=host.machine)
    told = [(each["event"], each["guest"]) for each in history(machine=host.machine).records]
    assert told == [("given-back", "db1"), ("refused", "db2"), ("given-back", "web")]


def test_room_that_is_gone_when_it_is_agreed_to_is_not_given(
    host: FakeHost, guests: Guests
) -> None:
    def agreed(_plan: ReturnPlan) -> bool:
        leave(host, 3)
        guests["web"].balloon = 8 * 1024  # lacks more than was agreed to
        return True

    done = give_back_host(machine=host.machine, agreed=agreed)
    assert sum(sizes(done.plan)) == 3
    leave(host, 4096)
    guests["web"].balloon = 40 * 1024

    def lacks_more(_plan: ReturnPlan) -> bool:
        guests["web"].balloon = 8 * 1024
        return True

    done = give_back_host(machine=host.machine, agreed=lacks_more)
    assert done.plan.returns[-1].size == 24 * MIB


def test_the_example_on_the_page() -> None:
    lacks = (Shortfall(GIB, GIB // 2), Shortfall(GIB), Shortfall(GIB // 2))
    balloons = (3 * GIB, 3 * GIB, 3 * GIB // 2)
    room = 3 * GIB // 2
    gets = give(lacks, [Pool(room, (0, 1, 2))])
    rows = zip(("db1", "web", "wiki"), balloons, lacks, gets, strict=True)
    returns = tuple(Return(name, "", has, lack, size) for name, has, lack, size in rows)
    text = return_as_text(ReturnPlan(room, returns))
    page = Path(__file__).parents[3] / "docs/live.md"
    assert f"--give-back\n{text}Give it back? [y/N]\n" in page.read_text("utf-8")


# The command


@pytest.fixture
def command(host: FakeHost, guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    del guests
    for function in (plan_give_back, give_back_host):
        here = partial(function, machine=host.machine)
        monkeypatch.setattr(f"xmlresource.cli.reclaim.{function.__name__}", here)


@pytest.mark.usefixtures("command")
def test_a_dry_run_shows_the_plan_and_does_nothing(
    host: FakeHost, guests: Guests, capsys: pytest.CaptureFixture[str]
) -> None:
    leave(host, 48)
    words = ["reclaim", "--host", "--give-back", "--dry-run"]
    assert main(words) == ExitStatus.REFUSED
    assert capsys.readouterr().out.splitlines() == [
        "to give back: 48 MiB of 96 MiB; the host has room for 48 MiB beside what is promised",
        "guest     has  defined  promised    gets  then has",
        "db1    32 MiB   64 MiB         -  16 MiB    48 MiB",
        "db2    32 MiB   64 MiB         -  16 MiB    48 MiB",
        "web    32 MiB   64 MiB         -  16 MiB    48 MiB",
    ]
    leave(host, 480)
    assert main([*words, "--json"]) == ExitStatus.FINE
    found = json.loads(capsys.readouterr().out)
    assert (found["room"], found["lacking"], found["missing"]) == (480 * MIB, 96 * MIB, 0)
    assert (found["agreed"], found["guests"][0]["target"]) == (None, 64 * MIB)
    assert not any(each.calls for each in guests.values())


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(("answer", "status"), [("y", ExitStatus.FINE), ("", ExitStatus.REFUSED)])
def test_it_asks_on_a_terminal(
    guests: Guests,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    status: ExitStatus,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{answer}\n")
    assert main(["reclaim", "--host", "--give-back"]) == status
    said = capsys.readouterr()
    assert said.err.endswith("Give it back? [y/N] ")
    assert ("it was not agreed to" in said.out) is not bool(answer)
    assert balloons(guests) == [64 if answer else 32] * 3


@pytest.mark.usefixtures("command")
def test_nothing_to_give_is_nothing_to_agree_to(
    guests: Guests, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in guests.values():
        each.balloon = 64 * 1024
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["reclaim", "--host", "--give-back"]) == ExitStatus.FINE
    assert "[y/N]" not in capsys.readouterr().err


@pytest.mark.usefixtures("command")
def test_with_yes_it_does_not_ask(guests: Guests, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reclaim", "--host", "--give-back", "--yes", "--json"]) == ExitStatus.FINE
    said = capsys.readouterr()
    assert json.loads(said.out)["agreed"] is True
    assert said.err.startswith("to give back: 96 MiB of 96 MiB\n")
    assert balloons(guests) == [64, 64, 64]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--host"], "--host takes either a SIZE or --give-back"),
        (["--host", "1GiB", "--give-back"], "--host takes either a SIZE or --give-back"),
        (["--host", "1GiB", "--to", "1GiB"], "--host takes either a SIZE or --give-back"),
        (["--host", "--give-back"], "asks before it does anything, and nobody is there"),
        (["db1"], "say what is to become of it: --to SIZE or --give-back"),
        (["db1", "--give-back", "--yes"], "--dry-run and --yes go with --host"),
        (["--give-back"], "give either a DOMAIN or --host"),
    ],
)
def test_bad_usage(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reclaim", *words]) == ExitStatus.USAGE
    assert complaint in capsys.readouterr().err
