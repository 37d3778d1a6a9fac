"""Publish what this host, or another, has room for."""

import json
import os

from xmlresource.errors import XmlresourceError
from xmlresource.fleet.checked_json import PublishedError
from xmlresource.fleet.fleet_state import rooms_of
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.report_reader import MOST_BYTES, report_of
from xmlresource.operations.fleet.fleet_server import connect, rows_of
from xmlresource.operations.fleet.host_publication import host_report
from xmlresource.record import record
from xmlresource.system.files import document_files
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import fleet_units


class UnreadableReportError(XmlresourceError, ValueError):
    """A file that holds no object of a host."""


@record
class Publication:
    """What came of a message.

    Attributes:
        report: The message.
        taken: Whether the fleet took it; it leaves those that are older than what it knows.
    """

    report: HostReport
    taken: bool


def publish(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    source: str | os.PathLike[str] | None = None,
) -> Publication:
    """Tell the fleet's server what a host has room for.

    Args:
        machine: The machine: the host, and how the server is named.
        source: A file with the object of a host, ``-`` for standard input; ``None`` for this host.

    Raises:
        UnreadableReportError: The file holds no such object.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        FleetServerError: The server is away or refuses.
        OSError: A kernel file can't be read.
    """
    report = host_report(machine) if source is None else read(source)
    message = json.dumps(report_as_fields(report), separators=(",", ":"))
    try:
        report_of(message)
    except PublishedError as error:
        raise UnreadableReportError(f"nobody would take this host's message: {error}") from error
    with connect(machine) as connection:
        return Publication(report, rows_of(connection).publish(message, rooms_of(report)))


def read(source: str | os.PathLike[str]) -> HostReport:
    """The object of a host that a file holds; ``-`` is standard input.

    Raises:
        UnreadableReportError: It holds none, or can't be read.
    """
    name = os.fspath(source)
    try:
        return report_of(document_files.read(name, MOST_BYTES + 1))
    except PublishedError as error:
        raise UnreadableReportError(str(error.of(name))) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UnreadableReportError(f"{name}: can't be read: {reason}") from error


def install(machine: Machine, python: str) -> None:
    """Have systemd publish: every half minute, and when the ledger has changed.

    Raises:
        OSError: The units can't be written, or systemd does not take them.
    """
    fleet_units.install(machine, python)


def uninstall(machine: Machine) -> bool:
    """Have systemd publish no more; whether it did.

    Raises:
        OSError: The units can't be removed, or systemd does not let them go.
    """
    return fleet_units.uninstall(machine)
