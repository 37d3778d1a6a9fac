"""The last decisions on this host, as it has recorded them."""

from typing import Any, Final

from xmlresource.model.events import read_record
from xmlresource.operations.host import open_host
from xmlresource.record import record
from xmlresource.system.machine import Machine
from xmlresource.system.state import history as history_files

LIMIT: Final = 50
"""How many records are shown unless more are asked for."""


@record
class History:
    """The recorded events, the oldest first.

    Attributes:
        records: The records: ``time`` (seconds since 1970), ``event``, ``message``, and what else
            the event is about.
        skipped: Lines that are no records: torn by a crash, or somebody else's.
    """

    records: tuple[dict[str, Any], ...]
    skipped: int


def history(
    guest: str | None = None,
    since: int | None = None,
    limit: int | None = LIMIT,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> History:
    """The last decisions and deeds on this host.

    Args:
        guest: Only those about the guest of this name or uuid.
        since: Only those from this time on, in seconds since 1970.
        limit: At most so many, the last ones; ``None`` for all that there are.
        machine: The machine.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        StateError: The state folder can't be read.
    """
    lines = history_files.read(open_host(machine).state).splitlines()
    found = [read_record(line) for line in lines if line]
    records = [
        each
        for each in found
        if each is not None
        and (guest is None or guest in {each.get("guest"), each.get("uuid")})
        and (since is None or each["time"] >= since)
    ]
    last = records if limit is None else records[max(0, len(records) - limit) :]
    return History(tuple(last), found.count(None))
