"""Claim room for a guest on a host of the fleet, and release it.

A claim is decided on while its host's row is locked, from the host's last report and all that is
claimed there by then, and written in the same transaction. So whoever is killed leaves either a
claim or none, and two never get the same room.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from xmlresource.errors import XmlresourceError
from xmlresource.fleet.claim_attempt import ClaimOutcome, HostRefusal, Offer, offer_of
from xmlresource.fleet.fleet_admission import FleetGuest
from xmlresource.fleet.fleet_state import FleetHost, rooms_of
from xmlresource.fleet.host_order import RankingGoal, RoomyHost, beside, in_order
from xmlresource.operations.fleet.fleet_guest import fleet_guest
from xmlresource.operations.fleet.fleet_server import connect, rows_of
from xmlresource.operations.named_document import AnyInput
from xmlresource.promises.promise import Key
from xmlresource.record import record, replace
from xmlresource.system.machine import Machine

if TYPE_CHECKING:
    from xmlresource.system.fleet_store.fleet_rows import FleetRows

DEFAULT_TTL: Final = 600.0
LONGEST_TTL: Final = 7 * 24 * 3600.0

_AT_ONCE: Final = 8
_ROUNDS: Final = 5


class UnknownHostError(XmlresourceError, ValueError):
    """A host that the fleet does not know."""


@record
class ClaimAnswer:
    """What came of a claim.

    Attributes:
        name: The guest's name.
        uuid: Its uuid.
        host: The host on which it is claimed; ``None`` where it fits nowhere.
        ttl: For how many seconds.
        refusals: Why not on others, as far as they were asked.
    """

    name: str
    uuid: str
    host: str | None
    ttl: float
    refusals: tuple[HostRefusal, ...] = ()


@record
class Wish:
    """A claim that is wanted.

    Attributes:
        guest: The guest.
        host: The only host that will do; ``None`` for any.
        ttl: For how many seconds.
        pack: Whether the fullest host that fits comes first, not the emptiest.
        source: The host that it is to be moved from; ``None`` where it starts.
        moving: Whether the move is under way.
    """

    guest: FleetGuest
    host: str | None = None
    ttl: float = DEFAULT_TTL
    pack: bool = False
    source: str | None = None
    moving: bool = False

    @property
    def key(self) -> Key:
        """Whose it will be."""
        return self.guest.demand.key

    @property
    def goal(self) -> RankingGoal:
        """Which of the hosts that fit comes first."""
        return RankingGoal.PACK if self.pack else RankingGoal.SPREAD

    def best_first(self, hosts: Iterable[RoomyHost]) -> list[str]:
        """Hosts in the order in which they are asked, the one in which `fleet check` names them."""
        return [each.host for each in in_order(hosts, self.guest.demand, self.goal)]


def claim(
    document: AnyInput,
    host: str | None = None,
    ttl: float = DEFAULT_TTL,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    pack: bool = False,
) -> ClaimAnswer:
    """Claim room for the guest that a document defines.

    A guest that is claimed already stays where it is claimed, for another ``ttl``: who has lost an
    answer may ask again.

    Args:
        document: The document.
        host: The only host that will do; ``None`` for any.
        ttl: For how many seconds.
        machine: The machine, for how the server is named.
        pack: Whether the fullest host that fits comes first, not the emptiest.

    Raises:
        DocumentError: The document can't be read, or is no domain.
        FaultyGuestError: It has errors.
        NamelessGuestError: It has no uuid.
        UnknownHostError: There is no such host.
        FleetServerError: The server is away or refuses.
    """
    wish = Wish(fleet_guest(document), host, ttl, pack)
    with connect(machine) as connection:
        return claim_in(rows_of(connection), wish)


def claim_in(rows: "FleetRows", wish: Wish) -> ClaimAnswer:
    """Claim room in a fleet that is open already.

    Raises:
        UnknownHostError: There is no such host.
        FleetServerError: The server is away or refuses.
        PublishedError: What somebody wrote of this guest's claim makes no sense.
    """
    for _ in range(_ROUNDS):
        answer = _Claiming(rows, wish).answer()
        if answer is not None:
            return answer
    raise XmlresourceError("the guest is claimed elsewhere again and again: see who else does so")


def release(
    uuid: str,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    driver: str | None = None,
) -> tuple[str, ...]:
    """Drop the claims of a guest; the hosts on which there were some.

    Args:
        uuid: The guest's uuid, as libvirt writes it.
        machine: The machine, for how the server is named.
        driver: Of this driver of libvirt alone.

    Raises:
        FleetServerError: The server is away or refuses.
    """
    with connect(machine) as connection:
        return rows_of(connection).release(uuid, driver)


class _Claiming:
    """One round of looking for a host."""

    def __init__(self, rows: "FleetRows", wish: Wish) -> None:
        self._rows: Final = rows
        self._wish: Final = wish
        self._refusals: Final[dict[str, HostRefusal]] = {}
        self._known: Final = rows.claim_of(wish.key)

    def answer(self) -> ClaimAnswer | None:
        """The answer; ``None`` where the guest was claimed elsewhere meanwhile."""
        if self._wish.host is not None:
            return self._done(self._wish.host, self._try(self._wish.host, wait=True), last=True)
        if self._known is not None:
            found = self._try(self._known.host, wait=True)
            if found is not ClaimOutcome.REFUSED:
                return self._done(self._known.host, found)
        return self._among_likely() or self._among_all()

    def _among_likely(self) -> ClaimAnswer | None:
        """Of the hosts that have the room, one that nobody else holds just now."""
        tried = set(self._refusals)
        demand, goal = self._wish.guest.demand, self._wish.goal
        while hosts := self._rows.candidates(demand, goal, tried, _AT_ONCE):
            names = self._wish.best_first(hosts)
            for name in names:
                found = self._try(name, wait=False)
                if found is ClaimOutcome.CLAIMED:
                    return self._done(name, found)
            tried.update(names)
        return None

    def _among_all(self) -> ClaimAnswer | None:
        """Of all hosts, also those that others hold; else why it fits on none."""
        for name in _in_order(self._rows.hosts(), self._wish):
            found = self._try(name, wait=True)
            if found is not ClaimOutcome.REFUSED:
                return self._done(name, found)
        for host in self._rows.hosts():
            refusal = offer_of(host, self._wish.guest).refusal
            if refusal is not None:
                self._refusals[host.name] = refusal
        return self._done("", ClaimOutcome.REFUSED, last=True)

    def _try(self, name: str, *, wait: bool) -> ClaimOutcome:
        from xmlresource.system.fleet_store.fleet_rows import NewClaim  # noqa: PLC0415 -- an extra

        wish = self._wish
        with self._rows.locked(name, wait=wait) as host:
            if host is None:
                if wait:
                    raise UnknownHostError(f"the fleet knows no host {name!r}")
                return ClaimOutcome.BUSY
            offer = offer_of(_without(host, wish.key), wish.guest)
            if offer.promise is None:
                return self._refused(name, offer)
            instead_of = None if self._known is None else self._known.host
            new = NewClaim(name, offer.promise, wish.ttl, wish.source, wish.moving, instead_of)
            return ClaimOutcome.CLAIMED if self._rows.write(new) else ClaimOutcome.ELSEWHERE

    def _refused(self, name: str, offer: Offer) -> ClaimOutcome:
        if offer.refusal is not None:
            self._refusals[name] = offer.refusal
        return ClaimOutcome.REFUSED

    def _done(self, name: str, outcome: ClaimOutcome, *, last: bool = False) -> ClaimAnswer | None:
        demand = self._wish.guest.demand
        if outcome is ClaimOutcome.CLAIMED:
            return ClaimAnswer(demand.name, demand.uuid, name, self._wish.ttl)
        if outcome is ClaimOutcome.REFUSED and last:
            refusals = tuple(self._refusals[each] for each in sorted(self._refusals))
            return ClaimAnswer(demand.name, demand.uuid, None, 0, refusals)
        return None


def _without(host: FleetHost, key: Key) -> FleetHost:
    """The host without the guest's own claim, which a new one replaces."""
    claims = tuple(each for each in host.claims if each.promise.key != key)
    return replace(host, claims=claims)


def _in_order(hosts: tuple[FleetHost, ...], wish: Wish) -> list[str]:
    """The hosts that would take the guest, those first that are to be asked first."""
    fitting = []
    for each in hosts:
        offer = offer_of(_without(each, wish.key), wish.guest)
        if each.report is not None and offer.promise is not None:
            room = beside(rooms_of(each.report), each.claimed, wish.guest.demand)
            fitting.append(RoomyHost(each.name, room, each.report.facts.memory.total))
    return wish.best_first(fitting)
