"""The hosts of a fleet, from its server or from files."""

import os

from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.operations.fleet.fleet_server import connect, rows_of
from xmlresource.operations.fleet.published_folder import hosts_in
from xmlresource.system.machine import Machine


def fleet_hosts(
    folder: str | os.PathLike[str] | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> tuple[FleetHost, ...]:
    """All hosts of the fleet, by name.

    Args:
        folder: A folder of the objects that hosts publish; ``None`` for the fleet's server.
        machine: The machine, for how the server is named.

    Raises:
        FolderError: The folder holds something else.
        FleetServerError: The server is away or refuses.
        OSError: The folder can't be read.
    """
    if folder is not None:
        return hosts_in(folder)
    with connect(machine) as connection:
        return rows_of(connection).hosts()
