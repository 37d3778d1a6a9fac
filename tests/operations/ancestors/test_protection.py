"""On v2 the cgroups above the guests carry the sum: by file, and by systemd where that runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.bus import FakeBus, refuse
from tests.fakes.host import MIB, FakeHost, domain, guarantee, hard_limit
from tests.fakes.systemd import CONTROL, LIBVIRTD, SLICE, Systemd
from xmlresource.cgroup.writes import Plan
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.ancestors import protection
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.guests.plan import plan
from xmlresource.reports.host.status import as_text
from xmlresource.system.systemd.unit_properties import DROP_IN, DROP_INS

HIS = "/etc/systemd/system/machine.slice.d/10-his.conf"
PLAIN = "/sys/fs/cgroup/machine"
OURS = f"{DROP_INS}/machine.slice.d/{DROP_IN}"
THEIRS = f"{CONTROL}/machine.slice.d/50-MemoryMin.conf"


@pytest.fixture
def plain(tmp_path: Path) -> FakeHost:
    """v2 without systemd."""
    made = FakeHost(tmp_path, version=2)
    made.process(LIBVIRTD)
    return made


@pytest.fixture
def bus() -> Iterator[FakeBus]:
    made = FakeBus()
    yield made
    made.close()


def call(host: FakeHost, operation: str, xml: bytes, name: str) -> tuple[int, str]:
    return answer(name, operation, xml, LIBVIRTD, host.machine)


def start(host: FakeHost, name: str, number: int, mib: int) -> str:
    xml = domain(name, number, guarantee(mib))
    assert call(host, "prepare", xml, name) == (0, "")
    folder = host.run(name, 100 + number, xml)
    assert call(host, "started", xml, name) == (0, "")
    assert minimum(host, folder) == mib * MIB
    return folder


def stop(host: FakeHost, name: str, number: int, mib: int) -> None:
    host.end(100 + number)
    (host.root / f"run/libvirt/qemu/{name}.pid").unlink()
    assert call(host, "stopped", domain(name, number, guarantee(mib)), name) == (0, "")
    assert call(host, "release", domain(name, number, guarantee(mib)), name) == (0, "")


def minimum(host: FakeHost, folder: str) -> int:
    return int(host.read(f"{folder}/memory.min"))


def test_without_systemd_the_sum_is_written_by_file(plain: FakeHost) -> None:
    start(plain, "a", 1, 128)
    start(plain, "b", 2, 64)
    assert minimum(plain, PLAIN) == 192 * MIB
    stop(plain, "a", 1, 128)
    assert minimum(plain, PLAIN) == 64 * MIB
    stop(plain, "b", 2, 64)
    assert minimum(plain, PLAIN) == 0


def test_systemd_sets_scope_and_slice(bus: FakeBus) -> None:
    host = Systemd(bus)
    folder = start(host, "a", 1, 128)
    assert minimum(host, folder.removesuffix("/libvirt")) == 128 * MIB
    assert minimum(host, SLICE) == 128 * MIB
    assert [unit for unit, *_ in bus.calls] == ["machine.slice", r"machine-qemu\x2d101\x2da.scope"]
    assert f"MemoryMin={128 * MIB}\n" in host.read(OURS)
    assert not host.exists(THEIRS)
    (guest,) = status(host.machine).guests
    assert guest.drift == ()


def test_with_the_last_guest_nothing_of_ours_is_left(bus: FakeBus) -> None:
    host = Systemd(bus)
    start(host, "a", 1, 128)
    start(host, "b", 2, 64)
    assert minimum(host, SLICE) == 192 * MIB
    stop(host, "b", 2, 64)
    stop(host, "a", 1, 128)
    assert minimum(host, SLICE) == 0
    assert not host.exists(OURS)
    assert not host.exists(THEIRS)


def test_what_the_administrator_gave_stays_below_and_comes_back(bus: FakeBus) -> None:
    host = Systemd(bus)
    host.write(f"{SLICE}/memory.min", f"{32 * MIB}\n")
    host.write(THEIRS, "[Slice]\nMemoryMin=32M\n")
    start(host, "a", 1, 128)
    assert minimum(host, SLICE) == 160 * MIB
    assert host.read(THEIRS) == "[Slice]\nMemoryMin=32M\n"
    stop(host, "a", 1, 128)
    assert minimum(host, SLICE) == 32 * MIB
    assert host.read(THEIRS) == "[Slice]\nMemoryMin=32M\n"
    assert not host.exists(OURS)


def test_a_lost_ledger_does_not_make_our_value_his(bus: FakeBus) -> None:
    host = Systemd(bus)
    start(host, "a", 1, 128)
    host.write("/run/xmlresource/ledger", "nonsense")
    assert call(host, "reconnect", domain("a", 1, guarantee(128)), "a") == (0, "")
    assert minimum(host, SLICE) == 128 * MIB
    stop(host, "a", 1, 128)
    assert minimum(host, SLICE) == 0


def test_a_refusing_systemd_ends_the_start_and_leaves_nothing(bus: FakeBus) -> None:
    host = Systemd(bus)
    xml = domain("a", 1, guarantee(128))
    call(host, "prepare", xml, "a")
    folder = host.run("a", 101, xml)
    bus.answer = refuse("org.freedesktop.DBus.Error.AccessDenied", "no")
    result, text = call(host, "started", xml, "a")
    assert result == ExitStatus.ROLLED_BACK
    assert "systemd does not set MemoryMin of machine.slice: no" in text.splitlines()[0]
    assert minimum(host, SLICE) == minimum(host, folder) == 0
    assert not host.exists(OURS)


def test_a_guest_with_limits_alone_lowers_nothing(plain: FakeHost) -> None:
    start(plain, "a", 1, 128)
    xml = domain("b", 2, hard_limit(512))
    folder = plain.run("b", 102, xml)
    assert call(plain, "started", xml, "b") == (0, "")
    assert plain.read(f"{folder}/memory.max") == str(512 * MIB)
    assert minimum(plain, PLAIN) == 128 * MIB


def test_status_tells_what_has_gone_above(plain: FakeHost) -> None:
    start(plain, "a", 1, 128)
    plain.write(f"{PLAIN}/memory.min", "0\n")
    (guest,) = status(plain.machine).guests
    assert any("raise memory.min of /machine from 0" in line for line in guest.drift)


def soft(mib: int) -> str:
    return f"<xr:memorySoftLimit unit='MiB'>{mib}</xr:memorySoftLimit>"


def test_soft_limits_are_summed_as_memory_low_with_or_without_a_guarantee(bus: FakeBus) -> None:
    host = Systemd(bus)
    both, alone = domain("a", 1, soft(96) + guarantee(64)), domain("b", 2, soft(32))
    for name, pid, xml in (("a", 101, both), ("b", 102, alone)):
        assert call(host, "prepare", xml, name) == (0, "")
        folder = host.run(name, pid, xml)
        assert call(host, "started", xml, name) == (0, "")
        scope = folder.removesuffix("/libvirt")
        assert host.read(f"{scope}/memory.low") == host.read(f"{folder}/memory.low") + "\n"
    assert host.read(f"{SLICE}/memory.low") == f"{128 * MIB}\n"
    assert minimum(host, SLICE) == 64 * MIB
    assert host.read(OURS).endswith(f"MemoryMin={64 * MIB}\nMemoryLow={128 * MIB}\n")
    assert [guest.drift for guest in status(host.machine).guests] == [(), ()]
    host.write("/run/xmlresource/ledger", "nonsense")
    assert call(host, "reconnect", both, "a") == (0, "")
    assert host.read(f"{SLICE}/memory.low") == f"{128 * MIB}\n"
    for name, pid, xml in (("a", 101, both), ("b", 102, alone)):
        host.end(pid)
        (host.root / f"run/libvirt/qemu/{name}.pid").unlink()
        assert call(host, "stopped", xml, name) == (0, "")
    assert host.read(f"{SLICE}/memory.low") == "0\n"
    assert minimum(host, SLICE) == 0
    assert not host.exists(OURS)


def test_apply_all_repairs_every_guest_and_what_is_above(bus: FakeBus) -> None:
    host = Systemd(bus)
    folders = [start(host, "a", 1, 128), start(host, "b", 2, 64)]
    plain = host.run("c", 103, domain("c", 3, ""))
    before = [minimum(host, folder) for folder in (*folders, SLICE)]
    for folder in (*folders, SLICE):
        host.write(f"{folder}/memory.min", "0\n")
    (drift, _) = (guest.drift for guest in status(host.machine).guests)
    assert len(drift) == 2
    outcomes = apply_all(host.machine)
    assert [(outcome.name, outcome.failure) for outcome in outcomes] == [("a", None), ("b", None)]
    assert [minimum(host, folder) for folder in (*folders, SLICE)] == before
    assert minimum(host, plain) == 0
    assert [guest.drift for guest in status(host.machine).guests] == [(), ()]


def test_apply_all_takes_in_what_ran_before_and_lets_go_what_is_gone(plain: FakeHost) -> None:
    plain.run("a", 101, domain("a", 1, guarantee(128)))
    plain.run("b", 102, domain("b", 2, guarantee(64)))
    assert [outcome.name for outcome in apply_all(plain.machine)] == ["a", "b"]
    assert minimum(plain, PLAIN) == 192 * MIB
    plain.end(102)  # with nobody to tell of it
    (plain.root / "run/libvirt/qemu/b.pid").unlink()
    apply_all(plain.machine)
    assert minimum(plain, PLAIN) == 128 * MIB


def test_apply_all_goes_on_after_a_guest_that_fails(plain: FakeHost) -> None:
    plain.process(101, cgroup="/system.slice/libvirtd.service")
    xml = domain("a", 1, guarantee(128)).decode()
    plain.write("/run/libvirt/qemu/a.pid", "101\n")
    plain.write("/run/libvirt/qemu/a.xml", f"<domstatus pid='101'>{xml}</domstatus>")
    plain.run("b", 102, domain("b", 2, guarantee(64)))
    first, second = apply_all(plain.machine)
    assert first.failure is not None
    assert "no cgroup that libvirt made" in first.failure
    assert second.report is not None
    assert minimum(plain, PLAIN) == 64 * MIB


def test_a_container_that_may_have_no_more_than_its_guarantee_is_refused(plain: FakeHost) -> None:
    xml = domain("a", 1, guarantee(64), kind="lxc", ram=64)
    result, text = call(plain, "prepare", xml, "a")
    assert result == ExitStatus.FINDINGS
    assert "its guarantee of 64 MiB is not below its <memory> of 64 MiB" in text.splitlines()[0]
    xml = domain("a", 1, guarantee(64) + hard_limit(65), kind="lxc", ram=64)
    assert call(plain, "prepare", xml, "a") == (0, "")


def test_status_tells_what_a_guest_can_count_on(bus: FakeBus) -> None:
    host = Systemd(bus)
    start(host, "a", 1, 128)
    start(host, "b", 2, 64)
    assert [guest.effective for guest in status(host.machine).guests] == [128 * MIB, 64 * MIB]
    host.write(f"{SLICE}/memory.min", f"{96 * MIB}\n")
    found = status(host.machine)
    assert [guest.effective for guest in found.guests] == [64 * MIB, 32 * MIB]
    assert "it can count on 64 MiB of it, no more" in as_text(found)


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_what_is_not_remembered_is_told_by_our_drop_in(bus: FakeBus, text: str | None) -> None:
    host = Systemd(bus)
    start(host, "a", 1, 128)
    if text is None:
        (host.root / "run/xmlresource/chain").unlink()
    else:
        host.write("/run/xmlresource/chain", text)
    start(host, "b", 2, 64)
    assert minimum(host, SLICE) == 192 * MIB
    assert status(host.machine).guests[0].drift == ()
    stop(host, "a", 1, 128)
    stop(host, "b", 2, 64)
    assert minimum(host, SLICE) == 0
    assert not host.exists(OURS)


def test_a_drop_in_that_somebody_changed_is_no_obstacle(bus: FakeBus) -> None:
    host = Systemd(bus)
    host.write(OURS, "[Slice]\nMemoryMin=lots\n")
    start(host, "a", 1, 128)
    assert minimum(host, SLICE) == 128 * MIB


def test_a_plan_for_a_guest_that_runs_keeps_the_others_sum(bus: FakeBus, tmp_path: Path) -> None:
    host = Systemd(bus)
    start(host, "a", 1, 128)
    start(host, "b", 2, 64)
    document = tmp_path / "a.xml"
    document.write_bytes(domain("a", 1, guarantee(256)))
    planned = plan(str(document), host.machine)
    assert isinstance(planned, Plan)
    assert [(write.cgroup, write.value) for write in planned.writes][:1] == [
        ("/machine.slice", (256 + 64) * MIB)
    ]
    assert len(planned.writes) == 3


def test_a_guest_without_a_soft_limit_lowers_what_one_that_died_left(bus: FakeBus) -> None:
    host = Systemd(bus)
    xml = domain("a", 1, soft(96) + guarantee(64))
    assert call(host, "prepare", xml, "a") == (0, "")
    host.run("a", 101, xml)
    assert call(host, "started", xml, "a") == (0, "")
    host.end(101)  # with nobody to tell of it
    (host.root / "run/libvirt/qemu/a.pid").unlink()
    start(host, "b", 2, 128)
    assert host.read(f"{SLICE}/memory.low") == "0\n"
    assert minimum(host, SLICE) == 128 * MIB
    stop(host, "b", 2, 128)
    assert host.read(f"{SLICE}/memory.low") == "0\n"
    assert not host.exists(OURS)


def test_what_a_killed_call_left_goes_with_the_next_value(bus: FakeBus) -> None:
    host = Systemd(bus)
    start(host, "a", 1, 128)
    host.write(THEIRS, f"# by systemctl\n[Slice]\nMemoryMin={128 * MIB}\n")
    start(host, "b", 2, 64)
    assert not host.exists(THEIRS)


@pytest.mark.parametrize("left", ["[Slice]\nMemoryMin=1073741824\n", "[Slice]\nMemoryLow=4096\n"])
def test_our_drop_in_is_put_right_where_nothing_else_is_to_do(bus: FakeBus, left: str) -> None:
    """A start was killed before systemd had the value that the drop-in gives."""
    host = Systemd(bus)
    start(host, "a", 1, 128)
    right = host.read(OURS)
    host.write(OURS, left)
    calls = len(bus.calls)
    assert call(host, "reconnect", domain("a", 1, guarantee(128)), "a") == (0, "")
    assert host.read(OURS) == right
    assert len(bus.calls) == calls


def test_a_drop_in_that_can_not_be_put_right_is_logged(
    bus: FakeBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(protection.log, "warning", said.append)
    host = Systemd(bus)
    start(host, "a", 1, 128)
    (host.root / OURS[1:]).unlink()
    (host.root / OURS[1:]).mkdir()
    assert call(host, "reconnect", domain("a", 1, guarantee(128)), "a") == (0, "")
    assert any("our drop-in for /machine.slice can't be put right" in line for line in said)


def configured_in(host: Systemd, path: str, text: str) -> None:
    """The administrator edits a drop-in; ours hides it from the kernel, also after a reload."""
    host.write(path, f"[Slice]\n{text}\n")


def test_a_drop_in_of_his_that_changes_counts_with_the_next_repair(bus: FakeBus) -> None:
    host = Systemd(bus)
    configured_in(host, HIS, "MemoryMin=32M")
    host.write(f"{SLICE}/memory.min", f"{32 * MIB}\n")
    start(host, "a", 1, 128)
    configured_in(host, HIS, "MemoryMin=48M")
    (guest,) = status(host.machine).guests
    assert guest.drift[0].startswith(
        "raise memory.min of /machine.slice from 160 MiB to 176 MiB, by systemd"
    )
    apply_all(host.machine)
    assert minimum(host, SLICE) == 176 * MIB
    assert status(host.machine).guests[0].drift == ()
    (host.root / HIS.lstrip("/")).unlink()
    apply("a", host.machine)
    assert minimum(host, SLICE) == 128 * MIB
    configured_in(host, HIS, "MemoryMin=16M")
    apply_all(host.machine)
    stop(host, "a", 1, 128)
    assert minimum(host, SLICE) == 16 * MIB
    assert not host.exists(OURS)


def test_what_a_killed_call_left_among_his_files_is_not_his(bus: FakeBus) -> None:
    host = Systemd(bus)
    configured_in(host, HIS, "MemoryMin=32M")
    host.write(f"{SLICE}/memory.min", f"{32 * MIB}\n")
    start(host, "a", 1, 128)
    configured_in(host, THEIRS, f"MemoryMin={160 * MIB}")
    apply_all(host.machine)
    assert minimum(host, SLICE) == 160 * MIB


@pytest.mark.parametrize("wrong", ["no bus", "MemoryMin=lots"])
def test_what_can_not_be_told_of_his_part_stays(bus: FakeBus, wrong: str) -> None:
    host = Systemd(bus)
    configured_in(host, HIS, "MemoryMin=32M")
    host.write(f"{SLICE}/memory.min", f"{32 * MIB}\n")
    start(host, "a", 1, 128)
    if wrong == "no bus":
        bus.answer = refuse("org.freedesktop.DBus.Error.AccessDenied", "no")
    else:
        configured_in(host, HIS, wrong)
    assert [outcome.failure for outcome in apply_all(host.machine)] == [None]
    assert minimum(host, SLICE) == 160 * MIB


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_what_is_forgotten_is_found_again(bus: FakeBus, text: str | None) -> None:
    """By the next start, and by the repair; after the last guest, too."""
    host = Systemd(bus)
    configured_in(host, HIS, "MemoryMin=32M")
    host.write(f"{SLICE}/memory.min", f"{32 * MIB}\n")
    start(host, "a", 1, 128)
    forget(host, text)
    assert status(host.machine).guests[0].drift == ()
    start(host, "b", 2, 64)
    assert minimum(host, SLICE) == (32 + 192) * MIB
    forget(host, text)
    apply_all(host.machine)
    stop(host, "a", 1, 128)
    assert minimum(host, SLICE) == (32 + 64) * MIB
    forget(host, text)
    stop(host, "b", 2, 64)
    apply_all(host.machine)
    assert minimum(host, SLICE) == 32 * MIB
    assert not host.exists(OURS)


@pytest.mark.parametrize("text", [None, "nonsense"])
def test_without_systemd_what_is_in_force_below_tells_whose_is_what(
    plain: FakeHost, text: str | None
) -> None:
    plain.write(f"{PLAIN}/memory.min", f"{32 * MIB}\n")
    start(plain, "a", 1, 128)
    assert minimum(plain, PLAIN) == 160 * MIB
    forget(plain, text)
    start(plain, "b", 2, 64)
    assert minimum(plain, PLAIN) == 224 * MIB
    forget(plain, text)
    assert [outcome.failure for outcome in apply_all(plain.machine)] == [None, None]
    assert minimum(plain, PLAIN) == 224 * MIB
    stop(plain, "a", 1, 128)
    stop(plain, "b", 2, 64)
    assert minimum(plain, PLAIN) == 32 * MIB


def test_guests_that_ran_before_take_nothing_of_his(plain: FakeHost) -> None:
    plain.write(f"{PLAIN}/memory.min", f"{32 * MIB}\n")
    plain.write(f"{PLAIN}/memory.low", "max\n")
    for number, name in enumerate("ab", start=1):
        plain.run(name, 100 + number, domain(name, number, guarantee(64)))
    apply_all(plain.machine)
    assert minimum(plain, PLAIN) == (32 + 128) * MIB
    assert plain.read(f"{PLAIN}/memory.low") == "max\n"


def test_what_others_protect_below_is_not_taken_from_him(plain: FakeHost) -> None:
    plain.group("/machine/his")
    plain.write(f"{PLAIN}/his/memory.min", f"{16 * MIB}\n")
    plain.write(f"{PLAIN}/memory.min", f"{32 * MIB}\n")
    plain.run("a", 101, domain("a", 1, guarantee(128)))
    (guest,) = status(plain.machine).guests
    assert any("of /machine from 32 MiB to 160 MiB" in line for line in guest.drift)
    start(plain, "a", 1, 128)
    assert minimum(plain, PLAIN) == 160 * MIB


def test_what_somebody_lowered_before_it_was_forgotten_is_raised_again(plain: FakeHost) -> None:
    start(plain, "a", 1, 128)
    start(plain, "b", 2, 64)
    plain.write(f"{PLAIN}/memory.min", f"{32 * MIB}\n")
    forget(plain, None)
    apply_all(plain.machine)
    assert minimum(plain, PLAIN) == 192 * MIB


def test_one_guest_whose_value_is_forgotten_is_not_carried_twice(plain: FakeHost) -> None:
    plain.write(f"{PLAIN}/memory.min", f"{32 * MIB}\n")
    start(plain, "a", 1, 128)
    forget(plain, None)
    assert status(plain.machine).guests[0].drift == ()
    assert call(plain, "reconnect", domain("a", 1, guarantee(128)), "a") == (0, "")
    assert minimum(plain, PLAIN) == 160 * MIB
    stop(plain, "a", 1, 128)
    assert minimum(plain, PLAIN) == 32 * MIB


def test_a_soft_limit_that_changed_meanwhile_is_carried_as_it_is(plain: FakeHost) -> None:
    before, now = (domain("a", 1, soft(mib) + guarantee(64)) for mib in (96, 80))
    assert call(plain, "prepare", before, "a") == (0, "")
    plain.run("a", 101, before)
    assert call(plain, "started", before, "a") == (0, "")
    assert plain.read(f"{PLAIN}/memory.low") == str(96 * MIB)
    assert call(plain, "reconnect", now, "a") == (0, "")
    assert plain.read(f"{PLAIN}/memory.low") == str(80 * MIB)


def test_a_soft_limit_that_libvirt_enforces_is_not_carried(plain: FakeHost) -> None:
    memtune = "<memtune><soft_limit unit='MiB'>96</soft_limit></memtune>"
    xml = domain("a", 1, guarantee(64), more=memtune)
    folder = plain.run("a", 101, xml)
    assert call(plain, "started", xml, "a") == (0, "")
    assert [plain.read(f"{each}/memory.low") for each in (folder, PLAIN)] == ["0\n"] * 2


def test_where_a_soft_limit_throttles_nothing_is_carried_for_it(plain: FakeHost) -> None:
    plain.write("/etc/xmlresource.toml", 'soft_limit_file = "memory.high"\n')
    xml = domain("a", 1, soft(96) + guarantee(64))
    folder = plain.run("a", 101, xml)
    assert call(plain, "started", xml, "a") == (0, "")
    assert plain.read(f"{folder}/memory.high") == str(96 * MIB)
    assert (minimum(plain, PLAIN), plain.read(f"{PLAIN}/memory.low")) == (64 * MIB, "0\n")


def test_what_a_killed_start_raised_is_not_his(
    plain: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had raised what is above the guest, and nothing else yet."""

    def killed(*_: object, **__: object) -> None:
        plain.write(f"{PLAIN}/memory.min", f"{160 * MIB}\n")
        raise KeyboardInterrupt

    plain.write(f"{PLAIN}/memory.min", f"{32 * MIB}\n")
    xml = domain("a", 1, guarantee(128))
    assert call(plain, "prepare", xml, "a") == (0, "")
    plain.run("a", 101, xml)
    with monkeypatch.context() as patch:
        patch.setattr(protection.cgroup_files, "apply", killed)
        with pytest.raises(KeyboardInterrupt):
            call(plain, "started", xml, "a")
    assert call(plain, "reconnect", xml, "a") == (0, "")
    assert minimum(plain, PLAIN) == 160 * MIB
    stop(plain, "a", 1, 128)
    assert minimum(plain, PLAIN) == 32 * MIB


def forget(host: FakeHost, text: str | None) -> None:
    if text is None:
        (host.root / "run/xmlresource/chain").unlink()
    else:
        host.write("/run/xmlresource/chain", text)
