import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.promises.promise import Process
from xmlresource.system.libvirt.guests import (
    RunningGuest,
    boot_id,
    parse_stat,
    process,
    running_guests,
    seconds_since_boot,
    start_times,
    status_of,
)
from xmlresource.system.machine import Machine

HERE = Machine()


def stat(pid: int, command: str, state: str, start_time: int) -> str:
    return f"{pid} ({command}) {state} {' '.join(['1'] * 18)} {start_time} 5 6\n"


@given(st.text(), st.integers(0), st.integers(0))
def test_the_command_may_hold_anything(command: str, pid: int, start_time: int) -> None:
    assert parse_stat(stat(pid, command, "S", start_time)) == Process(pid, start_time)


@pytest.mark.parametrize("state", ["Z", "X", "x"])
def test_a_corpse_is_no_process(state: str) -> None:
    assert parse_stat(stat(1, "a) S (b", state, 5)) is None


@given(st.text())
def test_any_text(text: str) -> None:
    parse_stat(text)


def test_numbers_that_are_none() -> None:
    assert parse_stat(stat(1, "a", "S", 5).replace(" 5 5 6", " x 5 6")) is None
    assert parse_stat(stat(1, "a", "S", 5).replace("1", "y", 1)) is None


def test_this_process() -> None:
    me = process(HERE, os.getpid())
    assert me is not None
    assert me.pid == os.getpid()
    assert start_times(HERE, [me.pid, me.pid]) == {me.pid: me.start_time}


def test_a_process_that_ended() -> None:
    with subprocess.Popen(["/bin/true"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert process(HERE, child.pid) is None  # a corpse
    assert process(HERE, child.pid) is None
    assert start_times(HERE, [child.pid]) == {}


def test_this_boot() -> None:
    assert boot_id(HERE) == boot_id(HERE)
    assert len(boot_id(HERE)) == 36
    assert seconds_since_boot() > 0


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "run/libvirt/qemu").mkdir(parents=True)
    (tmp_path / "proc/12").mkdir(parents=True)
    (tmp_path / "proc/12/stat").write_text(stat(12, "qemu (x86)", "S", 345))
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    (root / "run/libvirt/qemu" / name).write_text(text)


def test_running_guests(root: Path) -> None:
    put(root, "db.1.pid", "12\n")
    put(root, "db.1.xml", "<domstatus/>")
    (root / "run/libvirt/lxc").mkdir()
    (root / "run/libvirt/lxc/c.pid").write_text("12")
    (root / "run/libvirt/lxc/c.xml").write_text("<x/>")
    assert list(running_guests(Machine(str(root)))) == [
        RunningGuest("qemu", "db.1", Process(12, 345)),
        RunningGuest("lxc", "c", Process(12, 345)),
    ]


@pytest.mark.parametrize("pid", ["13", "", "x", "-1", "9" * 5000, "12 12"])
def test_what_does_not_run_is_left_out(root: Path, pid: str) -> None:
    put(root, "a.pid", pid)
    put(root, "a.xml", "<x/>")
    assert list(running_guests(Machine(str(root)))) == []


def test_other_files_are_left_out(root: Path) -> None:
    put(root, "driver.pid", "12")
    put(root, "a.xml", "<x/>")
    put(root, "pid", "12")
    (root / "run/libvirt/qemu/autostarted").mkdir()
    assert list(running_guests(Machine(str(root)))) == []


def test_a_guest_that_ends_meanwhile_is_left_out(root: Path) -> None:
    put(root, "a.pid", "12")
    (root / "run/libvirt/qemu/a.xml").symlink_to("gone")
    (guest,) = running_guests(Machine(str(root)))
    assert status_of(Machine(str(root)), guest, 10) is None
    (root / "run/libvirt/qemu/a.pid").unlink()
    (root / "run/libvirt/qemu/a.pid").symlink_to("gone")
    assert list(running_guests(Machine(str(root)))) == []


def test_no_libvirt_no_guests(tmp_path: Path) -> None:
    assert list(running_guests(Machine(str(tmp_path)))) == []


def test_a_stat_that_cannot_be_read_is_no_sign_of_death(tmp_path: Path) -> None:
    (tmp_path / "proc/5/stat").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        process(Machine(str(tmp_path)), 5)
