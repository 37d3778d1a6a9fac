"""The cost of the balancing service while nothing is to be moved: wakeups, memory, CPU time.

The service runs on a folder of plain files that looks like a host with guests, without libvirt, and
its own figures are read from the real kernel: voluntary switches of its threads are its wakeups.
With ``--psi`` the host is one whose kernel tells of stalls; without, one that has to be looked at.

    python benchmarks/balance_idle.py [--seconds N] [--guests N]
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

from tests.fakes.balloons import BalloonGuest, Clock, Daemon
from tests.fakes.host import FakeHost
from xmlresource.live.balance.balloons import Balloons
from xmlresource.live.balance.service import Service
from xmlresource.system.cgroups import pressure_triggers

_HOUR = 3600
_QUIET = 3.0  # seconds
_TICKS = os.sysconf("SC_CLK_TCK")


def serve(guests: int, *, psi: bool) -> None:
    """Be the service on a host with room, until a signal ends it."""
    with tempfile.TemporaryDirectory() as folder:
        host, clock = FakeHost(Path(folder)), Clock()
        host.write("/etc/xmlresource.toml", '[balance]\nmode = "balloon"\nmake_room = "10s"\n')
        made = [
            BalloonGuest(host, clock, f"guest{number}", number, ram=64, used=32)
            for number in range(1, guests + 1)
        ]
        sys.modules["libvirt"] = Daemon(*made).module()  # type: ignore[assignment]
        reader, writer = os.pipe()  # nothing is ever said on it
        if psi:
            pressure_triggers.open_trigger = lambda *_: os.dup(reader)
        with Service(host.machine, Balloons()) as service:
            service.run()
        os.close(writer)


def figures(pid: int) -> SimpleNamespace:
    """What a process has used so far."""
    switches = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        rows = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        switches += int(rows["voluntary_ctxt_switches"])
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return SimpleNamespace(
        switches=switches,
        cpu=(int(fields[11]) + int(fields[12])) / _TICKS,
        resident=int(rows["VmRSS"].split()[0]) >> 10,
    )


def settled(pid: int) -> SimpleNamespace:
    """The figures of a process once its first look is over: it sleeps for a while."""
    before = figures(pid)
    while True:
        time.sleep(_QUIET)
        after = figures(pid)
        if after.cpu and after.switches == before.switches:
            return after
        before = after


def measure(seconds: float, guests: int, *, psi: bool) -> None:
    """Print a line: what the service used in so many seconds."""
    pid = os.fork()
    if not pid:
        try:
            serve(guests, psi=psi)
        finally:
            os._exit(0)
    try:
        before = settled(pid)
        time.sleep(seconds)
        after = figures(pid)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    wakeups = (after.switches - before.switches) / seconds
    cpu = (after.cpu - before.cpu) / seconds * _HOUR
    print(
        f"{'PSI' if psi else 'no PSI':<8}{guests:>8}{wakeups:>12.3f}"
        f"{after.resident:>10} MiB{cpu:>14.1f} s"
    )


def main() -> None:
    """Measure hosts with and without PSI, with few and many guests."""
    parser = argparse.ArgumentParser(prog="balance_idle.py", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--guests", type=int, nargs="*", default=[3, 100])
    options = parser.parse_args()
    print(f"{'kernel':<8}{'guests':>8}{'wakeups/s':>12}{'resident':>14}{'CPU an hour':>16}")
    for psi in (True, False):
        for guests in options.guests:
            measure(options.seconds, guests, psi=psi)


if __name__ == "__main__":
    main()
