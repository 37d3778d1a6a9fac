"""What libvirt and the kernel really do: the facts that the design builds on."""

from __future__ import annotations

import concurrent.futures
import re
import signal
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.cgroups import (
    can_raise_memlock,
    memory_cgroup,
    read,
    swap_is_counted,
)
from .harness.commands import must, wait_for
from .harness.daemons import virsh
from .harness.guests import MIB, guarantee, metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest

LIFE = ["prepare", "start", "started", "stopped", "release"]
REFUSED = ["prepare", "stopped", "release"]


@pytest.fixture
def lived(recorder: hooks.Recorder, new_guest: NewGuest) -> Guest:
    """A guest that was started and destroyed."""
    del recorder  # records
    guest = new_guest("lived", guarantee(40)).running()
    must(guest.destroy())
    return guest


def test_a_guests_life_is_five_calls(recorder: hooks.Recorder, lived: Guest) -> None:
    assert [call.argv for call in recorder.calls(lived.name)] == [
        (lived.name, "prepare", "begin", "-"),
        (lived.name, "start", "begin", "-"),
        (lived.name, "started", "begin", "-"),
        (lived.name, "stopped", "end", "-"),
        (lived.name, "release", "end", "-"),
    ]


def test_the_id_is_in_the_xml_from_prepare_to_started(
    recorder: hooks.Recorder, lived: Guest
) -> None:
    with_id = [call.operation for call in recorder.calls(lived.name) if has_id(call.stdin)]
    assert with_id == ["prepare", "start", "started"]


def has_id(xml: str) -> bool:
    return re.match(r"<domain type='\w+' id='\d+'", xml) is not None


def test_the_pid_file_exists_at_started_and_stopped(recorder: hooks.Recorder, lived: Guest) -> None:
    pid_file = f"{lived.name}.pid"
    calls = recorder.calls(lived.name)
    assert [call.operation for call in calls if pid_file in call.runtime_files] == [
        "started",
        "stopped",
    ]


@pytest.mark.v1
def test_the_cgroup_exists_at_started_and_stopped(recorder: hooks.Recorder, lived: Guest) -> None:
    calls = recorder.calls(lived.name)
    assert [call.operation for call in calls if call.has_cgroup] == ["started", "stopped"]


def test_the_environment_is_minimal(recorder: hooks.Recorder, lived: Guest) -> None:
    environment = recorder.call(lived.name, "prepare").environment
    added_by_sh = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert environment.keys() - added_by_sh <= {"LC_ALL", "PATH", "HOME", "USER", "LOGNAME"}
    assert environment["LC_ALL"] == "C"


def test_metadata_reaches_every_call(recorder: hooks.Recorder, lived: Guest) -> None:
    expected = """\
  <metadata>
    <xr:resource xmlns:xr="urn:xmlresource:1">
      <xr:memory>
        <xr:memoryMinGuarantee unit="MiB">40</xr:memoryMinGuarantee>
      </xr:memory>
    </xr:resource>
  </metadata>
"""
    calls = recorder.calls(lived.name)
    assert [call.operation for call in calls if expected in call.stdin] == LIFE


def test_metadata_keeps_comments_and_passes_validation(new_guest: NewGuest) -> None:
    guest = new_guest("comment", metadata("<xr:memory><!-- why --></xr:memory>"))
    must(guest.define("--validate"))
    assert "<!-- why -->" in guest.live_xml()


def test_metadata_keeps_one_child_a_namespace_and_none_without(new_guest: NewGuest) -> None:
    extra = """<metadata>
        <plain/><a:first xmlns:a='urn:e2e:a'/><a:second xmlns:a='urn:e2e:a'/>
    </metadata>"""
    guest = new_guest("children", extra).defined()
    (kept,) = re.findall(r"<metadata>(.*)</metadata>", guest.live_xml(), re.DOTALL)
    assert kept.split() == ["<a:first", 'xmlns:a="urn:e2e:a"/>']


def test_a_failing_prepare_shows_its_stderr_and_leaves_nothing(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    recorder.then('[ "$2" != prepare ] || { echo ignored; printf "why\\nmore\\n" >&2; exit 3; }')
    guest = new_guest("refused").defined()
    result = guest.start()
    assert result.status == 1
    assert "unexpected exit status 3: why\nmore\n" in result.stderr
    assert "ignored" not in result.stdout + result.stderr
    assert recorder.operations(guest.name) == REFUSED
    assert guest.state() == "shut off"
    assert guest.traces() == []


def test_a_failing_start_is_followed_by_stopped_and_release(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    recorder.then('[ "$2" != start ] || exit 1')
    guest = new_guest("nostart").defined()
    assert not guest.start().ok
    assert recorder.operations(guest.name) == ["prepare", "start", "stopped", "release"]
    assert guest.traces() == []


def test_a_failing_started_kills_the_guest(recorder: hooks.Recorder, new_guest: NewGuest) -> None:
    recorder.then('[ "$2" != started ] || { echo too late >&2; exit 4; }')
    guest = new_guest("killed").defined()
    result = guest.start()
    assert "unexpected exit status 4: too late\n" in result.stderr
    assert recorder.operations(guest.name) == LIFE
    assert guest.state() == "shut off"
    assert guest.traces() == []


def test_a_failing_stopped_or_release_changes_nothing(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    recorder.then('[ "$3" != end ] || exit 1')
    guest = new_guest("ended").running()
    assert guest.destroy().ok
    assert recorder.operations(guest.name) == LIFE
    assert guest.start().ok


def test_a_warning_on_stderr_is_lost(recorder: hooks.Recorder, new_guest: NewGuest) -> None:
    recorder.then("echo a warning >&2")
    result = new_guest("warned").defined().start()
    assert result.ok
    assert "a warning" not in result.stdout + result.stderr


@pytest.mark.parametrize("operation", ["prepare", "started"])
def test_whoever_asks_about_a_guest_waits_until_its_hook_ends(
    recorder: hooks.Recorder, new_guest: NewGuest, operation: str
) -> None:
    # libvirtd holds the guest's lock: even `virsh list` waits. So a hook must never hang.
    go_on = recorder.folder / "go-on"
    recorder.then(
        f"""
        [ "$2" = {operation} ] || exit 0
        for turn in $(seq 600); do [ -e {go_on} ] && exit 0; sleep 0.05; done
        """
    )
    guest = new_guest("slow").defined()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        start = pool.submit(guest.start)
        wait_for("the hook is called", lambda: operation in recorder.operations(guest.name))
        questions = [pool.submit(guest.virsh, "domstate"), pool.submit(virsh, "list")]
        for _ in range(10):  # libvirtd itself answers meanwhile
            must(virsh("version"))
        answered = [question.done() for question in questions]
        go_on.touch()
        assert start.result().ok
    go_on.unlink()
    assert answered == [False, False]


def test_prepare_hooks_of_two_guests_run_in_parallel(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    here = recorder.folder / "here"
    here.mkdir()
    recorder.then(
        f"""
        [ "$2" = prepare ] || exit 0
        touch {here}/$1
        for turn in $(seq 600); do
            [ $(ls {here} | wc -l) = 2 ] && exit 0
            sleep 0.05
        done
        exit 1  # the other's hook never ran beside this one
        """
    )
    pair = [new_guest(label).defined() for label in ("left", "right")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda guest: guest.start(), pair))
    assert [result.ok for result in results] == [True, True]


def test_every_script_runs_although_one_failed(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    first = recorder.script.with_name(f"{sandbox.PREFIX}00-fails")
    hooks.install(first, "#!/bin/sh\nexit 1\n")
    try:
        guest = new_guest("several").defined()
        assert not guest.start().ok
    finally:
        hooks.uninstall(first)
    assert recorder.operations(guest.name) == REFUSED


def test_a_new_hook_folder_is_noticed_at_sighup(libvirt: Libvirt, new_guest: NewGuest) -> None:
    hidden = sandbox.HOOKS / f"qemu.d.{sandbox.PREFIX}hidden"
    folder = sandbox.HOOKS / "qemu.d"
    if folder.exists():
        folder.rename(hidden)
    libvirt.restart()
    recorder = hooks.Recorder("qemu", folder_name="calls-late")
    recorder.install()
    guest = new_guest("late").defined()
    try:
        must(guest.start())
        before = recorder.operations(guest.name)
        must(guest.destroy())
        libvirt.libvirtd.hang_up()
        wait_for("the hook is called", lambda: called(recorder, guest))
    finally:
        recorder.uninstall()
        if hidden.exists():
            hidden.rename(folder)
        libvirt.restart()
    assert before == []


def called(recorder: hooks.Recorder, guest: Guest) -> bool:
    must(guest.start())
    must(guest.destroy())
    return recorder.operations(guest.name) != []


def test_libvirtd_killed_and_restarted_reconnects(
    libvirt: Libvirt, recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    guest = new_guest("survivor", guarantee(40)).running()
    process = guest.process()
    libvirt.crash_and_restart()
    wait_for("reconnect", lambda: "reconnect" in recorder.operations(guest.name))
    call = recorder.call(guest.name, "reconnect")
    assert call.argv == (guest.name, "reconnect", "begin", "-")
    assert "memoryMinGuarantee" in call.stdin
    assert has_id(call.stdin)
    assert f"{guest.name}.pid" in call.runtime_files
    guest.wait_state("running")
    assert process.alive()


def test_a_failing_reconnect_kills_the_running_guest(
    libvirt: Libvirt, recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    guest = new_guest("betrayed").running()
    process = guest.process()
    recorder.then('[ "$2" != reconnect ] || exit 1')
    libvirt.crash_and_restart()
    process.wait_gone()
    guest.wait_state("shut off")
    wait_for("release", lambda: recorder.operations(guest.name)[-1] == "release")
    assert recorder.operations(guest.name)[-3:] == ["reconnect", "stopped", "release"]


def test_a_crash_of_qemu_ends_in_stopped_and_release(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    guest = new_guest("crashed").running()
    guest.process().signal(signal.SIGKILL)
    wait_for("release", lambda: recorder.operations(guest.name) == LIFE)


def test_a_crash_while_libvirtd_is_down_is_told_at_its_next_start(
    libvirt: Libvirt, recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    guest = new_guest("unseen").running()
    process = guest.process()
    libvirt.libvirtd.kill()
    process.signal(signal.SIGKILL)
    process.wait_gone()
    assert recorder.operations(guest.name) == LIFE[:3]
    libvirt.start_libvirtd()
    wait_for("release", lambda: recorder.operations(guest.name)[-1] == "release")
    assert recorder.operations(guest.name)[3:] == ["stopped", "release"]


def test_a_managed_save_ends_the_guest_and_a_restore_prepares_it(
    recorder: hooks.Recorder, new_guest: NewGuest
) -> None:
    guest = new_guest("saved", guarantee(40)).running()
    must(guest.virsh("managedsave"))
    assert recorder.operations(guest.name) == LIFE
    must(guest.start())
    restored = recorder.calls(guest.name)[len(LIFE) :]
    assert [call.operation for call in restored] == ["restore", "prepare", "start", "started"]
    assert all("memoryMinGuarantee" in call.stdin for call in restored)


def test_the_qemu_driver_refuses_min_guarantee(new_guest: NewGuest) -> None:
    guest = new_guest("min", "<memtune><min_guarantee unit='MiB'>40</min_guarantee></memtune>")
    result = guest.define()
    assert not result.ok
    assert "Parameter 'min_guarantee' not supported by QEMU." in result.stderr


RFC_MEMORY = "<memory><memoryMinGuarantee unit='MiB'>40</memoryMinGuarantee></memory>"


def test_the_resource_form_without_a_partition_fails_for_no_reason(new_guest: NewGuest) -> None:
    result = new_guest("rfc", f"<resource>{RFC_MEMORY}</resource>").define()
    assert not result.ok
    assert "An error occurred, but the cause is unknown" in result.stderr


def test_the_resource_form_beside_a_partition_is_dropped(new_guest: NewGuest) -> None:
    resource = f"<resource><partition>/machine</partition>{RFC_MEMORY}</resource>"
    guest = new_guest("rfc", resource).defined()
    assert "<partition>/machine</partition>" in guest.live_xml()
    assert "memoryMinGuarantee" not in guest.live_xml()


def test_the_resource_form_fails_validation(new_guest: NewGuest) -> None:
    resource = f"<resource><partition>/machine</partition>{RFC_MEMORY}</resource>"
    result = new_guest("rfc", resource).define("--validate")
    assert "Extra element resource in interleave" in result.stderr


@pytest.mark.v1
def test_the_cgroup_holds_qemu_and_all_its_ram(new_guest: NewGuest) -> None:
    guest = new_guest("full", memory=96, immediate=True).running()
    process = guest.process()
    folder = memory_cgroup(process)
    assert str(process.pid) in (folder / "cgroup.procs").read_text().split()
    assert read(folder, "memory.usage_in_bytes") >= 96 * MIB
    if not (sandbox.CGROUPS.parent / "systemd").exists():
        number = re.search(r" id='(\d+)'", guest.live_xml())
        assert number is not None
        assert str(folder).endswith(f"/machine/qemu-{number[1]}-{guest.name}.libvirt-qemu")


@pytest.mark.v1
def test_libvirt_writes_a_soft_limit(new_guest: NewGuest) -> None:
    guest = new_guest("soft", "<memtune><soft_limit unit='MiB'>48</soft_limit></memtune>")
    guest.running()
    assert read(memory_cgroup(guest.process()), "memory.soft_limit_in_bytes") == 48 * MIB


@pytest.mark.v1
def test_libvirts_hard_limit_needs_the_right_to_lock_memory(new_guest: NewGuest) -> None:
    extra = "<memtune><hard_limit unit='MiB'>512</hard_limit></memtune>"
    guest = new_guest("hard", extra).defined()
    result = guest.start()
    if can_raise_memlock():
        assert result.ok
        assert read(memory_cgroup(guest.process()), "memory.limit_in_bytes") == 512 * MIB
    else:
        assert "cannot limit locked memory" in result.stderr


@pytest.mark.v1
@pytest.mark.skipif(not swap_is_counted(), reason="no memsw files here")
def test_limits_can_be_written_to_a_running_guest(new_guest: NewGuest) -> None:
    guest = new_guest("memtune").running()
    sizes = {"hard-limit": 512, "soft-limit": 256, "swap-hard-limit": 640}
    options = [f"--{name}={size * 1024}" for name, size in sizes.items()]
    # Without touching RLIMIT_MEMLOCK, so also where a start with a hard limit is refused.
    must(guest.virsh("memtune", "--live", *options))
    folder = memory_cgroup(guest.process())
    assert read(folder, "memory.limit_in_bytes") == 512 * MIB
    assert read(folder, "memory.memsw.limit_in_bytes") == 640 * MIB


@pytest.mark.usefixtures("libvirt")
def test_libvirt_and_qemu_answer(record_property: Callable[[str, object], None]) -> None:
    version = must(virsh("version")).stdout
    record_property("virsh version", version)
    assert "Running hypervisor: QEMU" in version
