"""How long the ledger is locked: at a start, at its end, and beside promises and tenants.

Each hold is measured in the hook's own process, from the lock to its end, by a wrapper around the
system calls; the longest hold of a call counts. The last table puts starts and stops beside fifty
tenants without a policy whose definitions have 8 MB each, half of them with our words in it.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from hook import fill
from side_by_side import Contestant, compare

from tests.fakes.host import GIB, FakeHost, domain, guarantee
from xmlresource.system.libvirt.hook_files import script

ROOT = Path(__file__).parents[1]
TURNS = 21
PROMISES = (10, 1_000, 10_000)
TENANTS = 50
LARGE = 8_000_000
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it

_CALL = """\
import sys, time; sys.path.insert(0, {folder!r})
from xmlresource import hook
holds = []
def answer(name, operation, document, caller):
    from xmlresource.system.machine import Machine
    from xmlresource.system import syscalls
    lock, close = syscalls.Syscalls.try_lock, syscalls.Syscalls.close
    held = {{}}
    def try_lock(self, descriptor):
        taken = lock(self, descriptor)
        if taken:
            held[descriptor] = time.perf_counter(), time.process_time()
        return taken
    def closing(self, descriptor):
        close(self, descriptor)
        begun = held.pop(descriptor, None)
        if begun is not None:
            holds.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
    syscalls.Syscalls.try_lock, syscalls.Syscalls.close = try_lock, closing
    from xmlresource.system import log
    log._write = lambda *_, **__: None
    from xmlresource.operations.guests.hook_events import answer
    return answer(name, operation, document, caller, Machine({root!r}))
hook.answer_for_policy = answer
status = hook.main(sys.argv[1:])
print(*(max(each) * 1000 for each in zip(*holds)))
raise SystemExit(status)
"""


@dataclass
class Holder(Contestant):
    """A call of the hook, and how long it held the ledger, in milliseconds, and its CPU time."""

    held: list[float] = field(default_factory=list)
    worked: list[float] = field(default_factory=list)

    def warm(self) -> None:
        """Forget the first turn."""
        self.held.clear()
        self.worked.clear()

    def heard(self, output: bytes) -> None:
        """Note what it printed."""
        held, worked = map(float, output.split())
        self.held.append(held)
        self.worked.append(worked)


def call(root: Path, name: str, operation: str) -> list[str | Path]:
    """The words of a call of the hook on that host."""
    code = _CALL.format(folder=str(ROOT), root=str(root))
    return [sys.executable, "-I", "-S", "-c", code, name, operation, "begin", "-"]


def main() -> None:
    """Print the tables."""
    argparse.ArgumentParser(description=__doc__.partition("\n")[0]).parse_args()
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        by_promises(Path(folder))
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-", dir=memory) as folder:
        beside_tenants(Path(folder))


def by_promises(folder: Path) -> None:
    """Print how long the lock is held beside so many promises."""
    holders = []
    for number in PROMISES:
        for version in (1, 2):
            root = folder / f"host-{number}-{version}"
            root.mkdir()
            host = FakeHost(root, version)
            fill(host, number)
            for each in range(1000, 1000 + number):
                host.process(each)
            xml = domain("db1", 1, guarantee(64))
            before = _stopped_again(host, xml)
            for operation in ("prepare", "started", "stopped"):
                words = call(root, "db1", operation)
                name = f"{operation}, {number:,} promises, v{version}"
                holders.append(Holder(name, words, xml, before=before[operation]))
    compare("a call by the promises that there are", holders, TURNS)
    print(f"\nthe longest time that a call held the lock, in ms ({TURNS} turns)")
    print(f"{'':<44} {'median':>8} {'most':>8} {'cpu':>8}")
    for each in holders:
        wall, worked = statistics.median(each.held), statistics.median(each.worked)
        print(f"{each.name:<44} {wall:>8.2f} {max(each.held):>8.2f} {worked:>8.2f}")


def _stopped_again(host: FakeHost, xml: bytes) -> dict[str, Callable[[], None]]:
    """What makes the host ready for an operation: each follows the one before it."""

    def nothing() -> None: ...

    def runs() -> None:
        host.run("db1", 77, xml)

    def ended() -> None:
        host.end(77)
        for suffix in ("pid", "xml"):
            (host.root / f"run/libvirt/qemu/db1.{suffix}").unlink()

    return {"prepare": nothing, "started": runs, "stopped": ended}


def beside_tenants(folder: Path) -> None:
    """Print what calls cost beside tenants with large definitions, and beside small ones."""
    contestants = []
    for size, hosts in ((100, "small"), (LARGE, "8 MB")):
        root = folder / f"host-{size}"
        root.mkdir()
        host = FakeHost(root)
        fill(host, 10)
        for each in range(1000, 1010):
            host.process(each)
        host.memory(64 * GIB, 2 * GIB)  # too tight for a glance at the sums
        host.write("/etc/xmlresource.toml", 'host_reserve = "1GiB"\nboot_priority = true\n')
        (host.root / "etc/xmlresource.toml").chmod(0o600)
        for each in range(500, 500 + TENANTS):
            sign = "urn:xmlresource:1 min_guarantee" if each % 2 else "nothing"
            body = f"<b c='{sign}'/>" * (size // 40)
            large = f"<metadata><a:x xmlns:a='http://a'>{body}</a:x></metadata>"
            xml = domain(f"tenant{each}", each, "", more=large)
            host.run(f"tenant{each}", each, xml)
            host.write(f"/etc/libvirt/qemu/autostart/tenant{each}.xml", xml.decode())
        hook = folder / f"hook-{size}"
        hook.write_text(script(sys.executable, str(ROOT)))
        hook.chmod(0o755)
        xml = domain("db1", 1, guarantee(64))
        plain = domain("plain", 2, "")
        before = _stopped_again(host, xml)
        contestants += [
            Contestant(f"no policy, {hosts} tenants", [hook, "plain", "prepare"], plain),
            *(
                Holder(
                    f"{operation}, {hosts} tenants",
                    call(root, "db1", operation),
                    xml,
                    before=before[operation],
                )
                for operation in ("prepare", "started", "stopped")
            ),
        ]
    compare(f"beside {TENANTS} guests without a policy", contestants, TURNS)
    half = len(contestants) // 2
    print("\nwith definitions of 8 MB, in terms of small ones (CPU, median turn by turn)")
    for small, large_one in zip(contestants[:half], contestants[half:], strict=True):
        ratio = statistics.median(b / a for a, b in zip(small.cpu, large_one.cpu, strict=True) if a)
        print(f"{small.name.partition(',')[0]:<44} {ratio:>8.2f}")


if __name__ == "__main__":
    main()
