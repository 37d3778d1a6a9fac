"""What the hook costs a guest's start, beside starting Python and doing nothing.

The host is a folder of plain files (tests.fakes.host); the ledger in it is written and fsynced.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from side_by_side import Contestant, compare

from tests.fakes.host import BOOT, GIB, MIB, FakeHost, domain, guarantee, uuid
from xmlresource.promises.ledger import ledger_of
from xmlresource.promises.promise import Process, Promise, PromiseState
from xmlresource.system.libvirt.hook_files import script

ROOT = Path(__file__).parents[1]
TURNS = 30
PROMISES = (10, 1_000, 10_000)
RUNNING = (10, 200, 1_000)
WAITING = (10, 100, 1_000)
GUEST = 64 * MIB
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it

_PREPARE = """\
import sys; sys.path.insert(0, {folder!r})
from xmlresource import hook
def answer(name, operation, document, caller):
    from xmlresource.system.machine import Machine
    from xmlresource.operations.guests.hook_events import answer
    return answer(name, operation, document, caller, Machine({root!r}))
hook.answer_for_policy = answer
raise SystemExit(hook.main(["db1", "prepare", "begin", "-"]))
"""


def main() -> None:
    """Print the table."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    # The ledger lies in /run, which is a tmpfs; so is this.
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        root = Path(folder) / "host"
        root.mkdir()
        FakeHost(root)
        hook = Path(folder) / "hook"
        hook.write_text(script(sys.executable, str(ROOT)))
        hook.chmod(0o755)
        python = [sys.executable, "-I"]
        plain = domain("plain", 1, "")
        promised = domain("db1", 2, guarantee(64))
        code = _PREPARE.format(folder=str(ROOT), root=str(root))
        entry = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from xmlresource.hook import main; "
        )
        entry += "raise SystemExit(main(['plain', 'prepare', 'begin', '-']))"

        def forget() -> None:
            shutil.rmtree(root / "run" / "xmlresource", ignore_errors=True)

        compare(
            "the hook at `prepare`",
            [
                Contestant("python -I -c pass", [*python, "-c", "pass"]),
                Contestant("no policy: the installed script", [hook, *_WORDS], plain),
                Contestant("no policy: xmlresource-hook", [*python, "-c", entry], plain),
                Contestant(
                    "a policy: ledger written and fsynced",
                    [*python, "-S", "-c", code],
                    promised,
                    before=forget,
                ),
            ],
            TURNS,
        )
    many_promises()
    many_guests()
    many_to_come()


def many_promises() -> None:
    """Print what a start costs beside few promises and many, in memory as /run is."""
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        contestants = []
        for number in PROMISES:
            root = Path(folder) / f"host-{number}"
            root.mkdir()
            fill(FakeHost(root), number)
            code = _PREPARE.format(folder=str(ROOT), root=str(root))
            command = [sys.executable, "-I", "-S", "-c", code]
            xml = domain("db1", 1, guarantee(64))
            contestants.append(Contestant(f"beside {number:,} promises", command, xml))
        compare("`prepare` by the size of the ledger", contestants, TURNS)


def many_guests() -> None:
    """Print what a start costs where memory is tight, so that each guest that runs is looked at."""
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        contestants = []
        for number in RUNNING:
            root = Path(folder) / f"host-{number}"
            root.mkdir()
            host = FakeHost(root)
            fill(host, number)
            for each in range(1000, 1000 + number):
                cgroup = host.run(f"guest{each}", each, domain(f"guest{each}", each, guarantee(64)))
                host.write(f"{cgroup}/memory.usage_in_bytes", f"{GUEST}\n")
                host.write(f"{cgroup}/memory.stat", _STATISTICS)
            # All that was promised is in use, and there is room for one more.
            host.memory((number + 1000) * GUEST, 6 * GIB)
            code = _PREPARE.format(folder=str(ROOT), root=str(root))
            settings = host.root / "etc/xmlresource.toml"
            settings.write_text(f'host_reserve = "{6 * 1024 - 65}MiB"\n')
            settings.chmod(0o600)
            command = [sys.executable, "-I", "-S", "-c", code]
            xml = domain("db1", 1, guarantee(64))
            contestants.append(Contestant(f"beside {number:,} guests", command, xml))
        compare("`prepare` on a tight host by the guests that run", contestants, TURNS)


def many_to_come() -> None:
    """Print what a start costs after a boot, where guests of higher priority are still to start."""
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        contestants = []
        for number in WAITING:
            for part, room in (("all fit", number + 1000), ("half fit", number // 2)):
                root = Path(folder) / f"host-{number}-{room}"
                root.mkdir()
                to_come(FakeHost(root), number, room)
                code = _BOOTED.format(folder=str(ROOT), root=str(root))
                command = [sys.executable, "-I", "-S", "-c", code]
                xml = domain("db1", 1, guarantee(64))
                name = f"{number:,} are to come, {part}"
                contestants.append(Contestant(name, command, xml, may_fail=True))
        compare("`prepare` after a boot by the guests of higher priority", contestants, TURNS)


def to_come(host: FakeHost, number: int, room: int) -> None:
    """Have so many guests wait, and memory for ``room`` guests."""
    host.memory(8 * GIB + room * GUEST, 8 * GIB + room * GUEST)
    host.write("/etc/xmlresource.toml", 'boot_priority = true\nhost_reserve = "8GiB"\n')
    (host.root / "etc/xmlresource.toml").chmod(0o600)
    for each in range(1000, 1000 + number):
        xml = domain(f"guest{each}", each, guarantee(64), more=_DEVICES).decode()
        path = f"/etc/libvirt/qemu/autostart/guest{each}.xml"
        host.write(path, xml.replace("<xr:memory>", "<xr:memory priority='10'>"))
        (host.root / path[1:]).chmod(0o600)


def fill(host: FakeHost, number: int) -> None:
    """Have so many promises in the ledger, and memory for them."""
    total = (number + 1000) * GUEST
    host.memory(total, total)
    promises = (
        Promise(
            uuid=uuid(each),
            name=f"guest{each}",
            driver="qemu",
            size=GUEST,
            state=PromiseState.RUNNING,
            process=Process(each, 1000),
            cgroup=f"/machine/qemu-{each}-guest{each}.libvirt-qemu",
        )
        for each in range(1000, 1000 + number)
    )
    file = host.root / "run/xmlresource/ledger"
    file.parent.mkdir(0o700)
    file.write_bytes(ledger_of(BOOT, promises).encode())
    file.chmod(0o600)


_BOOTED = _PREPARE.replace(
    "    from xmlresource.operations",
    "    from xmlresource.system.libvirt import guests\n"
    "    guests.seconds_since_boot = lambda: 60\n"
    "    from xmlresource.operations",
)
_DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>"
    "<source file='/var/lib/libvirt/images/guest.qcow2'/><target dev='vda' bus='virtio'/>"
    "<address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x0'/></disk>"
)
_PORT = (
    "<controller type='pci' index='1' model='pcie-root-port'><model name='pcie-root-port'/>"
    "<target chassis='1' port='0x10'/><address type='pci' bus='0x00' slot='0x02'/></controller>"
)
_DEVICES = f"<devices>{3 * _DISK}{10 * _PORT}<memballoon model='virtio'/></devices>"
_NAMES = ("rss", "mapped_file", "pgfault", "inactive_anon", "active_anon", "inactive_file")
_STATISTICS = "".join(f"{prefix}{name} 0\n" for prefix in ("", "total_") for name in _NAMES)
_WORDS = ("plain", "prepare", "begin", "-")

if __name__ == "__main__":
    main()
