"""Measure QEMU's overhead: ``python benchmarks/calibrate/calibrate.py [--only NAME*] [SET…]``.

Needs root, a v1 memory controller, room for images and the kernel (``--work``), QEMU, qemu-img,
OVMF, swtpm, busybox-static, kmod, and apt for the guest's kernel. Results go to
``measurements/SET.json``, or to the folder that ``XMLRESOURCE_MEASUREMENTS`` names, beside what the
host is. A result that is there already is kept, so that
an interrupted run can be taken up again.
"""

import argparse
import fnmatch
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import guest as guests  # noqa: E402
from commandline import BINARY  # noqa: E402
from data import MEASUREMENTS  # noqa: E402
from designs import all_guests  # noqa: E402
from measure import CONTROLLER, Bench, domain_of, measure  # noqa: E402

from xmlresource.overhead.subjects import MIB  # noqa: E402

BUDGET = 9216  # MiB of guests' RAM at one time
IMAGE = 1024  # MiB; the first 64 hold data


class Budget:
    """Guests run beside each other as long as their RAM fits."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._change = threading.Condition()

    def take(self, size: int) -> None:
        """Wait for ``size`` MiB."""
        with self._change:
            self._change.wait_for(lambda: self._left >= size)
            self._left -= size

    def give(self, size: int) -> None:
        """Give them back."""
        with self._change:
            self._left += size
            self._change.notify_all()


def make_images(folder: Path) -> None:
    """Sixteen disks of each format, and a folder to share."""
    if folder.exists():
        return
    (folder / "share").mkdir(parents=True)
    (folder / "share/file").write_bytes(os.urandom(MIB))
    for number in range(16):
        raw, qcow2 = folder / f"{number}.raw", folder / f"{number}.qcow2"
        with raw.open("wb") as file:
            file.write(os.urandom(64 * MIB))
            file.truncate(IMAGE * MIB)
        subprocess.run(["/usr/bin/qemu-img", "convert", "-O", "qcow2", raw, qcow2], check=True)


def host(accelerator: str) -> dict[str, Any]:
    """What this machine is, as far as it matters."""
    version = subprocess.run(
        [BINARY, "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    thp = Path("/sys/kernel/mm/transparent_hugepage/enabled").read_text().strip()
    return {
        "qemu": version,
        "kernel": os.uname().release.partition("-")[0],
        "architecture": os.uname().machine,
        "processors": os.cpu_count(),
        "memory": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        "transparent_hugepages": thp,
        "distribution": "Debian 12",
        "accelerator": accelerator,
    }


def main() -> int:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="*")
    parser.add_argument("--only", default="*")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("/var/lib/xr-calibrate"))
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(1))
    options.work.mkdir(exist_ok=True)
    make_images(options.work / "images")
    group = f"xr-calibrate-{os.getpid()}"
    bench = Bench(
        guests.unpack_kernel(options.work), options.work / group, options.work / "images", group
    )
    budget = Budget(BUDGET)
    try:
        for name, members in all_guests().items():
            if not options.sets or name in options.sets:
                _measure_set(name, members, options, bench, budget)
    finally:
        (CONTROLLER / group).rmdir()
        shutil.rmtree(options.work / group, ignore_errors=True)
    return 0


def _measure_set(
    name: str,
    members: list[tuple[str, str]],
    options: argparse.Namespace,
    bench: Bench,
    budget: Budget,
) -> None:
    path = MEASUREMENTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    done: dict[str, Any] = {}
    if path.exists():
        done = {result["name"]: result for result in json.loads(path.read_text())["guests"]}
    lock = threading.Lock()
    order = [guest for guest, _ in members]

    def one(guest: str, xml: str) -> None:
        size = (domain_of(xml).memory or 0) // MIB
        budget.take(size)
        try:
            result = measure(bench, guest, xml)
        finally:
            budget.give(size)
        with lock:
            done[guest] = result
            print(guest, result.get("seconds"), result.get("failure", ""), flush=True)
            results = [done[key] for key in order if key in done and "failure" not in done[key]]
            content = {"host": host("kvm" if name.startswith("kvm") else "tcg"), "guests": results}
            path.write_text(json.dumps(content, indent=1) + "\n")

    with ThreadPoolExecutor(options.workers) as pool:
        futures = [
            pool.submit(one, guest, xml)
            for guest, xml in members
            if fnmatch.fnmatch(guest, options.only)
            and (guest not in done or done[guest]["xml"] != xml)
        ]
        try:
            for future in futures:
                future.result()
        except BaseException:  # interrupted: let those that run end, and clean up after them
            pool.shutdown(cancel_futures=True)
            raise


if __name__ == "__main__":
    sys.exit(main())
