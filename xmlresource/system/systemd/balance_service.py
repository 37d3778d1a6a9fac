"""The systemd service that balances memory among running guests."""

import contextlib
import os
from typing import Final

from xmlresource.system.machine import Machine
from xmlresource.system.systemd import timer
from xmlresource.system.systemd.timer import FOLDER, quoted_path, write_unit

NAME: Final = "xmlresource-balance.service"

# Status 2 is an unusable configuration or a second instance: another try would end in the same way.
_UNIT: Final = """\
# Installed by `xmlresource hook install --balance`, removed by `xmlresource hook uninstall`.
[Unit]
Description=Move memory between the host and its running guests
Documentation=man:xmlresource-balance(1)
After=libvirtd.service virtqemud.service

[Service]
ExecStart={python} -I -m xmlresource balance
Restart=on-failure
RestartPreventExitStatus=2
RestartSec=5
OOMScoreAdjust=-900
NoNewPrivileges=yes
PrivateTmp=yes

[Install]
WantedBy=multi-user.target
"""


def install(machine: Machine, python: str | None) -> None:
    """Install, enable and start the service; one that runs is started anew.

    Args:
        machine: The machine.
        python: The interpreter that finds the package; ``None`` where a distribution's package has
            brought the unit.

    Raises:
        OSError: It can't be written, or systemd does not take it.
    """
    if python is not None:
        write_unit(machine, f"{FOLDER}/{NAME}", _UNIT.format(python=quoted_path(python)))
    timer.systemctl(machine, "daemon-reload")
    timer.systemctl(machine, "enable", NAME)
    timer.systemctl(machine, "restart", NAME)


def uninstall(machine: Machine) -> bool:
    """Stop and remove the service; whether there was one.

    Raises:
        OSError: It can't be removed, or systemd does not let it go.
    """
    if not is_installed(machine):
        return False
    timer.systemctl(machine, "disable", "--now", NAME)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(machine.path(f"{FOLDER}/{NAME}"))
    timer.systemctl(machine, "daemon-reload")
    return True


def is_installed(machine: Machine) -> bool:
    """Whether there is a unit, or one that a distribution's package has brought is enabled.

    Raises:
        OSError: It can't be read.
    """
    wanted = machine.names_in(f"{FOLDER}/multi-user.target.wants")
    return NAME in wanted or machine.read_if_there(f"{FOLDER}/{NAME}") is not None
