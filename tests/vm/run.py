"""Boot test machines, run the tests in them, bring out what they said and how they ended.

Usage: python tests/vm/run.py [--machine NAME]... [--record FOLDER] [PYTEST-ARGUMENT ...]

As long as the file exists that XMLRESOURCE_ONE_MACHINE_WHILE names, it is one machine at once: what
runs beside them needs the other processor.

As root (image.sh makes a Debian). A machine is QEMU under software emulation, has no network, and
leaves the cached image as it was. It keeps about one processor busy, so as many run at once as
there are, but no more than --jobs; each line that one says begins with its name. Exit status: that
of the first pytest that failed; 99 where a machine never got so far.
"""

from __future__ import annotations

import argparse
import itertools
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
NO_RESULT = 99
ATTEMPTS = 2
LAST_LINES = 12
# QEMU 7.2 emulates AVX wrongly now and then (so not `max`), and CMPXCHG16B, of which Debian 13's
# kernel dies in its allocator.
CPU = "Nehalem,-cx16"
MEMORY_MIB = 2048
SWAP_MIB = 2048
RECORDED_MIB = 16
SLOW_MIB = 64
SLOW_IOPS = 200
END = re.compile(rb"--- exit status (\d+) ---")
# Also shows a kernel that can't find its disk. With page table isolation the emulator would look up
# all addresses anew at each entry of the kernel.
COMMAND_LINE = (
    "root=/dev/vda rw console=ttyS0 panic=-1 quiet no_timer_check systemd.show_status=no "
    "mitigations=off"
)
STOP = threading.Event()
SAYING = threading.Lock()
LAYOUT = ("tests/vm/test_layouts.py",)
# How a promise lives, and is kept above the guest: as long as all the rest, so it runs beside it.
CHAIN = (
    "tests/vm/test_chain.py",
    "tests/vm/test_live.py",
    "tests/vm/test_promise_life.py",
    "tests/vm/test_repair.py",
)
# On each release of Debian, in one machine.
DEBIAN = ("tests/vm/test_package.py", "tests/vm/test_apparmor.py")
ALL = ("tests/vm",)
# How CPU time is shared out among several CPUs.
SHARED_CPUS = "tests/vm/test_cpu_guarantee.py"
REST = (*ALL, *(f"--ignore={file}" for file in (*CHAIN, *DEBIAN, SHARED_CPUS)))
# What depends most on the kernel, systemd and libvirt.
NEWER = (
    *LAYOUT,
    *DEBIAN,
    "tests/vm/test_chain.py::test_the_whole_chain_holds_and_survives_systemd_and_libvirt",
    "tests/vm/test_chain.py::test_a_drop_in_that_he_edits_counts_with_the_next_repair",
    "tests/vm/test_chain.py::test_fact_what_set_property_keeps_in_etc_hides_a_runtime_value",
    "tests/vm/test_pressure.py::test_a_guarantee_holds_and_its_twin_pays",
    "tests/vm/test_answers.py::test_what_can_not_be_promised_is_refused",
)

# libvirt asks the bus whether there is a systemd-machined to be had, when its daemon starts.
WITHOUT_MACHINED = """\
rm /usr/share/dbus-1/system-services/org.freedesktop.machine1.service
systemctl mask --now --quiet systemd-machined.service
systemctl reload dbus.service
systemctl restart libvirtd.service
"""

# Debian packages no modular daemons. These are two of libvirtd, each with one driver alone, with
# the modular ones' names, sockets and units: what the hook, systemd and the kernel see of them.
MODULAR = """\
systemctl mask --now --quiet libvirtd.service libvirtd.socket libvirtd-ro.socket \\
    libvirtd-admin.socket
for driver in qemu lxc; do
    name=virt${driver}d
    cp /usr/sbin/libvirtd "/usr/sbin/$name"
    mkdir -p "/opt/$name" "/run/libvirt/$name"
    ln -s /usr/lib/*/libvirt/connection-driver/libvirt_driver_$driver.so "/opt/$name/"
    echo "unix_sock_dir = \\"/run/libvirt/$name\\"" >"/etc/libvirt/$name.conf"
    ln -s "$name/libvirt-sock" "/run/libvirt/$name-sock"
    cat >"/etc/systemd/system/$name.service" <<END
[Service]
Type=notify
Environment=LIBVIRT_DRIVER_DIR=/opt/$name
ExecStart=/usr/sbin/$name --config /etc/libvirt/$name.conf --pid-file /run/$name.pid
KillMode=process
END
done
systemctl daemon-reload
systemctl start virtqemud.service virtlxcd.service
"""


@dataclass(frozen=True)
class Machine:
    """One of the hosts that there are.

    Attributes:
        suite: The Debian release.
        kernel_arguments: What its kernel is told besides.
        preparation: Shell commands before the tests.
        tests: What runs in it.
        wanted: Whether it is among those that run where none is named.
        processors: How many it has. With one the emulator needs no atomic instructions of the
            host's, and its kernel no locks: Debian 13's has died of them.
    """

    suite: str
    kernel_arguments: str = ""
    preparation: str = ""
    tests: tuple[str, ...] = ALL
    wanted: bool = True
    processors: int = 1


@dataclass(frozen=True)
class Run:
    """One run of a machine, from its boot until it was off.

    Attributes:
        status: pytest's exit status; ``None`` where there was none.
        ending: What became of the machine, in a few words.
        died: Whether the machine ended by itself without a result.
        seconds: How long it ran.
        last_words: Where it failed, the end of its console and of what the tests said.
    """

    status: int | None
    ending: str
    died: bool
    seconds: float
    last_words: str = ""


HYBRID = "systemd.unified_cgroup_hierarchy=0"
LEGACY = f"{HYBRID} systemd.legacy_systemd_cgroup_controller=1"
# Those that take longest come first.
MACHINES = {
    "bookworm": Machine("bookworm", tests=REST),
    "bookworm-chain": Machine("bookworm", tests=CHAIN),
    "trixie": Machine("trixie", tests=NEWER),
    "bookworm-two-cpus": Machine("bookworm", tests=(SHARED_CPUS, *DEBIAN), processors=2),
    "bookworm-hybrid": Machine("bookworm", HYBRID),
    "bookworm-legacy": Machine("bookworm", LEGACY, tests=LAYOUT),
    "bookworm-without-machined": Machine("bookworm", "", WITHOUT_MACHINED, LAYOUT),
    "bookworm-hybrid-without-machined": Machine(
        "bookworm", HYBRID, WITHOUT_MACHINED, LAYOUT, wanted=False
    ),
    "trixie-without-machined": Machine("trixie", "", WITHOUT_MACHINED, LAYOUT, wanted=False),
    "trixie-modular": Machine("trixie", "", MODULAR, LAYOUT),
}

RUN = """\
set -eu
cd /payload
swapon /dev/vdc
{preparation}
/opt/xmlresource/bin/python -m pip install --quiet --disable-pip-version-check \\
    --no-index --no-deps --no-compile wheel/*.whl
echo "--- {name}: $(uname -r), $(systemctl --version | head -1), libvirt $(libvirtd --version), \
$(stat -fc %T /sys/fs/cgroup) ---"
export {variables}
mkdir recorded
status=0
/opt/xmlresource/bin/python -m pytest -p no:cacheprovider -v -s --color=no --durations=10 \\
    {arguments} || status=$?
tar -C recorded -cf /dev/vdd .
exit "$status"
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--machine", action="append", choices=MACHINES, metavar="NAME",
        help=f"which of {', '.join(MACHINES)} (default: most)",
    )  # fmt: skip
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="at once (default: 2)")
    parser.add_argument("--timeout", type=float, default=2400, metavar="SECONDS", help="for each")
    parser.add_argument("--log", type=Path, metavar="FOLDER", help="keep the consoles here")
    parser.add_argument(
        "--record", type=Path, metavar="FOLDER", help="put the trees that the tests recorded here"
    )
    options, arguments = parser.parse_known_args()
    names = options.machine or [name for name, machine in MACHINES.items() if machine.wanted]
    images = {suite: image(suite) for suite in sorted({MACHINES[name].suite for name in names})}
    jobs = max(1, min(options.jobs, os.cpu_count() or 1))
    alone = os.environ.get("XMLRESOURCE_ONE_MACHINE_WHILE")
    hold_back = partial(wait_while_there, Path(alone) if alone else None, itertools.count())
    # So that what is below takes the machines along.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(NO_RESULT))
    with tempfile.TemporaryDirectory(prefix="xmlresource-vm-", dir="/var/tmp") as folder:
        wheel = Path(folder, "wheel")
        build = [sys.executable, "-m", "build", "--wheel", "--outdir", wheel, REPOSITORY]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours

        def run(name: str) -> list[Run]:
            runs: list[Run] = []
            while not runs or (runs[-1].died and len(runs) < ATTEMPTS and not STOP.is_set()):
                work = Path(folder, f"{name}-{len(runs)}")
                work.mkdir()
                payload(work, wheel, name, arguments)
                runs.append(boot(images[MACHINES[name].suite], work, name, options.timeout))
                bring_out(work, name, runs[-1], options)
            return runs

        with ThreadPoolExecutor(max_workers=jobs, initializer=hold_back) as pool:
            try:
                results = dict(zip(names, pool.map(run, names), strict=True))
            finally:
                STOP.set()
                pool.shutdown(cancel_futures=True)
    for name, runs in results.items():
        for each in runs:
            if each.last_words:
                say(name, each.last_words)
            say("", f"{name}: {each.ending}, {each.seconds:.0f} s")
    last = [runs[-1].status for runs in results.values()]
    return next((NO_RESULT if status is None else status for status in last if status != 0), 0)


def wait_while_there(file: Path | None, numbers: Iterator[int]) -> None:
    """Hold back each worker but the first while the file exists."""
    if next(numbers) and file is not None:
        while file.exists() and not STOP.wait(1):
            pass


def say(name: str, text: str) -> None:
    with SAYING:
        sys.stdout.write(f"{name} | {text}\n" if name else f"{text}\n")
        sys.stdout.flush()


def image(suite: str) -> Path:
    """The folder with the disk of a Debian release, made where it is missing."""
    command = ["/bin/sh", HERE / "image.sh", suite]
    built = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    return Path(built.stdout.strip())


def payload(work: Path, wheel: Path, name: str, arguments: list[str]) -> None:
    """The disks: packages, tests and what to run; swap; room for what is recorded; a slow one."""
    machine = MACHINES[name]
    wanted = {key: value for key, value in os.environ.items() if key.startswith("XMLRESOURCE_VM_")}
    fixed = {"XMLRESOURCE_VM": name, "XMLRESOURCE_DEB": "/payload/xmlresource.deb"}
    (work / "run").write_text(
        RUN.format(
            name=name,
            preparation=machine.preparation,
            variables=shlex.join(f"{key}={value}" for key, value in {**wanted, **fixed}.items()),
            arguments=shlex.join(arguments or machine.tests),
        )
    )
    with tarfile.open(work / "payload", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(wheel, "wheel")
        for package in REPOSITORY.glob("build/deb/*.deb"):
            tar.add(package, "xmlresource.deb")
        tar.add(work / "run", "run")
        tar.add(REPOSITORY / "pyproject.toml", "pyproject.toml")
        for folder in ("tests/vm", "tests/e2e"):
            tar.add(REPOSITORY / folder, folder, filter=without_caches)
    for file, size in (("swap", SWAP_MIB), ("recorded", RECORDED_MIB), ("slow", SLOW_MIB)):
        with (work / file).open("wb") as empty:
            empty.truncate(size << 20)
    subprocess.run(["/sbin/mkswap", "-q", work / "swap"], check=True)  # noqa: S603 - fixed words


def without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def boot(image: Path, work: Path, name: str, timeout: float) -> Run:
    """Run the machine until it is off."""
    result = work / "result"
    result.touch()
    command = [
        "/usr/bin/qemu-system-x86_64",
        "-nodefaults", "-no-user-config", "-no-reboot",
        "-display", "none", "-nic", "none",
        "-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", CPU,
        "-smp", str(MACHINES[name].processors), "-m", str(MEMORY_MIB),
        "-kernel", image / "kernel", "-initrd", image / "initrd",
        "-append", f"{COMMAND_LINE} {MACHINES[name].kernel_arguments}",
        "-drive", f"file={image / 'disk'},if=virtio,format=raw,snapshot=on",
        "-drive", f"file={work / 'payload'},if=virtio,format=raw,readonly=on",
        "-drive", f"file={work / 'swap'},if=virtio,format=raw,cache=unsafe",
        "-drive", f"file={work / 'recorded'},if=virtio,format=raw",
        "-drive", f"file={work / 'slow'},if=virtio,format=raw,throttling.iops-total={SLOW_IOPS}",
        "-serial", f"file:{work / 'console'}", "-serial", f"file:{result}",
    ]  # fmt: skip
    began = time.monotonic()
    with subprocess.Popen(command) as machine:  # noqa: S603 - ours
        try:
            follow(machine, name, result, timeout)
            ended = machine.poll()
        finally:
            machine.kill()
    seconds = time.monotonic() - began
    found = END.search(result.read_bytes())
    status = int(found[1]) if found else None
    if status is not None:
        ending = f"exit status {status}"
    elif ended is None:
        ending = "ended without a result, not off in time"
    else:
        ending = f"died without a result, its emulator's exit status {ended}"
    died = status is None and ended is not None
    words = "" if status == 0 else f"{last_lines(work / 'console')}\n{last_lines(result)}"
    return Run(status, ending, died, seconds, words)


def last_lines(file: Path) -> str:
    lines = file.read_text(errors="replace").splitlines()
    return "\n".join([line.rstrip() for line in lines if line.strip()][-LAST_LINES:])


def follow(machine: subprocess.Popen[bytes], name: str, result: Path, timeout: float) -> None:
    """Show what the tests say, line by line, until the machine is off."""
    deadline = time.monotonic() + timeout
    rest = b""
    ended = False  # what comes afterwards are noises of the machine going off
    with result.open("rb") as said:
        while True:
            over = machine.poll() is not None or STOP.is_set() or time.monotonic() > deadline
            *lines, rest = (rest + said.read()).split(b"\n")
            for line in (*lines, rest) if over else lines:
                if not ended:
                    say(name, line.decode(errors="replace").rstrip("\r"))
                ended = ended or END.search(line) is not None
            if over:
                return
            time.sleep(0.2)


def bring_out(work: Path, name: str, run: Run, options: argparse.Namespace) -> None:
    """What is wanted of a machine that is off."""
    if options.log:
        options.log.mkdir(parents=True, exist_ok=True)
        (options.log / work.name).write_bytes((work / "console").read_bytes())
    if run.status is None:
        console = (work / "console").read_bytes()[-20000:]
        say(name, f"{console.decode(errors='replace')}\n{run.ending}; its console is above")
    elif options.record:
        with tarfile.open(work / "recorded") as tar:
            for tree in {Path(each.name).parts[0] for each in tar if each.name != "."}:
                shutil.rmtree(options.record / tree, ignore_errors=True)
            tar.extractall(options.record, filter="data")


if __name__ == "__main__":
    raise SystemExit(main())
