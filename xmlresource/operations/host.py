"""The host that an operation is on."""

import os

from xmlresource.configuration.host_settings import Configuration
from xmlresource.record import record
from xmlresource.system.configuration.host_settings import read_kept_configuration
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import FOLDER, StateFolder, Transaction


@record
class Host:
    """Its files, its settings, its ledger."""

    machine: Machine
    configuration: Configuration
    state: StateFolder

    def transaction(self) -> Transaction:
        """The ledger, to be locked with ``with``.

        Raises:
            OSError: The kernel does not tell its boot id.
        """
        boot_id = guests.boot_id(self.machine)
        return self.state.transaction(boot_id, self.configuration.lock_timeout)


def open_host(machine: Machine) -> Host:
    """The host of ``machine``; its ledger is not opened yet.

    Raises:
        ConfigurationError: Its configuration can't be used.
    """
    state = state_of(machine)
    return Host(machine, read_kept_configuration(machine, state), state)


def state_of(machine: Machine) -> StateFolder:
    """The folder in which the host's state is kept; it is not opened yet."""
    return StateFolder(machine.path(FOLDER), owner=os.geteuid())
