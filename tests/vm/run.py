"""Boot the test machine, run the tests in it, bring out what they said and how they ended.

Usage: python tests/vm/run.py [--suite bookworm] [--kernel-arguments ...] [PYTEST-ARGUMENT ...]

As root (image.sh makes a Debian). The machine is QEMU under software emulation, has no network,
and leaves the cached image as it was. Exit status: that of pytest; 99 where the machine never got
so far.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
REPOSITORY = HERE.parents[1]
NO_RESULT = 99
# QEMU 7.2 emulates AVX wrongly now and then (so not `max`), and CMPXCHG16B, of which Debian 13's
# kernel dies in its allocator.
CPU = "Nehalem,-cx16"
MEMORY_MIB = 2048
SWAP_MIB = 2048
END = re.compile(rb"--- exit status (\d+) ---")
# Also shows a kernel that can't find its disk.
COMMAND_LINE = "root=/dev/vda rw console=ttyS0 panic=-1 quiet systemd.show_status=no"

RUN = """\
set -eu
cd /payload
swapon /dev/vdc
/opt/xmlresource/bin/python -m pip install --quiet --disable-pip-version-check \\
    --no-index --no-deps --no-compile wheel/*.whl
echo "--- $(uname -r), $(systemctl --version | head -1), libvirt $(libvirtd --version), \
$(stat -fc %T /sys/fs/cgroup) ---"
exec /opt/xmlresource/bin/python -m pytest -p no:cacheprovider -v -s --color=no --durations=10 \\
    {arguments}
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suite", default="bookworm", help="the Debian release")
    parser.add_argument("--kernel-arguments", default="", metavar="WORDS")
    parser.add_argument("--timeout", type=float, default=3600, metavar="SECONDS")
    parser.add_argument("--log", type=Path, help="keep the machine's console here")
    options, arguments = parser.parse_known_args()
    build = ["/bin/sh", HERE / "image.sh", options.suite]
    built = subprocess.run(build, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    image = Path(built.stdout.strip())
    with tempfile.TemporaryDirectory(prefix="xmlresource-vm-", dir="/var/tmp") as folder:
        work = Path(folder)
        payload(work, arguments or ["tests/vm"])
        status = boot(image, work, options)
        if options.log:
            options.log.write_bytes((work / "console").read_bytes())
        if status == NO_RESULT:
            sys.stdout.buffer.write((work / "console").read_bytes()[-20000:])
            sys.stdout.write("\nthe machine ended without a result; its console is above\n")
    return status


def payload(work: Path, arguments: list[str]) -> None:
    """The second disk: the wheel, the tests, and what to run; and the third, swap."""
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", work / "wheel", REPOSITORY]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - ours
    (work / "run").write_text(RUN.format(arguments=shlex.join(arguments)))
    with tarfile.open(work / "payload", "w", format=tarfile.PAX_FORMAT) as tar:
        tar.add(work / "wheel", "wheel")
        tar.add(work / "run", "run")
        tar.add(REPOSITORY / "pyproject.toml", "pyproject.toml")
        for folder in ("tests/vm", "tests/e2e"):
            tar.add(REPOSITORY / folder, folder, filter=without_caches)
    with (work / "swap").open("wb") as swap:
        swap.truncate(SWAP_MIB << 20)
    subprocess.run(["/sbin/mkswap", "-q", work / "swap"], check=True)  # noqa: S603 - fixed words


def without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def boot(image: Path, work: Path, options: argparse.Namespace) -> int:
    """Run the machine until it is off; the tests' exit status comes back."""
    result = work / "result"
    result.touch()
    command = [
        "/usr/bin/qemu-system-x86_64",
        "-nodefaults", "-no-user-config", "-no-reboot",
        "-display", "none", "-nic", "none",
        "-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", CPU,
        "-smp", str(min(2, os.cpu_count() or 1)), "-m", str(MEMORY_MIB),
        "-kernel", image / "kernel", "-initrd", image / "initrd",
        "-append", f"{COMMAND_LINE} {options.kernel_arguments}",
        "-drive", f"file={image / 'disk'},if=virtio,format=raw,snapshot=on",
        "-drive", f"file={work / 'payload'},if=virtio,format=raw,readonly=on",
        "-drive", f"file={work / 'swap'},if=virtio,format=raw,cache=unsafe",
        "-serial", f"file:{work / 'console'}", "-serial", f"file:{result}",
    ]  # fmt: skip
    with subprocess.Popen(command) as machine:  # noqa: S603 - ours
        try:
            follow(machine, result, options.timeout)
        finally:
            machine.kill()
    found = END.search(result.read_bytes())
    return int(found[1]) if found else NO_RESULT


def follow(machine: subprocess.Popen[bytes], result: Path, timeout: float) -> None:
    """Show what the tests say until the machine is off."""
    deadline = time.monotonic() + timeout
    ended = False  # what comes afterwards are noises of the machine going off
    with result.open("rb") as lines:
        while True:
            over = machine.poll() is not None
            for line in lines.readlines():
                if not ended:
                    sys.stdout.buffer.write(line)
                ended = ended or END.search(line) is not None
            sys.stdout.flush()
            if over or time.monotonic() > deadline:
                return
            time.sleep(0.2)


if __name__ == "__main__":
    raise SystemExit(main())
