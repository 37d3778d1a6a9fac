"""``reclaim --host`` on guests of a fake libvirt."""

import json
import sys
from functools import partial

import pytest

from tests.fakes.host import MIB, FakeHost, guarantee
from tests.fakes.host import domain as definition
from tests.fakes.libvirt import LIVE, FakeDomain, FakeLibvirtError, module
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.live.guest_location import ElsewhereError
from xmlresource.live.reclaim.host_reclaim import (
    HostGoal,
    HostReclaimed,
    NotPutBackError,
    plan_host,
    reclaim_host,
)
from xmlresource.live.reclaim.reclaim_run import GoneError
from xmlresource.operations.guests.hook_events import answer
from xmlresource.reclaim.steps import Action, Cooperation, Observation
from xmlresource.reports.guests.reclaim import host_as_json, host_as_text, plan_as_text
from xmlresource.system.cgroups import pressure
from xmlresource.system.libvirt.connection import LibvirtError

USAGE = "memory.usage_in_bytes"
Guests = dict[str, FakeDomain]


@pytest.fixture
def guests(host: FakeHost, three_guests: Guests, monkeypatch: pytest.MonkeyPatch) -> Guests:
    """Three guests with 64 MiB of RAM and 16 MiB of overhead, one of them with a guarantee."""
    three_guests["db2"].declare("<memoryMinGuarantee unit='MiB'>50</memoryMinGuarantee>", LIVE)
    for domain in three_guests.values():
        host.write(f"{domain.folder}/{USAGE}", f"{80 * MIB}\n")
    # What is waited for has come at once, or never does.
    clock = iter(range(10**6))
    monkeypatch.setattr(pressure, "now", lambda: float(next(clock)))
    monkeypatch.setattr(pressure, "pause", lambda _seconds: None)
    return three_guests


def run(host: FakeHost, mebibytes: int, *, press: bool = False) -> HostReclaimed:
    return reclaim_host(HostGoal(mebibytes * MIB, 600, press=press), machine=host.machine)


def charged(guests: Guests) -> dict[str, int]:
    return {
        name: int(domain.host.read(f"{domain.folder}/{USAGE}")) // MIB
        for name, domain in guests.items()
    }


def balloons(guests: Guests) -> set[int | None]:
    return {domain.balloon for domain in guests.values()}


def test_each_gives_by_what_it_has_above_what_it_must_keep(host: FakeHost, guests: Guests) -> None:
    done = run(host, 60)
    assert (done.reached, done.exit_status) == (True, ExitStatus.FINE)
    # 64, 30 and 64 MiB lie above the overhead or the guarantee.
    assert charged(guests) == {"db1": 55, "db2": 69, "web": 56}
    assert [share.size // MIB for share in done.plan.shares] == [25, 11, 24]
    assert host_as_text(done).startswith("reached: all of it has come free\nguest 'db1': it co-op")


def test_what_a_soft_limit_asks_to_keep_is_kept_if_it_can_be(
    host: FakeHost, guests: Guests
) -> None:
    soft = "<memorySoftLimit unit='MiB'>70</memorySoftLimit>"
    guests["web"].declare(soft, LIVE)
    done = plan_host(HostGoal(60 * MIB), machine=host.machine)
    assert [share.size // MIB for share in done.shares] == [38, 17, 5]
    assert not any(share.below_soft for share in done.shares)
    more = plan_host(HostGoal(140 * MIB), machine=host.machine)
    assert [share.size // MIB for share in more.shares] == [64, 30, 46]
    assert "guest 'web' is left with less than its soft limit" in plan_as_text(more)


def test_what_cant_be_had_is_refused_before_anything_is_done(
    host: FakeHost, guests: Guests
) -> None:
    done = run(host, 200)
    assert (done.reached, done.exit_status) == (False, ExitStatus.REFUSED)
    assert done.plan.missing == (200 - 158) * MIB
    assert host_as_text(done) == "nothing was done: no more than 158 MiB can be had\n"
    assert "of which 42 MiB can't be had: 158 MiB lies above what guests" in plan_as_text(done.plan)
    assert not any(domain.calls for domain in guests.values())


def test_what_one_does_not_give_is_asked_of_the_others(host: FakeHost, guests: Guests) -> None:
    guests["web"].has_driver = False
    done = run(host, 60)
    assert done.reached
    assert charged(guests)["web"] == 80
    assert sum(charged(guests).values()) == 3 * 80 - 60
    assert [each and each.cooperation for each in done.guests] == [
        Cooperation.GIVES,
        Cooperation.GIVES,
        Cooperation.IGNORES,
    ]


def test_who_did_not_give_is_not_asked_for_ever(host: FakeHost, guests: Guests) -> None:
    guests["web"].has_driver = False
    assert run(host, 60).reached
    asked = [kib for name, kib in guests["web"].calls if name == "setMemoryFlags"]
    assert (len(asked), asked[-1]) == (2, 64 * 1024)


def test_an_interruption_that_cant_put_back_says_so(host: FakeHost, guests: Guests) -> None:
    real = guests["db1"].setMemoryFlags

    def fail(kib: int, flags: int) -> int:
        if kib == 64 * 1024:
            raise FakeLibvirtError("it is busy")
        return real(kib, flags)

    def interrupt(name: str, seen: Observation, _action: Action) -> None:
        if name == "db1" and seen.balloon != 64 * MIB:
            raise KeyboardInterrupt

    guests["db1"].setMemoryFlags = fail  # type: ignore[method-assign]
    with pytest.raises(NotPutBackError, match="guest 'db1': it is busy") as caught:
        reclaim_host(HostGoal(60 * MIB, 600), machine=host.machine, progress=interrupt)
    assert caught.value.exit_status is ExitStatus.ROLLED_BACK


def test_where_all_of_them_do_not_do_everything_is_given_back(
    host: FakeHost, guests: Guests
) -> None:
    guests["web"].has_driver = False
    done = run(host, 120)
    assert (done.reached, done.exit_status) == (False, ExitStatus.ROLLED_BACK)
    assert "could not be had" in done.reason
    assert balloons(guests) == {64 * 1024}
    assert set(charged(guests).values()) == {80}


def test_what_has_nothing_to_give_is_not_asked(host: FakeHost, guests: Guests) -> None:
    host.write(f"{guests['web'].folder}/{USAGE}", f"{MIB}\n")
    done = run(host, 60)
    assert done.reached
    assert done.guests[2] is None
    assert guests["web"].calls == []
    assert "web" not in host_as_text(done)


def test_guests_without_a_balloon_are_passed_over_unless_they_may_be_pressed(
    host: FakeHost, guests: Guests
) -> None:
    guests["web"].balloon = None
    plan = plan_host(HostGoal(60 * MIB), machine=host.machine)
    assert [share.name for share in plan.shares] == ["db1", "db2"]
    assert plan.passed_over == (("web", "it has no balloon to be asked through"),)
    assert "passed over: guest 'web': it has no balloon" in plan_as_text(plan)
    pressed = plan_host(HostGoal(60 * MIB, press=True), machine=host.machine)
    assert [share.name for share in pressed.shares] == ["db1", "db2", "web"]
    assert run(host, 60, press=True).reached
    assert charged(guests)["web"] == 80  # the fake kernel reclaims nothing: the others gave it


def test_a_guest_that_is_not_found_here_is_passed_over(host: FakeHost, guests: Guests) -> None:
    host.end(guests["web"].pid or 0)
    plan = plan_host(HostGoal(60 * MIB), machine=host.machine)
    assert [name for name, _ in plan.passed_over] == ["web"]


def test_memory_is_taken_on_the_guests_host(host: FakeHost, guests: Guests) -> None:
    for domain in guests.values():
        domain.uri = "qemu+ssh://far.example.org/system"
    with pytest.raises(ElsewhereError, match=r"far\.example\.org, .*reclaim --host 62914560b"):
        run(host, 60)


def test_without_a_guest_nothing_can_be_had(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", module())
    assert run(host, 1).plan.missing == MIB


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_interruption_or_an_error_gives_back(
    host: FakeHost, guests: Guests, error: type[BaseException]
) -> None:
    def fail(name: str, seen: Observation, _action: Action) -> None:
        if name == "web" and seen.balloon != 64 * MIB:
            raise error

    for domain in guests.values():
        host.write(f"{domain.folder}/{USAGE}", f"{800 * MIB}\n")
        domain.before_call = lambda _name, _side: None
    with pytest.raises(error):
        reclaim_host(HostGoal(60 * MIB, 600), machine=host.machine, progress=fail)
    assert balloons(guests) == {64 * 1024}


def test_a_guest_that_ends_meanwhile_gives_back_to_the_others(
    host: FakeHost, guests: Guests
) -> None:
    web = guests["web"]
    web.has_driver = False

    def end(_name: str, _seen: Observation, _action: Action) -> None:
        if web.calls:
            (host.root / web.folder[1:] / USAGE).unlink(missing_ok=True)
            web.pid = None

    with pytest.raises(GoneError):
        reclaim_host(HostGoal(60 * MIB, 600), machine=host.machine, progress=end)
    assert balloons(guests) == {64 * 1024}


def test_what_was_asked_for_twice_is_given_back_as_it_was_at_first(
    host: FakeHost, guests: Guests
) -> None:
    """web gives nothing, so that db1 and db2 are asked for more, and then db2 gives nothing."""
    guests["web"].has_driver = False
    db2 = guests["db2"]
    real = db2.setMemoryFlags

    def give_once(kib: int, flags: int) -> int:
        db2.has_driver = kib == 64 * 1024 or not db2.calls
        return real(kib, flags)

    db2.setMemoryFlags = give_once  # type: ignore[method-assign]
    done = run(host, 90)
    asked = {each.name(): len(each.calls) for each in guests.values()}
    assert (done.reached, asked["db1"] > 2) == (False, True)
    assert balloons(guests) == {64 * 1024}


def test_a_guest_that_can_be_asked_only_once_gets_back_what_it_had(
    host: FakeHost, guests: Guests
) -> None:
    guests["web"].has_driver = False
    real = guests["db1"].setMemoryFlags

    def fail_once(kib: int, flags: int) -> int:
        if len(guests["db1"].calls) == 1:
            guests["db1"].calls.append(("setMemoryFlags", kib))
            raise FakeLibvirtError("it is busy")
        return real(kib, flags)

    guests["db1"].setMemoryFlags = fail_once  # type: ignore[method-assign]
    with pytest.raises(LibvirtError, match="it is busy"):
        run(host, 60)
    assert balloons(guests) == {64 * 1024}


def test_what_is_promised_or_declared_is_kept(host: FakeHost, guests: Guests) -> None:
    """Each may stand alone: the ledger was lost, or the definition was edited since."""
    guests["db2"].declare("", LIVE)
    for name, number in (("db1", 1), ("web", 3)):
        xml = definition(name, number, guarantee(70))
        assert answer(name, "prepare", xml, None, host.machine) == (0, "")
    guests["db2"].declare("<memoryMinGuarantee unit='MiB'>50</memoryMinGuarantee>", LIVE)
    done = plan_host(HostGoal(60 * MIB), machine=host.machine)
    assert [each.standing.guarantee // MIB for each in done.shares] == [70, 50, 70]
    assert done.missing == (60 - 10 - 30 - 10) * MIB


def test_what_is_pressed_gives_more_than_its_ram(host: FakeHost, guests: Guests) -> None:
    del guests
    done = plan_host(HostGoal(200 * MIB, press=True), machine=host.machine)
    assert done.missing == (200 - 80 - 30 - 80) * MIB


def test_what_cant_be_put_back_is_named(host: FakeHost, guests: Guests) -> None:
    guests["web"].has_driver = False
    real = guests["db1"].setMemoryFlags

    def fail(kib: int, flags: int) -> int:
        if kib == 64 * 1024:
            raise FakeLibvirtError("it is busy")
        return real(kib, flags)

    guests["db1"].setMemoryFlags = fail  # type: ignore[method-assign]
    done = run(host, 120)
    assert "NOT put back: guest 'db1': it is busy" in done.reason
    assert guests["db2"].balloon == 64 * 1024


# The command


@pytest.fixture
def command(host: FakeHost, guests: Guests, monkeypatch: pytest.MonkeyPatch) -> None:
    del guests
    for name, function in (("plan_host", plan_host), ("reclaim_host", reclaim_host)):
        here = partial(function, machine=host.machine)
        monkeypatch.setattr(f"xmlresource.cli.reclaim.{name}", here)


@pytest.mark.usefixtures("command")
def test_a_dry_run_shows_the_plan_and_does_nothing(
    guests: Guests, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reclaim", "--host", "60MiB", "--dry-run"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "to take: 60 MiB",
        "guest  charged  guarantee  soft limit   gives   keeps",
        "db1     80 MiB          -           -  25 MiB  55 MiB",
        "db2     80 MiB     50 MiB           -  11 MiB  69 MiB",
        "web     80 MiB          -           -  24 MiB  56 MiB",
    ]
    assert main(["reclaim", "--host", "60MiB", "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["demand"], found["missing"], found["reached"]) == (60 * MIB, 0, None)
    assert found["guests"][1]["min_guarantee"] == 50 * MIB
    assert main(["reclaim", "--host", "1GiB", "--dry-run"]) == ExitStatus.REFUSED
    assert not any(domain.calls for domain in guests.values())


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("answer", "status"), [("y", ExitStatus.FINE), ("", ExitStatus.REFUSED), ("n", 3)]
)
def test_it_asks_on_a_terminal(
    guests: Guests,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    status: int,
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("sys.stdin.readline", lambda: f"{answer}\n")
    assert main(["reclaim", "--host", "60MiB"]) == status
    said = capsys.readouterr()
    assert "db2     80 MiB     50 MiB" in said.err
    assert "Take it? [y/N] " in said.err
    assert any(domain.calls for domain in guests.values()) is (answer == "y")
    assert ("it was not agreed to" in said.out) is (answer != "y")


@pytest.mark.usefixtures("command")
def test_with_yes_it_does_not_ask(guests: Guests, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reclaim", "--host", "60MiB", "--yes", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["reached"] is True
    assert [each["after"] // MIB for each in found["guests"]] == list(charged(guests).values())
    assert {each["cooperation"] for each in found["guests"]} == {"gives"}


@pytest.mark.usefixtures("command")
def test_what_is_missing_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["reclaim", "--host", "1GiB", "--yes"]) == ExitStatus.REFUSED
    said = capsys.readouterr()
    assert said.out == "nothing was done: no more than 158 MiB can be had\n"
    assert said.err.startswith("to take: 1 GiB, of which 866 MiB can't be had")


def test_a_plan_alone_is_json_too(host: FakeHost, guests: Guests) -> None:
    del guests
    done = run(host, 200)
    assert host_as_json(done.plan, done)["reached"] is False
    assert "before" not in host_as_json(done.plan, done)["guests"][0]
