"""The systemd service and timer that repair what has gone astray."""

import contextlib
import os
import subprocess
from typing import Final

from xmlresource.system.machine import Machine

FOLDER: Final = "/etc/systemd/system"
NAME: Final = "xmlresource-reconcile"
_MODE: Final = 0o644
_SERVICE: Final = """\
# Installed by `xmlresource hook install --systemd`, removed by `xmlresource hook uninstall`.
[Unit]
Description=Put memory guarantees of running guests in force where they are not
Documentation=man:systemd.resource-control(5)
After=libvirtd.service virtqemud.service virtlxcd.service

[Service]
Type=oneshot
ExecStart={python} -I -m xmlresource apply --all
"""
_TIMER: Final = """\
# Installed by `xmlresource hook install --systemd`, removed by `xmlresource hook uninstall`.
[Unit]
Description=Look after the memory guarantees of running guests

[Timer]
OnBootSec=1min
OnUnitActiveSec=1min
AccuracySec=10s

[Install]
WantedBy=timers.target
"""


def install(machine: Machine, python: str | None) -> None:
    """Install and start the timer.

    Args:
        machine: The machine.
        python: The interpreter that finds the package; ``None`` where a distribution's package has
            brought the units.

    Raises:
        OSError: It can't be written, or systemd does not take it.
    """
    if python is not None:
        write_unit(machine, f"{FOLDER}/{NAME}.service", _SERVICE.format(python=quoted_path(python)))
        write_unit(machine, f"{FOLDER}/{NAME}.timer", _TIMER)
    systemctl(machine, "daemon-reload")
    systemctl(machine, "enable", "--now", f"{NAME}.timer")


def uninstall(machine: Machine) -> bool:
    """Stop and remove the timer; whether there was one.

    Raises:
        OSError: It can't be removed, or systemd does not let it go.
    """
    if not is_installed(machine):
        return False
    systemctl(machine, "disable", "--now", f"{NAME}.timer")
    for kind in ("timer", "service"):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(machine.path(f"{FOLDER}/{NAME}.{kind}"))
    systemctl(machine, "daemon-reload")
    return True


def is_installed(machine: Machine) -> bool:
    """Whether there is a timer, or one that a distribution's package has brought is enabled.

    Raises:
        OSError: It can't be read.
    """
    wanted = machine.names_in(f"{FOLDER}/timers.target.wants")
    return f"{NAME}.timer" in wanted or machine.read_if_there(f"{FOLDER}/{NAME}.timer") is not None


def write_unit(machine: Machine, path: str, text: str) -> None:
    """Write a unit's file.

    Raises:
        OSError: It can't be written.
    """
    real = machine.path(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(real, flags, _MODE)
    try:
        os.write(descriptor, text.encode("utf-8"))
    finally:
        os.close(descriptor)


def systemctl(machine: Machine, *words: str) -> None:
    """Run systemctl.

    Raises:
        OSError: There is none, it fails, or the machine is not this one.
    """
    if machine.root != "/":
        raise OSError("systemd can only be told of what is on this machine itself")
    try:
        done = subprocess.run(  # noqa: S603 -- fixed words
            ("/bin/systemctl", "--quiet", *words), capture_output=True, check=False, text=True
        )
    except FileNotFoundError as error:
        raise OSError("there is no systemctl: systemd does not run this host") from error
    if done.returncode:
        raise OSError(f"systemctl {' '.join(words)}: {done.stderr.strip()}")


def quoted_path(path: str) -> str:
    """A path as a unit's ExecStart= takes it (systemd.service(5), systemd.unit(5))."""
    escaped = path.replace("\\", r"\\").replace('"', r"\"").replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'
