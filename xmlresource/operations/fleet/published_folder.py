"""A fleet without a server: a folder of the objects that hosts publish."""

import os

from xmlresource.errors import XmlresourceError
from xmlresource.fleet.checked_json import PublishedError
from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.report_reader import MOST_BYTES, report_of
from xmlresource.system.files.published_files import published_files


class FolderError(XmlresourceError, ValueError):
    """A folder in which no fleet is to be found."""


def hosts_in(folder: str | os.PathLike[str]) -> tuple[FleetHost, ...]:
    """The hosts whose objects are in a folder (``*.json``), by name.

    Of two about one host the newer one of the same boot counts, else the one made later. How old
    they are can't be told: nobody's clock is trusted.

    Raises:
        FolderError: A file holds no such object, or there is none.
        OSError: The folder or a file can't be read.
    """
    found: dict[str, FleetHost] = {}
    for path, text in published_files(os.fspath(folder), MOST_BYTES + 1).items():
        try:
            report = report_of(text)
        except PublishedError as error:
            raise FolderError(f"{error.of(path)}; remove the file or collect it anew") from error
        known = found.get(report.name)
        if known is None or known.report is None or _is_newer(report, known.report):
            found[report.name] = FleetHost(report.name, report)
    if not found:
        raise FolderError(f"{os.fspath(folder)}: no *.json that a host has published")
    return tuple(found[name] for name in sorted(found))


def _is_newer(report: HostReport, known: HostReport) -> bool:
    if report.boot_id == known.boot_id:
        return report.sequence > known.sequence
    return report.made > known.made
