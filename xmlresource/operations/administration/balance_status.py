"""What balancing did to the host's guests, as its history and its settings have it.

The service itself is not asked: it may not run, and what it knows is no more than this.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from xmlresource.admission.reckoning import Rule
from xmlresource.configuration.balance_settings import Mode
from xmlresource.model.events import ADMITTED, GIVEN_BACK, RECLAIMED, REFUSED
from xmlresource.operations.administration.history import history
from xmlresource.operations.guests.guest_definitions import GuestDefinition
from xmlresource.operations.host import Host
from xmlresource.operations.promises.prepare import MADE_ROOM
from xmlresource.promises.promise import Key
from xmlresource.record import field, record
from xmlresource.system.libvirt import guests

DAY: Final = 24 * 3600

_OPERATION: Final = "balance"
_MOVED: Final = (RECLAIMED, GIVEN_BACK)


@record
class MovedMemory:
    """What balancing asked of one running guest in the last day, in bytes.

    Attributes:
        key: The guest's driver and uuid.
        name: Its name.
        taken: What was to be taken from it.
        given: What was given back to it.
    """

    key: Key
    name: str
    taken: int
    given: int


@record
class BalanceStatus:
    """What balancing did in the last day, as far as the history goes back. Sizes are in bytes.

    Attributes:
        mode: What it may do.
        taken: What was to be taken from guests, those that have ended included.
        given: What was given back to them.
        last: When memory was last taken and given, in seconds since 1970, by the event's kind.
        guests: The running guests from or to which something was moved.
        starts_given_room: Starts that were admitted after room was made for them.
        starts_short: Starts that were refused because guests use what is promised to nobody.
    """

    mode: Mode
    taken: int = 0
    given: int = 0
    last: Mapping[str, int] = field(default_factory=dict)
    guests: tuple[MovedMemory, ...] = ()
    starts_given_room: int = 0
    starts_short: int = 0


def balance_status(host: Host, running: Iterable[GuestDefinition]) -> BalanceStatus | None:
    """What balancing did on a host; ``None`` where it was never set up.

    Args:
        host: The host.
        running: The guests that run.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        StateError: The history can't be read.
    """
    settings = host.configuration.balance
    if settings is None:
        return None
    since = guests.seconds_since_1970() - DAY
    records = history(since=since, limit=None, machine=host.machine).records
    steps = [each for each in records if _is_step(each)]
    sums: Counter[tuple[str, str]] = Counter()
    for each in steps:
        sums[each["event"], str(each.get("uuid"))] += each["size"]
    moved = (
        MovedMemory(
            each.key, each.name, sums[RECLAIMED, each.key[1]], sums[GIVEN_BACK, each.key[1]]
        )
        for each in running
    )
    return BalanceStatus(
        mode=settings.mode,
        taken=_sum(steps, RECLAIMED),
        given=_sum(steps, GIVEN_BACK),
        last={each["event"]: each["time"] for each in steps},
        guests=tuple(each for each in moved if each.taken or each.given),
        starts_given_room=sum(each["event"] == ADMITTED and MADE_ROOM in each for each in records),
        starts_short=sum(
            each["event"] == REFUSED and each.get("rule") == Rule.PHYSICAL.value for each in records
        ),
    )


def _is_step(entry: Mapping[str, Any]) -> bool:
    """Whether a record is a step of balancing that was done."""
    is_moved = entry["event"] in _MOVED and entry.get("operation") == _OPERATION
    return is_moved and isinstance(entry.get("size"), int)


def _sum(steps: Iterable[Mapping[str, Any]], kind: str) -> int:
    return sum(each["size"] for each in steps if each["event"] == kind)
