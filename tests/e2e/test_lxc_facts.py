"""What libvirt's LXC driver does differently from QEMU's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import sandbox
from .harness.cgroups import memory_cgroup
from .harness.commands import must, wait_for
from .harness.guests import container, guarantee
from .test_libvirt_facts import LIFE, REFUSED, has_id

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest
    from .harness.hooks import Recorder


@pytest.fixture
def lived(lxc_recorder: Recorder, new_guest: NewGuest) -> Guest:
    """A container that was started and destroyed."""
    del lxc_recorder  # records
    guest = new_guest("lived", guarantee(40), container).running()
    must(guest.destroy())
    return guest


def test_a_containers_life_is_the_same_five_calls(lxc_recorder: Recorder, lived: Guest) -> None:
    assert [call.argv for call in lxc_recorder.calls(lived.name)] == [
        (lived.name, "prepare", "begin", "-"),
        (lived.name, "start", "begin", "-"),
        (lived.name, "started", "begin", "-"),
        (lived.name, "stopped", "end", "-"),
        (lived.name, "release", "end", "-"),
    ]


def test_the_id_is_in_the_xml_at_started_and_stopped(lxc_recorder: Recorder, lived: Guest) -> None:
    calls = lxc_recorder.calls(lived.name)
    assert [call.operation for call in calls if has_id(call.stdin)] == ["started", "stopped"]


def test_the_pid_file_names_the_controller(lxc_recorder: Recorder, new_guest: NewGuest) -> None:
    guest = new_guest("pid", guarantee(40), container).running()
    process = guest.process()
    assert Path(f"/proc/{process.pid}/exe").readlink().name == "libvirt_lxc"
    assert f"{guest.name}.pid" in lxc_recorder.call(guest.name, "started").runtime_files
    assert str(process.pid) in (memory_cgroup(process) / "cgroup.procs").read_text().split()


def test_min_guarantee_is_kept(lxc_recorder: Recorder, new_guest: NewGuest) -> None:
    memtune = "<memtune><min_guarantee unit='MiB'>40</min_guarantee></memtune>"
    guest = new_guest("min", memtune, container).running()
    kept = "<min_guarantee unit='KiB'>40960</min_guarantee>"
    assert kept in guest.live_xml()
    assert kept in lxc_recorder.call(guest.name, "prepare").stdin


def test_a_failing_prepare_leaves_nothing(lxc_recorder: Recorder, new_guest: NewGuest) -> None:
    lxc_recorder.then('[ "$2" != prepare ] || { printf "why\\nmore\\n" >&2; exit 3; }')
    guest = new_guest("refused", "", container).defined()
    result = guest.start()
    assert "unexpected exit status 3: why\nmore\n" in result.stderr
    assert lxc_recorder.operations(guest.name) == REFUSED
    assert guest.traces() == []


def test_a_failing_started_ends_the_container(lxc_recorder: Recorder, new_guest: NewGuest) -> None:
    lxc_recorder.then('[ "$2" != started ] || { echo too late >&2; exit 4; }')
    guest = new_guest("killed", "", container).defined()
    assert "too late" in guest.start().stderr
    assert lxc_recorder.operations(guest.name) == LIFE
    assert guest.state() == "shut off"
    # libvirt 9.0 forgets NAME.sock and NAME.dev in its runtime folder.
    assert sandbox.guest_cgroups(guest.name) == []


def test_libvirtd_killed_and_restarted_reconnects(
    libvirt: Libvirt, lxc_recorder: Recorder, new_guest: NewGuest
) -> None:
    guest = new_guest("survivor", guarantee(40), container).running()
    process = guest.process()
    libvirt.crash_and_restart()
    wait_for("reconnect", lambda: "reconnect" in lxc_recorder.operations(guest.name))
    assert has_id(lxc_recorder.call(guest.name, "reconnect").stdin)
    guest.wait_state("running")
    assert process.alive()
