"""What libvirt calls the hook for, on every way in and out, held to what is kept of it.

The state machine of ``tests/faults`` plays the same traces. With ``XMLRESOURCE_WRITE_TRACES=1``
they are written anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import guests, hooks, sandbox
from .harness.commands import PLAIN_ENVIRONMENT, Result, must, run, wait_for
from .harness.daemons import QEMU, virsh
from .harness.guests import guarantee
from .harness.second import URI, second, second_libvirt
from .harness.traces import Trace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.hooks import Recorder


def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """What a trace is called, as a file and in words: as the test is."""
    name = request.node.name.removeprefix("test_").replace("_", "-").replace("[", "-").rstrip("]")
    return name, name.replace("-", " ")


@pytest.fixture
def trace(recorder: Recorder, new_guest: NewGuest, request: pytest.FixtureRequest) -> Trace:
    """A trace of a guest that can be defined."""
    return Trace(*way(request), new_guest("trace", guarantee(40)), recorder)


def define(trace: Trace) -> None:
    must(trace.guest.define())


def start(trace: Trace, *options: str, what: str = "virsh start") -> None:
    trace.do(what, lambda: trace.guest.virsh("start", *options))


def destroy(trace: Trace) -> None:
    trace.do("virsh destroy", trace.guest.destroy)


def saved(trace: Trace) -> Path:
    return sandbox.STATE / f"{trace.guest.name}.save"


def test_start_and_destroy(trace: Trace) -> None:
    define(trace)
    start(trace)
    destroy(trace)
    trace.as_recorded()


def test_create_transient_paused(trace: Trace) -> None:
    file = trace.guest.file()
    trace.do("virsh create --paused", lambda: virsh("create", "--paused", file))
    trace.do("virsh resume", lambda: trace.guest.virsh("resume"))
    destroy(trace)
    trace.as_recorded()


def test_start_refused_by_the_hook(trace: Trace, recorder: Recorder) -> None:
    define(trace)
    recorder.then('[ "$2" != prepare ] || exit 3')
    start(trace)
    trace.as_recorded()


def test_start_fails_at_the_start_hook(trace: Trace, recorder: Recorder) -> None:
    define(trace)
    recorder.then('[ "$2" != start ] || exit 1')
    start(trace)
    trace.as_recorded()


def test_start_fails_at_the_started_hook(trace: Trace, recorder: Recorder) -> None:
    define(trace)
    recorder.then('[ "$2" != started ] || exit 1')
    start(trace)
    trace.as_recorded()


def _file(trace: Trace, xml: str) -> Path:
    path = sandbox.STATE / f"{trace.guest.name}.xml"
    path.write_text(xml)
    return path


def test_start_fails_in_qemu(trace: Trace) -> None:
    xml = trace.guest.xml().replace(
        "<domain type='qemu'>",
        "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>",
    )
    words = "<qemu:commandline><qemu:arg value='-no-such-option'/></qemu:commandline>"
    must(virsh("define", _file(trace, xml.replace("</domain>", words + "</domain>"))))
    start(trace)
    trace.as_recorded()


def test_start_fails_before_qemu(trace: Trace) -> None:
    disk = (
        "<disk type='file'><source file='/nonexistent/disk'/>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
    xml = trace.guest.xml().replace("</devices>", disk + "</devices>")
    must(virsh("define", _file(trace, xml)))
    start(trace)
    trace.as_recorded()


def test_save_and_restore(trace: Trace) -> None:
    define(trace)
    start(trace)
    trace.do("virsh save", lambda: trace.guest.virsh("save", saved(trace)))
    trace.do("virsh restore", lambda: virsh("restore", saved(trace)))
    destroy(trace)
    trace.as_recorded()


def test_managed_save_and_start(trace: Trace) -> None:
    define(trace)
    start(trace)
    trace.do("virsh managedsave", lambda: trace.guest.virsh("managedsave"))
    start(trace)
    destroy(trace)
    trace.as_recorded()


def _save_smaller(trace: Trace) -> None:
    """An older image of the guest, which was promised less."""
    must(trace.guest.define())
    start(trace)
    trace.do("virsh save", lambda: trace.guest.virsh("save", saved(trace)))
    larger = dataclasses.replace(trace.guest, extra=guarantee(50))
    must(larger.define())
    start(trace)


def test_restore_over_a_running_guest(trace: Trace) -> None:
    _save_smaller(trace)
    trace.do("virsh restore", lambda: virsh("restore", saved(trace)))
    destroy(trace)
    trace.as_recorded()


def test_restore_beside_another_guest_of_that_name(trace: Trace) -> None:
    must(trace.guest.define())
    start(trace)
    trace.do("virsh save", lambda: trace.guest.virsh("save", saved(trace)))
    must(trace.guest.virsh("undefine"))
    other = dataclasses.replace(trace.guest, uuid="11111111-2222-4333-8444-555555555555")
    must(other.define())
    start(trace, what="virsh start of another guest of that name")
    trace.do("virsh restore", lambda: virsh("restore", saved(trace)))
    destroy(trace)
    trace.as_recorded()


def test_restore_fails_in_qemu(trace: Trace) -> None:
    define(trace)
    start(trace)
    trace.do("virsh save", lambda: trace.guest.virsh("save", saved(trace)))
    with saved(trace).open("r+b") as file:
        file.seek(-64 << 10, 2)
        file.truncate()
    trace.do("virsh restore of a torn image", lambda: virsh("restore", saved(trace)))
    trace.as_recorded()


def test_restore_refused_by_the_hook(trace: Trace, recorder: Recorder) -> None:
    define(trace)
    start(trace)
    trace.do("virsh save", lambda: trace.guest.virsh("save", saved(trace)))
    recorder.then('[ "$2" != restore ] || exit 3')
    trace.do("virsh restore", lambda: virsh("restore", saved(trace)))
    trace.as_recorded()


def test_reset(trace: Trace) -> None:
    xml = trace.guest.xml().replace("<on_reboot>destroy", "<on_reboot>restart")
    must(virsh("define", _file(trace, xml)))
    start(trace)
    trace.do("virsh reset", lambda: trace.guest.virsh("reset"))
    destroy(trace)
    trace.as_recorded()


def test_reboot_with_on_reboot_destroy(trace: Trace) -> None:
    define(trace)
    start(trace)
    words = ["qemu-monitor-command", trace.guest.name, "--hmp", "system_reset"]
    trace.do("the guest reboots", lambda: virsh(*words), last="release")
    trace.as_recorded()


def test_reboot_with_on_reboot_restart(trace: Trace) -> None:
    xml = trace.guest.xml().replace("<on_reboot>destroy", "<on_reboot>restart")
    must(virsh("define", _file(trace, xml)))
    start(trace)
    words = ["qemu-monitor-command", trace.guest.name, "--hmp", "system_reset"]
    trace.do("the guest reboots", lambda: virsh(*words))
    destroy(trace)
    trace.as_recorded()


def test_crash_of_qemu(trace: Trace) -> None:
    define(trace)
    start(trace)
    trace.do(
        "QEMU is killed",
        lambda: trace.guest.process().signal(signal.SIGKILL),
        last="release",
    )
    trace.as_recorded()


def test_undefine_while_it_runs(trace: Trace) -> None:
    define(trace)
    start(trace)
    trace.do("virsh undefine", lambda: trace.guest.virsh("undefine"))
    destroy(trace)
    trace.as_recorded()


def test_redefine_with_another_uuid(trace: Trace) -> None:
    define(trace)
    start(trace)
    other = dataclasses.replace(
        trace.guest, uuid="11111111-2222-4333-8444-555555555555", extra=guarantee(50)
    )
    trace.do("virsh define with another uuid, while it runs", other.define)
    trace.do("virsh create with another uuid, while it runs", lambda: virsh("create", other.file()))
    destroy(trace)
    must(trace.guest.virsh("undefine"))
    must(other.define())
    start(trace, what="virsh start of another guest of that name")
    destroy(trace)
    trace.as_recorded()


def test_create_of_a_guest_that_runs(trace: Trace) -> None:
    define(trace)
    start(trace)
    smaller = dataclasses.replace(trace.guest, extra=guarantee(10))
    trace.do("virsh create", lambda: virsh("create", smaller.file()))
    trace.do("virsh start", lambda: trace.guest.virsh("start"))
    destroy(trace)
    trace.as_recorded()


def test_rename(trace: Trace) -> None:
    define(trace)
    start(trace)
    name = f"{trace.guest.name}-new"
    trace.do("virsh domrename, while it runs", lambda: trace.guest.virsh("domrename", name))
    destroy(trace)
    trace.do("virsh domrename", lambda: trace.guest.virsh("domrename", name))
    must(virsh("undefine", name))
    trace.as_recorded()


@pytest.fixture
def shared(trace: Trace) -> Iterator[Path]:
    """A path for a file that QEMU can open."""
    path = Path("/var/lib/libvirt/images") / trace.guest.name
    yield path
    path.unlink(missing_ok=True)


@pytest.fixture
def disk(trace: Trace, shared: Path) -> Path:
    """A guest with a disk that takes snapshots."""
    path = shared
    must(run(["qemu-img", "create", "-q", "-f", "qcow2", path, "16M"]))
    text = (
        f"<disk type='file'><driver name='qemu' type='qcow2'/><source file='{path}'/>"
        "<target dev='vda' bus='virtio'/></disk>"
    )
    xml = trace.guest.xml().replace("</devices>", text + "</devices>")
    must(virsh("define", _file(trace, xml)))
    return path


def test_snapshot_revert(trace: Trace, disk: Path) -> None:
    start(trace)
    trace.do("virsh snapshot-create-as", lambda: trace.guest.virsh("snapshot-create-as", "one"))
    trace.do("virsh snapshot-revert", lambda: trace.guest.virsh("snapshot-revert", "one"))
    destroy(trace)
    trace.do("virsh snapshot-revert, shut off", lambda: trace.guest.virsh("snapshot-revert", "one"))
    destroy(trace)
    must(trace.guest.virsh("snapshot-delete", "one"))
    assert disk.exists()
    trace.as_recorded()


def _held(recorder: Recorder, operation: str) -> Path:
    """Have the hook of an operation wait until the file is there."""
    go_on = recorder.folder / "go-on"
    go_on.unlink(missing_ok=True)
    recorder.then(
        f"""
        [ "$2" = {operation} ] || exit 0
        for turn in $(seq 1200); do [ -e {go_on} ] && exit 0; sleep 0.05; done
        """
    )
    return go_on


@contextlib.contextmanager
def _behind(*words: str) -> Iterator[None]:
    """A virsh that goes on meanwhile."""
    with subprocess.Popen(  # noqa: S603 - our own words
        ["virsh", "--quiet", "-c", QEMU, *words],  # noqa: S607 - as the harness does
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=PLAIN_ENVIRONMENT,
    ) as process:
        yield
        process.wait(timeout=60)


@pytest.mark.parametrize("operation", ["prepare", "start", "started"])
def test_destroy_while_starting(trace: Trace, recorder: Recorder, operation: str) -> None:
    define(trace)
    go_on = _held(recorder, operation)

    def act() -> Result | None:
        with _behind("start", trace.guest.name):
            wait_for("it is called", lambda: operation in recorder.operations(trace.guest.name))
            with _behind("destroy", trace.guest.name):
                go_on.touch()
        return None

    trace.do(f"virsh start, and virsh destroy during {operation}", act, last="release")
    trace.as_recorded()


@pytest.mark.parametrize("operation", ["prepare", "start", "started", "stopped", "release"])
def test_daemon_killed(libvirt: Libvirt, trace: Trace, recorder: Recorder, operation: str) -> None:
    define(trace)
    ends = operation in {"stopped", "release"}
    if ends:
        start(trace)
    go_on = _held(recorder, operation)

    def act() -> Result | None:
        with _behind("destroy" if ends else "start", trace.guest.name):
            wait_for("it is called", lambda: operation in recorder.operations(trace.guest.name))
            libvirt.libvirtd.kill()
        go_on.touch()
        return None

    verb = "destroy" if ends else "start"
    trace.do(f"virsh {verb}, libvirtd is killed in {operation}", act, daemon="killed")
    recorder.then("")
    trace.do("libvirtd is started", libvirt.start_libvirtd, daemon="started")
    if trace.guest.state() == "running":
        destroy(trace)
    trace.as_recorded()


def test_daemon_restarted(libvirt: Libvirt, trace: Trace) -> None:
    define(trace)
    start(trace)
    trace.do("libvirtd is stopped", libvirt.libvirtd.stop, daemon="stopped")
    trace.do("libvirtd is started", libvirt.start_libvirtd, daemon="started")
    trace.do("libvirtd is killed", libvirt.libvirtd.kill, daemon="killed")
    trace.do("libvirtd is started", libvirt.start_libvirtd, daemon="started")
    destroy(trace)
    trace.as_recorded()


def test_qemu_killed_while_the_daemon_is_away(libvirt: Libvirt, trace: Trace) -> None:
    define(trace)
    start(trace)

    def act() -> None:
        process = trace.guest.process()
        libvirt.libvirtd.kill()
        process.signal(signal.SIGKILL)
        process.wait_gone()

    trace.do("libvirtd is killed, then QEMU", act, daemon="killed")
    trace.do("libvirtd is started", libvirt.start_libvirtd, daemon="started")
    trace.as_recorded()


def _runs(guest: guests.Guest, program: Path) -> bool:
    """Whether the guest's process has become the program that stands for QEMU."""
    try:
        words = Path(f"/proc/{guest.pid_file.read_text().strip()}/cmdline").read_bytes()
    except OSError:
        return False
    return str(program).encode() in words.split(b"\0")


def test_daemon_killed_while_qemu_comes_up(libvirt: Libvirt, trace: Trace, shared: Path) -> None:
    """QEMU's process is there, its monitor does not answer yet, `started` was not called."""
    shared.write_text(
        f"""#!/bin/sh
        case "$*" in *guest=*) while [ -e {shared}.wait ]; do sleep 0.1; done ;; esac
        exec /usr/bin/qemu-system-x86_64 "$@"
        """
    )
    shared.chmod(0o755)
    wait = shared.with_name(f"{shared.name}.wait")
    wait.touch()
    xml = trace.guest.xml().replace("/usr/bin/qemu-system-x86_64", str(shared))
    try:
        must(virsh("define", _file(trace, xml)))

        def act() -> Result | None:
            with _behind("start", trace.guest.name):
                # libvirt lets it run only when it has written down what it knows of it.
                wait_for("QEMU has begun to run", lambda: _runs(trace.guest, shared))
                libvirt.libvirtd.kill()
            return None

        trace.do("virsh start, libvirtd is killed", act, daemon="killed")
    finally:
        wait.unlink(missing_ok=True)
    trace.do("libvirtd is started", libvirt.start_libvirtd, daemon="started", last="release")
    trace.as_recorded()


# Migration, between two daemons on one machine


@pytest.fixture(scope="module")
def other(recording_hook: Recorder) -> Iterator[tuple[Path, Recorder]]:
    """The root of another libvirtd that guests can be migrated to, and its hook."""
    del recording_hook  # its libvirtd is restarted for it
    with second_libvirt() as (daemon, recorder):
        dummy = guests.Guest(f"{sandbox.PREFIX}dummy")
        for _ in range(3):  # so that the cgroups of a guest on both have different names
            must(second("create", dummy.file()))
            must(second("destroy", dummy.name))
        yield Path(f"/proc/{daemon.running().pid}/root"), recorder


@pytest.fixture
def there(
    trace: Trace, other: tuple[Path, Recorder], request: pytest.FixtureRequest
) -> Iterator[Trace]:
    """A trace of the same guest on the other daemon."""
    root, recorder = other
    yield Trace(*way(request), trace.guest, recorder, root)
    second("destroy", trace.guest.name)
    second("undefine", trace.guest.name)
    recorder.then("")


MIGRATE = ("migrate", "--live", "--migrateuri", "tcp://127.0.0.1:49155")


def migrate(trace: Trace, *options: str) -> Result:
    words = MIGRATE if "--offline" not in options else ("migrate",)
    return virsh(words[0], trace.guest.name, *words[1:], *options, "--desturi", URI)


def test_migrate_out(trace: Trace, there: Trace) -> None:
    define(trace)
    start(trace)
    trace.do("virsh migrate", lambda: migrate(trace), last="release")
    assert there.guest is trace.guest
    trace.as_recorded()


@pytest.mark.parametrize("options", ["", "--p2p", "--offline --persistent"])
def test_migrate_in(trace: Trace, there: Trace, options: str) -> None:
    define(trace)
    there.name = "migrate-in" + options.replace("--", "-").replace(" ", "")
    there.way = there.name.replace("-", " ")
    if "offline" not in options:
        must(trace.guest.start())
    there.do(f"virsh migrate {options}".rstrip(), lambda: migrate(trace, *options.split()))
    there.do("virsh destroy", lambda: second("destroy", trace.guest.name))
    there.as_recorded()


@pytest.mark.parametrize("operation", ["migrate", "prepare", "start", "started"])
def test_migrate_in_refused(trace: Trace, there: Trace, operation: str) -> None:
    define(trace)
    must(trace.guest.start())
    there.recorder.then(f'[ "$2" != {operation} ] || exit 3')
    there.do("virsh migrate", lambda: migrate(trace))
    assert trace.guest.state() == "running"
    there.as_recorded()


def test_migrate_in_cancelled(trace: Trace, there: Trace) -> None:
    define(trace)
    must(trace.guest.start())

    def act() -> Result | None:
        words = (MIGRATE[0], trace.guest.name, *MIGRATE[1:], "--bandwidth", "1")
        with _behind(*words, "--desturi", URI):
            wait_for(
                "it is under way",
                lambda: (
                    "Unbounded" in trace.guest.virsh("domjobinfo").stdout
                    and trace.guest.virsh("domjobabort").ok
                ),
            )
        return None

    there.do("virsh migrate, virsh domjobabort", act, last="release")
    assert trace.guest.state() == "running"
    there.as_recorded()


def test_migrate_over_a_running_guest(trace: Trace, there: Trace) -> None:
    """An older definition of it comes from elsewhere."""
    define(trace)
    must(trace.guest.start())
    larger = dataclasses.replace(trace.guest, extra=guarantee(50))
    there.do("virsh create", lambda: second("create", larger.file()))
    there.do("virsh migrate", lambda: migrate(trace))
    there.do("virsh destroy", lambda: second("destroy", trace.guest.name))
    there.as_recorded()


# Containers


@pytest.fixture
def container(
    lxc_recorder: hooks.Recorder, new_guest: NewGuest, request: pytest.FixtureRequest
) -> Trace:
    """A trace of a container that can be defined."""
    guest = new_guest("trace", guarantee(40), guests.container)
    return Trace(*way(request), guest, lxc_recorder)


def test_container_start_and_destroy(container: Trace) -> None:
    define(container)
    start(container)
    destroy(container)
    container.as_recorded()


def test_container_restart_of_the_daemon(libvirt: Libvirt, container: Trace) -> None:
    define(container)
    start(container)
    container.do("libvirtd is killed", libvirt.libvirtd.kill, daemon="killed")
    container.do("libvirtd is started", libvirt.start_libvirtd, daemon="started")
    container.do(
        "its controller is killed",
        lambda: container.guest.process().signal(signal.SIGKILL),
        last="release",
    )
    container.as_recorded()


@pytest.mark.parametrize("operation", ["prepare", "start", "started"])
def test_container_refused(container: Trace, operation: str) -> None:
    define(container)
    container.recorder.then(f'[ "$2" != {operation} ] || exit 3')
    start(container)
    container.as_recorded()
