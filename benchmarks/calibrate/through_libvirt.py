"""Measure guests that a real libvirt starts: ``through_libvirt.py [--only NAME*] [SET…]``.

libvirt fills in the definitions of ``written`` and makes QEMU's command line itself. Each result
holds the definition as it was written (``xml``), what libvirt made of it (``live``), and beside the
figures of ``measure`` the most that was charged while the guest came up (``peak``).

It borrows the machine's libvirt as the end-to-end tests do, and needs what they need, and room for
images and the kernel (``--work``). Results go where those of ``calibrate.py`` go.
"""

import argparse
import contextlib
import fnmatch
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import guest as guests  # noqa: E402
from calibrate import host, make_images  # noqa: E402
from data import MEASUREMENTS  # noqa: E402
from measure import (  # noqa: E402
    CONTROLLER,
    PATIENCE,
    SETTLING,
    GuestError,
    charged_with_all_below,
    domain_of,
    sample,
    view,
    wait,
)
from written import LAYERS, all_written, workload  # noqa: E402

from tests.e2e.harness import sandbox  # noqa: E402
from tests.e2e.harness.commands import CommandFailedError, NeverHappenedError, must  # noqa: E402
from tests.e2e.harness.daemons import running_libvirt, virsh  # noqa: E402

RUN = Path("/run/libvirt/qemu")
LOOK = 0.1  # seconds between two looks at what is charged
DIRECT = "<kernel>{kernel}</kernel><initrd>{initrd}</initrd><cmdline>{line}</cmdline>"
LINE = "console=ttyS0 quiet panic=-1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the kernel, the images and each guest's files are."""

    kernel: guests.Kernel
    work: Path

    def definition(self, name: str, xml: str) -> str:
        """What libvirt is given: the guest under a name of ours, with files of ours."""
        folder = self.work / name
        direct = DIRECT.format(kernel=self.kernel.image, initrd=folder / "initrd", line=LINE)
        text = re.sub("<name>.*?</name>", f"<name>{sandbox.PREFIX}{name}</name>", xml)
        text = text.replace("hvm</type>", f"hvm</type>{direct}")
        text = text.replace("/var/log/serial", str(folder / "serial"))
        # Several guests have an image at the same time.
        text = re.sub("(<target dev='(?:vd|sd).' bus='(?:virtio|scsi)'/>)", r"<readonly/>\1", text)
        return text.replace("'/images/", f"'{self.work}/images/")

    def stored(self, name: str, xml: str) -> str:
        """The reverse, for what libvirt made of it."""
        text = xml.replace(f"{sandbox.PREFIX}{name}", name)
        text = re.sub(r"\s*<(kernel|initrd|cmdline)>.*?</\1>", "", text)
        text = text.replace(str(self.work / name / "serial"), "/var/log/serial")
        return text.replace(f"'{self.work}/images/", "'/images/")


class Peak(threading.Thread):
    """Looks at what is charged beyond page cache until it is told to stop."""

    def __init__(self, group: Path) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self.samples: list[tuple[float, int]] = []
        self._group, self._enough = group, threading.Event()

    def run(self) -> None:
        """Look."""
        begin = time.monotonic()
        while not self._enough.wait(LOOK):
            with contextlib.suppress(OSError):
                found = charged_with_all_below(self._group)
                now = found["rss"] + found["shmem"] + found["kmem"]
                self.most = max(self.most, now)
                if not self.samples or time.monotonic() - begin - self.samples[-1][0] >= 1:
                    self.samples.append((round(time.monotonic() - begin, 1), now))

    def end(self) -> int:
        """The most it saw."""
        self._enough.set()
        self.join()
        return self.most


def make_chains(images: Path) -> None:
    """Two disks that stand on eleven layers each."""
    for number in range(2):
        below = images / f"{number}.qcow2"
        for layer in range(LAYERS - 1, 0, -1):
            top = images / (f"chain-{number}.qcow2" if layer == 1 else f"c{number}-{layer}.qcow2")
            if not top.exists():
                command = ["/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-F", "qcow2"]
                subprocess.run([*command, "-b", below, top], check=True)
            below = top


def measure(place: Place, name: str, xml: str) -> dict[str, Any]:
    """Measure one guest: paused, then after its activity."""
    folder, known = place.work / name, f"{sandbox.PREFIX}{name}"
    folder.mkdir(exist_ok=True)
    (folder / "serial").unlink(missing_ok=True)
    result: dict[str, Any] = {"name": name, "xml": xml, "ram": domain_of(xml).memory}
    result["workload"] = workload(name)
    try:
        definition = folder / "definition.xml"
        definition.write_text(place.definition(name, xml))
        must(virsh("define", definition))
        filled = domain_of(must(virsh("dumpxml", known)).stdout)
        init = guests.USED if result["workload"] == "used" else guests.INIT
        guests.write_initramfs(place.kernel, filled, folder / "initrd", init)
        must(virsh("start", known, "--paused", timeout=PATIENCE))
        time.sleep(SETTLING)
        pid = int((RUN / f"{known}.pid").read_text())
        result["live"] = place.stored(name, must(virsh("dumpxml", known)).stdout)
        result["idle"] = _sample(pid)
        result |= _activity(folder, known, pid)
    except (GuestError, CommandFailedError, NeverHappenedError, OSError) as error:
        result["failure"] = f"{type(error).__name__}: {error}"
    finally:
        virsh("destroy", known)
        virsh("undefine", known)
    for state in {"idle", "active"} & result.keys():
        result[state]["kernel_image"] = place.kernel.image.stat().st_size
    return result


def _activity(folder: Path, name: str, pid: int) -> dict[str, Any]:
    """Let the guest run, and what it is charged then."""
    peak = Peak(_group_of(pid))
    peak.start()
    begin = time.monotonic()
    must(virsh("resume", name))

    def serial() -> str:
        path = folder / "serial"
        return path.read_text(errors="replace") if path.exists() else ""

    try:
        wait(lambda: guests.READY in serial(), PATIENCE, "the guest is not ready")
    finally:
        most = peak.end()
    display = virsh("vncdisplay", name)
    viewer = None
    if display.ok and display.stdout.strip():
        viewer = view(("127.0.0.1", 5900 + int(display.stdout.strip().rpartition(":")[2])))
    time.sleep(1)
    active = _sample(pid)
    if viewer:
        viewer.close()
    return {
        "activity": "linux",
        "seconds": round(time.monotonic() - begin, 1),
        "complaints": [line for line in serial().splitlines() if line.startswith("no /")],
        "active": active,
        "peak": most,
        "course": peak.samples,
    }


def _group_of(pid: int) -> Path:
    lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    path = next(line.split(":", 2)[2] for line in lines if line.split(":")[1] == "memory")
    group = CONTROLLER / path.lstrip("/")
    return group if "libvirt" in group.name or group.name.startswith("qemu-") else group.parent


def _sample(pid: int) -> dict[str, Any]:
    nothing = {"rss": 0, "shmem": 0, "kmem": 0}
    return {"helper": nothing, **sample({}, pid), "qemu": charged_with_all_below(_group_of(pid))}


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
    make_chains(options.work / "images")
    place = Place(guests.unpack_kernel(options.work), options.work)
    with sandbox.borrowed_machine(), running_libvirt():
        for name, members in all_written().items():
            if not options.sets or name in options.sets:
                _measure_set(name, members, options, place)
    return 0


def _measure_set(
    name: str, members: list[tuple[str, str]], options: argparse.Namespace, place: Place
) -> None:
    path = MEASUREMENTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    done: dict[str, Any] = {}
    if path.exists():
        done = {result["name"]: result for result in json.loads(path.read_text())["guests"]}
    lock = threading.Lock()

    def one(guest: str, xml: str) -> None:
        result = measure(place, guest, xml)
        with lock:
            done[guest] = result
            print(guest, result.get("seconds"), result.get("failure", ""), flush=True)
            results = [
                done[key] for key, _ in members if key in done and "failure" not in done[key]
            ]
            content = {"host": {**host("tcg"), "libvirt": _version()}, "guests": results}
            path.write_text(json.dumps(content, indent=1) + "\n")

    def is_done(guest: str, xml: str) -> bool:
        before = done.get(guest, {})
        return (before.get("xml"), before.get("workload", "tried")) == (xml, workload(guest))

    with ThreadPoolExecutor(options.workers) as pool:
        for guest, xml in members:
            if fnmatch.fnmatch(guest, options.only) and not is_done(guest, xml):
                pool.submit(one, guest, xml)


def _version() -> str:
    return subprocess.run(
        ["/usr/sbin/libvirtd", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()


if __name__ == "__main__":
    os.umask(0o022)  # QEMU runs as a user of its own
    sys.exit(main())
