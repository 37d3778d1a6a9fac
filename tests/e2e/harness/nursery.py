"""Run a daemon as a good init would: alone in its mount namespace, its orphans reaped.

Run as a program of its own: `nursery.py [--without PATH]... [--kvm-for GROUP] -- ARGV...`.

- QEMU and libvirt's probes of it daemonize. Where init reaps slowly or never (containers),
  libvirt waits for zombies to vanish, 2 s for each. Here the nursery adopts and reaps them.
- Where /dev/kvm exists and only root may open it, libvirt probes QEMU anew at every define
  and start. In this namespace alone, the device belongs to the group that may use it.
- `--without` unmounts something in this namespace alone.

It ends when the daemon and every guest that the daemon started have ended.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
KVM = Path("/dev/kvm")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--without", action="append", default=[], metavar="PATH")
    parser.add_argument("--kvm-for", metavar="GROUP")
    parser.add_argument("argv", nargs="+")
    options = parser.parse_args()
    for path in options.without:
        _run("umount", path)
    if options.kvm_for and KVM.exists():
        _lend_kvm(options.kvm_for)
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    subprocess.Popen(options.argv)  # noqa: S603 - the daemon; reaped below with all others
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def _lend_kvm(group: str) -> None:
    """Put a node of the same device, open to the group, over /dev/kvm."""
    # On a tmpfs of our own, since /run and /tmp are often mounted nodev.
    folder = Path(tempfile.mkdtemp())
    node = folder / "kvm"
    _run("mount", "-t", "tmpfs", "tmpfs", str(folder))
    try:
        os.mknod(node, stat.S_IFCHR | 0o660, KVM.stat().st_rdev)
        shutil.chown(node, "root", group)
        node.chmod(0o660)
        _run("mount", "--bind", str(node), str(KVM))
    except OSError as error:
        # Slower, not wrong.
        sys.stderr.write(f"nursery: cannot lend {KVM} to {group}: {error}\n")
    finally:
        _run("umount", "--lazy", str(folder))
        folder.rmdir()


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)  # noqa: S603 - fixed words


if __name__ == "__main__":
    main()
