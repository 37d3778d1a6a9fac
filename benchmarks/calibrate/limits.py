"""Do recommended limits hold? ``python benchmarks/calibrate/limits.py [--work FOLDER]``.

Real guests fill their RAM, read their disks and keep every vCPU busy, three times over, each under
several hard limits: the one that ``hard_limit=auto`` gives, that less a quarter of X, the lowest
that `validate` lets pass, what is expected to be used, and half of that. It is counted how often
the kernel had to reclaim, how much was charged at most, and whether it killed the guest; beside
that stands what `xmlresource overhead` says of the limit. Needs what ``calibrate.py`` needs.

Results go to ``measurements/limits.json``; those that are there already are kept. ``--table``
prints them as the docs have them.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import guest as guests  # noqa: E402
from calibrate import host, make_images  # noqa: E402
from designs import SERIAL, disk  # noqa: E402
from measure import CONTROLLER, Bench, GuestError, Run, command, domain_of, started  # noqa: E402

from xmlresource.cgroup.hierarchy import Version  # noqa: E402
from xmlresource.document import Document  # noqa: E402
from xmlresource.formats.assignments import AUTO  # noqa: E402
from xmlresource.operations.editing.edit import set_  # noqa: E402
from xmlresource.overhead import estimate  # noqa: E402
from xmlresource.overhead.estimate import CACHE_ROOM  # noqa: E402
from xmlresource.overhead.guest_ram import ram_of  # noqa: E402
from xmlresource.overhead.measured import FILES, account_of  # noqa: E402
from xmlresource.overhead.subjects import MIB  # noqa: E402

RESULTS = HERE / "measurements" / "limits.json"
PATIENCE = 900  # seconds: emulation is slow, and slower short of memory
CARD = "<interface type='user'><model type='virtio'/></interface>"
VNC = "<graphics type='vnc'/>"


def _guest(name: str, memory: int, vcpus: int, cache: int, devices: str) -> tuple[str, str]:
    return name, (
        f"<domain type='qemu'><name>{name}</name><memory unit='MiB'>{memory}</memory>"
        f"<vcpu>{vcpus}</vcpu><os><type arch='x86_64' machine='q35'>hvm</type>"
        "<kernel>/boot/vmlinuz</kernel></os>"
        f"<features><tcg><tb-cache unit='MiB'>{cache}</tb-cache></tcg></features>"
        f"<devices>{SERIAL}{devices}</devices></domain>"
    )


GUESTS = dict(
    (
        _guest("small", 128, 1, 32, ""),
        _guest(
            "server",
            256,
            2,
            64,
            disk(0, "virtio") + disk(1, "virtio", "qcow2") + CARD + "<rng model='virtio'/>",
        ),
        _guest(
            "desktop",
            384,
            2,
            64,
            disk(0, "virtio", "qcow2", cache="none")
            + CARD
            + VNC
            + "<video><model type='virtio'/></video><input type='tablet' bus='usb'/>",
        ),
    )
)


def limits_of(xml: str) -> dict[str, int]:
    """The limits to try, by name; that of ``auto`` as it ends up in the document."""
    overhead = estimate(domain_of(xml))
    document = set_(Document.parse(xml.encode()), {"hard_limit": AUTO}).after
    limit = Document.parse(document).policy.hard_limit
    assert isinstance(limit, int)  # noqa: S101 -- for the type checker
    x = overhead.total
    return {
        "auto": limit,
        "auto less X/4": limit - x.worst // 4,
        "where XR501 begins": overhead.ram + x.expected + CACHE_ROOM,
        "RAM + expected": overhead.ram + x.expected,
        "RAM + expected/2": overhead.ram + x.expected // 2,
    }


def run_under(bench: Bench, guest: str, xml: str, limit: int) -> dict[str, Any]:
    """One guest under one limit: what came of it."""
    name = f"{guest}-{limit // MIB}"
    group = CONTROLLER / bench.group / name
    with Run(name, bench.work / name, {"qemu": group}) as run:
        (group / "memory.limit_in_bytes").write_text(str(limit))
        begin = time.monotonic()
        outcome = _outcome(run, bench, xml)
        return {
            "limit": limit,
            "outcome": outcome,
            "overhead": _overhead(group, xml) if outcome == "done" else None,
            "seconds": round(time.monotonic() - begin, 1),
            "oom_kills": _oom_kills(group),
            "reclaims": int((group / "memory.failcnt").read_text()),
            "peak": int((group / "memory.max_usage_in_bytes").read_text()),
        }


def _outcome(run: Run, bench: Bench, xml: str) -> str:
    try:
        monitor = started(run, bench, domain_of(xml), boots=True)
        command(monitor, "cont")
        end = time.monotonic() + PATIENCE
        while not run.is_ready():
            if time.monotonic() > end:
                return "not done in time"
            time.sleep(0.2)
    except (GuestError, OSError):
        return "ended"
    return "done"


def _overhead(group: Path, xml: str) -> int:
    """X after the work: all of RAM was touched at the start."""
    texts = {what: (group / name).read_text() for what, name in FILES[Version.V1].items()}
    account = account_of(Version.V1, texts, os.sysconf("SC_PAGE_SIZE"))
    return account.user + (account.kernel or 0) - ram_of(domain_of(xml)).most


def _oom_kills(group: Path) -> int:
    lines = dict(line.split() for line in (group / "memory.oom_control").read_text().splitlines())
    return int(lines["oom_kill"])


def table(results: dict[str, Any]) -> str:
    """The results as the docs show them."""
    lines = [
        "| guest | hard limit | beyond RAM | X used | OOM kills | `validate` | `overhead` |",
        "|---|---|--:|--:|--:|---|---|",
    ]
    for one in results["guests"]:
        overhead = estimate(domain_of(GUESTS[one["guest"]]))
        limit = one["limit"]
        cells = (
            one["guest"],
            one["name"],
            f"{_mib(limit - overhead.ram)} MiB",
            "killed" if one["overhead"] is None else f"{_mib(one['overhead'])} MiB",
            str(one["oom_kills"]),
            "XR501" if overhead.is_near(limit) else "",
            "too low" if overhead.objection(limit) else "",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _mib(size: int) -> str:
    return f"{size / MIB:.0f}"


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--work", type=Path, default=Path("/var/lib/xr-calibrate"))
    options = parser.parse_args()
    if options.table:
        print(table(json.loads(RESULTS.read_text())))
        return 0
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    options.work.mkdir(exist_ok=True)
    make_images(options.work / "images")
    group = f"xr-limits-{os.getpid()}"
    kernel = guests.unpack_kernel(options.work)
    bench = Bench(kernel, options.work / group, options.work / "images", group, guests.HEAVY)
    before = json.loads(RESULTS.read_text())["guests"] if RESULTS.exists() else []
    known = {(one["guest"], one["name"], one["limit"]): one for one in before}
    results = []
    try:
        for guest, xml in GUESTS.items():
            for name, limit in limits_of(xml).items():
                found = known.get((guest, name, limit))
                if found is None:
                    found = {"guest": guest, "name": name, **run_under(bench, guest, xml, limit)}
                    print(json.dumps(found), flush=True)
                results.append(found)
    finally:
        (CONTROLLER / group).rmdir()
        shutil.rmtree(options.work / group, ignore_errors=True)
    content = {"host": host("tcg"), "guests": results}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
