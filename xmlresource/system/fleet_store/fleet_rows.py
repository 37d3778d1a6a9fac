"""What hosts have published, and what is claimed on them, as the server has it."""

import contextlib
import json
from collections.abc import Collection, Iterator
from typing import Any, Final, TypeAlias

from xmlresource.admission.demand import Demand
from xmlresource.fleet.checked_json import CheckedValue, PublishedError
from xmlresource.fleet.fleet_state import LONGEST_SILENCE, Claim, FleetHost, HostState, OfferedRoom
from xmlresource.fleet.host_order import RankingGoal, RoomyHost
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.report_json import promise_as_fields
from xmlresource.fleet.report_reader import read_promise, report_of
from xmlresource.promises.promise import Key, Promise
from xmlresource.record import record
from xmlresource.system.fleet_store.fleet_connection import FleetConnection, Row

_HOST: Final = """
    select name, state, extract(epoch from clock_timestamp() - published)::float8,
        boot_id::text, sequence
    from xmlresource.host
"""
_CLAIM: Final = """
    select host, driver, uuid::text, promise, source, state = 'moving', claimer::text,
        extract(epoch from expires - clock_timestamp())::float8
    from xmlresource.claim
    where expires > clock_timestamp()
"""
# Rooms are taken as the hosts say them: the decision is made later, from the whole report. Which
# hosts come first is told by the order of `fleet.host_order`.
_CANDIDATES: Final = """
    select name, commitment, physical, total
    from (
        select h.name, h.total,
            h.commitment - coalesce(c.committed, 0) as commitment,
            h.physical - coalesce(c.needed, 0) as physical
        from xmlresource.host h
        left join (
            select host, sum(committed) as committed, sum(needed) as needed
            from xmlresource.claim
            where expires > clock_timestamp() and (driver, uuid) <> (%(driver)s, %(uuid)s::uuid)
            group by host
        ) c on c.host = h.name
        where h.state = 'up'
            and h.published > clock_timestamp() - %(silence)s * interval '1 second'
            and h.name <> all(%(tried)s)
    ) found
    where commitment >= %(committed)s and physical >= %(needed)s
    order by {order}, name collate "C"
    limit %(most)s
"""
_LEFT: Final = "least(commitment - %(committed)s, physical - %(needed)s)::float8"
_ORDERS: Final = {RankingGoal.SPREAD: f"{_LEFT} / total desc", RankingGoal.PACK: _LEFT}
# A claim of the same guest elsewhere gives way only if it is the one that was seen, or has expired.
_WRITE: Final = """
    insert into xmlresource.claim as c
        (driver, uuid, host, promise, committed, needed, source, state, expires)
    values (%(driver)s, %(uuid)s, %(host)s, %(promise)s, %(committed)s, %(needed)s, %(source)s,
        %(state)s, clock_timestamp() + %(ttl)s * interval '1 second')
    on conflict (driver, uuid) do update set
        host = excluded.host, promise = excluded.promise, committed = excluded.committed,
        needed = excluded.needed, source = excluded.source, state = excluded.state,
        created = clock_timestamp(), expires = excluded.expires, claimer = session_user
    where c.host = excluded.host or c.host = %(instead_of)s or c.expires <= clock_timestamp()
"""

_Known: TypeAlias = tuple[tuple[str, int], HostReport | str]


@record
class NewClaim:
    """A claim that is to be written.

    Attributes:
        host: The host.
        promise: What the guest will be promised there.
        ttl: For how many seconds.
        source: The host that it is to be moved from; ``None`` where it starts.
        moving: Whether the move is under way.
        instead_of: The host of a claim of the same guest that this one replaces.
    """

    host: str
    promise: Promise
    ttl: float
    source: str | None = None
    moving: bool = False
    instead_of: str | None = None


class FleetRows:
    """The tables, through one connection. Reports that were read once are kept."""

    def __init__(self, connection: FleetConnection) -> None:
        self._connection: Final = connection
        self._reports: Final[dict[str, _Known]] = {}

    def publish(self, message: str, room: OfferedRoom) -> bool:
        """Send a host's message; whether it was taken, which an older one is not.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        values = (message, room.commitment, room.physical)
        query = "select xmlresource.publish(%s::jsonb, %s::bigint, %s::bigint)"
        ((answer,),) = self._connection.rows(query, values)
        return bool(answer == "taken")

    def hosts(self) -> tuple[FleetHost, ...]:
        """All hosts, by name, with what is claimed on each.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        with self._connection.transaction(snapshot=True):
            rows = self._connection.rows(f"{_HOST} order by name")
            self._read_reports(rows)
            claims: dict[str, list[Row]] = {}
            for row in self._connection.rows(f"{_CLAIM} order by host, driver, uuid"):
                claims.setdefault(row[0], []).append(row)
            return tuple(self._host(row, claims.get(row[0], [])) for row in rows)

    def candidates(
        self, demand: Demand, goal: RankingGoal, tried: Collection[str], most: int
    ) -> tuple[RoomyHost, ...]:
        """The first hosts that have the room by the two rules that need but one figure.

        Args:
            demand: What is asked for.
            goal: Which of them come first.
            tried: The hosts to leave out.
            most: At most so many.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        values = {
            "driver": demand.driver,
            "uuid": demand.uuid,
            "silence": LONGEST_SILENCE,
            "committed": demand.committed,
            "needed": demand.needed,
            "tried": list(tried),
            "most": most,
        }
        rows = self._connection.rows(_CANDIDATES.format(order=_ORDERS[goal]), values)
        return tuple(
            RoomyHost(name, OfferedRoom(int(commitment), int(physical)), int(total))
            for name, commitment, physical, total in rows
        )

    @contextlib.contextmanager
    def locked(self, host: str, *, wait: bool) -> Iterator[FleetHost | None]:
        """One host as it is now, which nobody else changes until the end of the ``with``.

        ``None`` where there is none, or where somebody else has it and ``wait`` is false.

        Raises:
            BusyRowError: Somebody else has it for too long.
            FleetServerError: The server is away or refuses.
        """
        how = "" if wait else " skip locked"
        with self._connection.transaction():
            # The claims are asked for by a statement of their own: one that began before the lock
            # was to be had would not see what was claimed meanwhile (READ COMMITTED).
            rows, claims = self._connection.rows_at_once(
                (f"{_HOST} where name = %s for update{how}", (host,)),
                (f"{_CLAIM} and host = %s", (host,)),
            )
            if not rows:
                yield None
                return
            self._read_reports(rows)
            yield self._host(rows[0], claims)

    def write(self, claim: NewClaim) -> bool:
        """Write a claim; ``False`` where the guest is claimed on another host.

        Call it while the host is locked.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        promise = claim.promise
        values = {
            "driver": promise.driver,
            "uuid": promise.uuid,
            "host": claim.host,
            "promise": json.dumps(promise_as_fields(promise)),
            "committed": promise.committed,
            "needed": promise.needed,
            "source": claim.source,
            "state": "moving" if claim.moving else "claimed",
            "ttl": claim.ttl,
            "instead_of": claim.instead_of,
        }
        return self._connection.run(_WRITE, values) == 1

    def claim_of(self, key: Key) -> Claim | None:
        """The claim of a guest.

        Raises:
            FleetServerError: The server is away or refuses.
            PublishedError: It makes no sense.
        """
        rows = self._connection.rows(f"{_CLAIM} and driver = %s and uuid = %s", key)
        return _claim(rows[0]) if rows else None

    def release(self, uuid: str, driver: str | None = None) -> tuple[str, ...]:
        """Drop the claims of a uuid; the hosts on which they were.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        query = "delete from xmlresource.claim where uuid = %s and driver = coalesce(%s, driver)"
        rows = self._connection.rows(f"{query} returning host", (uuid, driver))
        return tuple(host for (host,) in rows)

    def set_state(self, host: str, state: HostState) -> bool:
        """Say what use is made of a host; ``False`` where there is none of that name.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        statement = "update xmlresource.host set state = %s where name = %s"
        return self._connection.run(statement, (state.value, host)) == 1

    def _host(self, row: Row, claim_rows: list[Row]) -> FleetHost:
        name, state, age, boot_id, _ = row
        report: HostReport | str | None = None
        claims: tuple[Claim, ...] = ()
        if boot_id is not None:
            _, report = self._reports[name]
        problem = report if isinstance(report, str) else ""
        try:
            claims = tuple(map(_claim, claim_rows))
        except PublishedError as error:
            problem = f"a claim on it makes no sense: {error}"
        return FleetHost(
            name=name,
            report=report if isinstance(report, HostReport) else None,
            state=HostState(state),
            age=age,
            claims=claims,
            problem=problem,
        )

    def _read_reports(self, rows: list[Row]) -> None:
        """Read the reports of these hosts, as far as they are not known."""
        versions = {name: (boot_id, number) for name, _, _, boot_id, number in rows if boot_id}
        new = [name for name, each in versions.items() if self._version(name) != each]
        if new:
            query = "select name, report::text from xmlresource.host where name = any(%s)"
            for name, text in self._connection.rows(query, (new,)):
                self._reports[name] = versions[name], _report_or_problem(text)

    def _version(self, name: str) -> tuple[str, int] | None:
        known = self._reports.get(name)
        return None if known is None else known[0]


def _report_or_problem(text: str) -> HostReport | str:
    try:
        return report_of(text)
    except PublishedError as error:
        return str(error)


def _claim(row: Row) -> Claim:
    """The claim in a row.

    Raises:
        PublishedError: It makes no sense.
    """
    host, driver, uuid, fields, source, moving, claimer, left = row
    promise: Any = read_promise(CheckedValue(fields, f"claim of {driver} {uuid}"))
    return Claim(host, promise, left, source, moving, claimer)
