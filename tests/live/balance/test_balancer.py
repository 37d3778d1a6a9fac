"""Rounds of balancing on a farm of guests that behave, and of guests that don't."""

import errno
import os
import shutil

import pytest

from tests.fakes.host import GIB, MIB
from tests.fakes.libvirt import FakeLibvirtError
from tests.live.balance.conftest import SETTINGS, Farm
from xmlresource.balance.movement import Cause, Direction
from xmlresource.errors import XmlresourceError
from xmlresource.live.balance.balancer import Balancer
from xmlresource.live.balance.once_told import OnceTold
from xmlresource.operations.administration.status import status
from xmlresource.system.state import history

WHOLE = {"busy": 2048, "idle": 2048, "lazy": 2048}


def short(farm: Farm) -> None:
    """Make the host short, after guests have reported."""
    farm.rounds(3)
    farm.leave(500)


def test_a_host_with_room_is_left_alone_and_libvirt_is_not_asked(farm: Farm) -> None:
    farm.rounds(2)
    calls = {name: len(each.calls) for name, each in farm.guests.items()}
    # One call each: that it reports now and then.
    assert set(calls.values()) == {1}
    asked = farm.daemon.connections

    def forbidden() -> None:
        pytest.fail("libvirt is asked")

    for guest in farm.guests.values():
        guest.in_call = forbidden
    result = farm.rounds(5)
    assert result.decision.steps == ()
    assert not result.lacking
    assert farm.daemon.connections == asked
    assert farm.ram() == WHOLE


def test_a_short_host_takes_from_those_that_can_spare_it(farm: Farm) -> None:
    short(farm)
    farm.rounds(20)
    ram = farm.ram()
    assert ram["busy"] == 2048
    assert ram["idle"] < 2048
    assert ram["lazy"] < 2048
    assert farm.available() >= 1024
    assert farm.said("is asked to give")
    records = history.read(farm.balancer_state())
    assert b'"event":"reclaimed","operation":"balance"' in records
    assert b'"cause":"host-short"' in records


def test_a_host_with_room_again_gives_it_back(farm: Farm) -> None:
    short(farm)
    farm.rounds(20)
    taken = status(farm.host.machine).balance
    farm.leave(6 * 1024 - sum(farm.ram().values()) + 3000)
    farm.rounds(60)
    assert farm.ram() == WHOLE
    assert farm.said("is given")
    # What status tells of it is what guests were asked for.
    found = status(farm.host.machine).balance
    assert taken is not None
    assert found is not None
    assert {each.name for each in found.guests} == {"idle", "lazy"}
    assert taken.given == 0
    assert found.given == taken.taken == sum(each.given for each in found.guests)
    for _ in range(3):
        result = farm.rounds(1)
    assert result.decision.steps == ()


def test_a_guest_that_starves_gets_before_the_host_has_room(farm: Farm) -> None:
    short(farm)
    farm.rounds(20)
    idle = farm.guests["idle"]
    had = farm.ram()["idle"]
    idle.used = had - 20  # it bursts
    for _ in range(10):
        farm.rounds(1)
        if farm.ram()["idle"] > had + 100:
            break
    assert farm.ram()["idle"] > had + 100


def test_a_dry_run_does_nothing(farm: Farm) -> None:
    short(farm)
    before = {name: list(each.calls) for name, each in farm.guests.items()}
    farm.told.clear()
    result = farm.round(dry=True)
    assert {step.direction for step in result.decision.steps} == {Direction.TAKE}
    assert result.outcomes == ()
    assert {name: each.calls for name, each in farm.guests.items()} == before
    assert farm.told == []


def test_observing_tells_once_and_does_nothing(farm: Farm) -> None:
    farm.host.write("/etc/xmlresource.toml", SETTINGS.replace('"balloon"', '"observe"'))
    short(farm)
    farm.rounds(5)
    assert farm.ram() == WHOLE
    assert not any(each.asked() for each in farm.guests.values())
    assert farm.said("would be asked to give") == 2


def test_off_is_off(farm: Farm) -> None:
    farm.host.write("/etc/xmlresource.toml", SETTINGS.replace('"balloon"', '"off"'))
    short(farm)
    farm.rounds(5)
    assert not any(each.calls for each in farm.guests.values())


def test_a_guest_that_says_no_is_left_alone(farm: Farm) -> None:
    idle = farm.guests["idle"]
    for side in idle.sides.values():
        side.element = "<resource><memory balance='no'/></resource>"
    idle.live()
    short(farm)
    farm.rounds(20)
    assert farm.ram()["idle"] == 2048
    assert not idle.calls
    assert farm.ram()["lazy"] < 2048


def test_room_for_a_start_is_taken(farm: Farm) -> None:
    """The physical rule counts: what is available less what is promised and not used yet."""
    farm.rounds(3)
    asked = farm.available() * MIB + 600 * MIB
    result = farm.rounds(1, asked=asked)
    assert result.decision.steps[0].reason.cause is Cause.ROOM_WANTED
    assert result.sparable >= 600 * MIB
    for _ in range(20):
        result = farm.rounds(1, asked=asked)
        if result.memory.room >= asked:
            break
    assert result.memory.room >= asked


def test_a_balloon_that_jumps_is_not_moved_on_an_old_look(farm: Farm) -> None:
    """Between the look and the step somebody else moves it."""
    short(farm)
    idle = farm.guests["idle"]
    looks = 0

    def jump() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:  # the step's own look
            idle.balloon = 1024 * 1024

    idle.in_call = jump
    result = farm.round()
    (outcome,) = [each for each in result.outcomes if each.step.name == "idle"]
    assert outcome.is_over
    assert idle.asked() == []


def test_a_guest_that_ends_in_the_middle_of_a_step_is_forgotten(farm: Farm) -> None:
    short(farm)
    idle = farm.guests["idle"]
    looks = 0

    def end() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            idle.end()

    idle.in_call = end
    result = farm.round()
    (outcome,) = [each for each in result.outcomes if each.step.name == "idle"]
    assert outcome.is_over
    assert outcome.fault is None
    farm.leave(500)
    farm.rounds(10)
    assert farm.ram()["lazy"] < 2048
    assert not farm.said("idle' is left alone")


def test_a_guest_that_was_started_anew_meanwhile_is_not_asked(farm: Farm) -> None:
    short(farm)
    idle = farm.guests["idle"]
    lazy = farm.guests["lazy"]

    def restart() -> None:  # busy is looked at first, then idle, then lazy
        lazy.in_call = lambda: None
        assert idle.pid is not None
        farm.host.process(
            idle.pid,
            start_time=2000,
            cgroup=idle.folder.removeprefix("/sys/fs/cgroup/memory") + "/emulator",
        )

    lazy.in_call = restart
    result = farm.round()
    (outcome,) = [each for each in result.outcomes if each.step.name == "idle"]
    assert outcome.is_over
    assert idle.asked() == []


def test_libvirt_restarts(farm: Farm) -> None:
    short(farm)
    farm.daemon.runs = False
    farm.rounds(4)
    assert farm.said("libvirt can't be asked") == 1
    assert not any(each.asked() for each in farm.guests.values())
    farm.daemon.runs = True
    farm.daemon.restart()
    farm.rounds(10)
    assert farm.ram()["idle"] < 2048
    farm.daemon.restart()
    farm.rounds(4)
    assert farm.said("libvirt can't be asked") == 2  # it was all right in between


def test_a_guest_that_libvirt_hangs_on_is_left_alone_and_told_once(farm: Farm) -> None:
    short(farm)
    idle = farm.guests["idle"]
    idle.hangs.clear()
    farm.rounds(10)
    assert farm.balloons.hanging == {idle.UUIDString()}
    assert farm.said("guest 'idle' is left alone: it does not answer") == 1
    assert farm.ram()["lazy"] < 2048
    idle.hangs.set()
    for _ in range(1000):
        if not farm.balloons.hanging:
            break
    farm.leave(500)
    farm.rounds(10)
    assert farm.ram()["idle"] < 2048


def test_libvirt_that_refuses_one_guest_serves_the_others(farm: Farm) -> None:
    short(farm)

    def refuse() -> None:
        raise FakeLibvirtError("internal error: unable to execute QEMU command", 1)

    farm.guests["idle"].in_call = refuse
    farm.rounds(10)
    assert farm.ram()["lazy"] < 2048
    assert farm.guests["idle"].asked() == []
    assert farm.said("guest 'idle' is left alone") == 1


def boast(farm: Farm) -> None:
    """Have a guest that needs 1500 MiB of its 2048 say that it needs 548, whatever it has."""
    farm.guests["busy"].used, farm.guests["busy"].lie = 1500, 1500
    short(farm)
    farm.rounds(10)


def test_a_guest_that_boasts_is_tried_with_little_and_then_left_alone(farm: Farm) -> None:
    boast(farm)
    asked = len(farm.guests["busy"].asked())
    assert asked == 1
    assert farm.said("guest 'busy' is left alone: what was taken from it was not missing") == 1
    # Little: half of what a step may be.
    assert farm.ram()["busy"] >= 2048 - 2048 // 8
    # The others, who tell the truth, give what the host lacks.
    assert max(farm.ram()[name] for name in ("idle", "lazy")) < 2048 - 2048 // 8
    assert farm.available() >= 1024


def test_a_new_service_tries_a_boaster_anew_with_little(farm: Farm) -> None:
    boast(farm)
    had = farm.ram()["busy"]
    farm.balancer = Balancer(farm.host.machine, farm.balloons, OnceTold(farm.host.machine))
    farm.balancer.begin()
    farm.leave(500)
    farm.rounds(10)
    assert had - farm.ram()["busy"] <= 2048 // 8
    assert len(farm.guests["busy"].asked()) == 2


@pytest.mark.parametrize("lie", [5000, 1 << 40])
def test_statistics_that_lie_take_nothing(farm: Farm, lie: int) -> None:
    farm.guests["idle"].lie = lie
    short(farm)
    farm.rounds(10)
    assert farm.guests["idle"].asked() == []
    assert farm.said("guest 'idle' is left alone: it reports what can't be true") == 1


def test_statistics_that_are_minutes_old_take_nothing(farm: Farm) -> None:
    farm.rounds(3)
    farm.guests["idle"].frozen = True
    farm.pass_time(180)
    farm.leave(500)
    farm.rounds(20)
    assert farm.guests["idle"].asked() == []
    assert farm.ram()["lazy"] < 2048
    assert farm.said("guest 'idle' is left alone: its last report is") == 1


def test_no_statistics_take_nothing(farm: Farm) -> None:
    farm.guests["idle"].silent = True
    short(farm)
    farm.rounds(10)
    assert farm.guests["idle"].asked() == []


def test_a_stubborn_balloon_is_not_asked_for_ever(farm: Farm) -> None:
    farm.guests["idle"].stubborn = True
    short(farm)
    farm.rounds(40)
    assert farm.ram()["lazy"] < 2048
    asked = farm.guests["idle"].asked()
    assert asked
    assert asked.count(2048) >= 1  # asked for no more than it did
    assert len(asked) <= 8


def test_a_cgroup_that_vanishes_is_a_guest_that_ended(farm: Farm) -> None:
    short(farm)
    idle = farm.guests["idle"]
    shutil.rmtree(farm.host.root / idle.folder[1:])
    idle.charge = lambda: None  # type: ignore[method-assign]
    farm.rounds(10)
    assert idle.asked() == []
    assert farm.ram()["lazy"] < 2048


def test_a_definition_that_cant_be_read_is_told_once(farm: Farm) -> None:
    short(farm)
    idle = farm.guests["idle"]
    idle.live = lambda: None  # type: ignore[method-assign]
    farm.host.write("/run/libvirt/qemu/idle.xml", "<domstatus><domain>")
    farm.rounds(5)
    assert idle.asked() == []
    assert farm.said("its definition can't be read") == 1


def test_a_damaged_ledger_moves_nothing(farm: Farm) -> None:
    short(farm)
    folder = farm.host.root / "run/xmlresource"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / "ledger").write_bytes(b"nonsense\n")
    (folder / "ledger").chmod(0o600)
    with pytest.raises(XmlresourceError, match="damaged"):
        farm.round()
    assert not any(each.asked() for each in farm.guests.values())


def test_what_is_promised_is_never_taken(farm: Farm) -> None:
    """All of what it has above its promise, and not a byte more."""
    lazy = farm.guests["lazy"]
    for guest in farm.guests.values():
        guest.used = 100
        guest.declare("<memoryMinGuarantee unit='MiB'>1800</memoryMinGuarantee>")
    farm.rounds(3)
    farm.leave(100)
    farm.rounds(40)
    for guest in farm.guests.values():
        charged = int(farm.host.read(f"{guest.folder}/memory.usage_in_bytes"))
        assert charged >= 1800 * MIB
    assert lazy.asked()


def test_a_full_state_folder_is_told_once(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    short(farm)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("xmlresource.system.syscalls.Syscalls.write", full)
    farm.rounds(10)
    assert farm.ram()["idle"] < 2048
    assert farm.said("the history can't be written") == 1
    assert farm.said("is asked to give") > 1


def test_the_host_reserve_is_not_given_away(farm: Farm) -> None:
    reserve = SETTINGS.replace('host_reserve = "0"', f'host_reserve = "{7 * GIB}b"')
    short(farm)
    farm.rounds(20)
    farm.host.write("/etc/xmlresource.toml", reserve)
    taken = farm.ram()
    farm.leave(4000)
    farm.rounds(20)
    assert farm.ram() == taken
