"""The systemd units that publish what a host has room for."""

import contextlib
import os
from typing import Final

from xmlresource.system.machine import Machine
from xmlresource.system.systemd.timer import FOLDER, quoted_path, systemctl, write_unit

NAME: Final = "xmlresource-fleet"

_HEAD: Final = "# Installed by `xmlresource fleet publish --install`, removed by `--uninstall`.\n"
_UNITS: Final = {
    "service": """\
[Unit]
Description=Tell the fleet what room this host has for guests
After=network-online.target
Wants=network-online.target
# The ledger may change often, and each time counts.
StartLimitIntervalSec=0

[Service]
Type=oneshot
ExecStart={python} -I -m xmlresource fleet publish --quiet
# A server that is away costs this message, and nothing else on the host.
TimeoutStartSec=60
# PGSERVICE and the like, where /etc/xmlresource.toml does not name the service.
EnvironmentFile=-/etc/default/xmlresource-fleet
""",
    "timer": """\
[Unit]
Description=Tell the fleet every half minute that this host is there

[Timer]
OnBootSec=10s
OnUnitActiveSec=30s
AccuracySec=1s

[Install]
WantedBy=timers.target
""",
    "path": """\
[Unit]
Description=Tell the fleet when the ledger of promises has changed

[Path]
PathChanged=/run/xmlresource/ledger

[Install]
WantedBy=paths.target
""",
}
_STARTED: Final = ("timer", "path")


def install(machine: Machine, python: str) -> None:
    """Install and start the timer and the path unit.

    Args:
        machine: The machine.
        python: The interpreter that finds the package.

    Raises:
        OSError: They can't be written, or systemd does not take them.
    """
    for kind, text in _UNITS.items():
        content = _HEAD + text.replace("{python}", quoted_path(python))
        write_unit(machine, f"{FOLDER}/{NAME}.{kind}", content)
    systemctl(machine, "daemon-reload")
    systemctl(machine, "enable", "--now", *(f"{NAME}.{kind}" for kind in _STARTED))


def uninstall(machine: Machine) -> bool:
    """Stop and remove them; whether there were some.

    Raises:
        OSError: They can't be removed, or systemd does not let them go.
    """
    if machine.read_if_there(f"{FOLDER}/{NAME}.timer") is None:
        return False
    systemctl(machine, "disable", "--now", *(f"{NAME}.{kind}" for kind in _STARTED))
    for kind in _UNITS:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(machine.path(f"{FOLDER}/{NAME}.{kind}"))
    systemctl(machine, "daemon-reload")
    return True
