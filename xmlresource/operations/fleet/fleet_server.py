"""The fleet's server, opened as the host's settings or libpq's variables name it."""

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from xmlresource.errors import XmlresourceError
from xmlresource.operations.host import open_host
from xmlresource.system.machine import Machine

if TYPE_CHECKING:
    from xmlresource.system.fleet_store.fleet_connection import FleetConnection
    from xmlresource.system.fleet_store.fleet_rows import FleetRows

_STORE: Final = "xmlresource.system.fleet_store"


class MissingClientError(XmlresourceError):
    """The package that speaks PostgreSQL's protocol is not installed."""


def connect(machine: Machine) -> "FleetConnection":
    """A session with the fleet's server.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        MissingClientError: psycopg is not installed.
        FleetServerError: The server can't be reached in time.
    """
    service = open_host(machine).configuration.fleet.service
    store = require_client()
    connection: FleetConnection = store.FleetConnection.open(service)
    return connection


def require_client() -> ModuleType:
    """The module that connects.

    Raises:
        MissingClientError: psycopg is not installed.
    """
    try:
        return import_module(f"{_STORE}.fleet_connection")
    except ImportError as error:
        if (getattr(error, "name", None) or "").startswith("xmlresource"):
            raise
        raise MissingClientError(
            f"this takes psycopg 3: pip install 'xmlresource[fleet]' ({error})"
        ) from error


def rows_of(connection: "FleetConnection") -> "FleetRows":
    """The tables, through a connection, if they are those that this program knows.

    Raises:
        FleetServerError: They are not, or the server is away or refuses.
    """
    import_module(f"{_STORE}.fleet_schema").check_version(connection)
    rows: FleetRows = import_module(f"{_STORE}.fleet_rows").FleetRows(connection)
    return rows
