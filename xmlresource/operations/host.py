"""The host that an operation is on."""

import os

from xmlresource.configuration import Configuration
from xmlresource.record import record
from xmlresource.system import guests
from xmlresource.system.config import read_configuration
from xmlresource.system.machine import Machine
from xmlresource.system.state import FOLDER, StateFolder, Transaction


@record
class Host:
    """Its files, its settings, its book."""

    machine: Machine
    configuration: Configuration
    state: StateFolder

    def transaction(self) -> Transaction:
        """The book, to be locked with ``with``.

        Raises:
            OSError: The kernel does not tell its boot id.
        """
        boot_id = guests.boot_id(self.machine)
        return self.state.transaction(boot_id, self.configuration.lock_timeout)


def open_host(machine: Machine) -> Host:
    """The host of ``machine``; its book is not opened yet.

    Raises:
        ConfigurationError: Its configuration can't be used.
    """
    state = StateFolder(machine.path(FOLDER), owner=os.geteuid())
    return Host(machine, read_configuration(machine), state)
