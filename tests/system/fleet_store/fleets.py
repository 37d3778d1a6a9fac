"""A fleet on a real server, with hosts that are figures alone."""

import json
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.fleet.reports import GIB, promise, report, uuid
from tests.system.fleet_store.cluster import Database
from xmlresource.admission.demand import Demand
from xmlresource.fleet.fleet_admission import FleetGuest
from xmlresource.fleet.fleet_state import FleetHost, rooms_of
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.operations.fleet.claiming import ClaimAnswer, Wish, claim_in
from xmlresource.record import replace
from xmlresource.system.fleet_store.fleet_connection import FleetConnection
from xmlresource.system.fleet_store.fleet_rows import FleetRows

FORK = multiprocessing.get_context("fork")


def guest(number: int, size: int = 4 * GIB) -> FleetGuest:
    """A guest that asks for memory and nothing else."""
    demand = Demand(f"guest{number}", uuid(number), size, ram=size, ordinary=size)
    return FleetGuest(demand)


def with_places(name: str, places: int, **changes: object) -> HostReport:
    """A host that has room for so many of these guests."""
    return replace(report(name, total=4 * GIB + places * 4 * GIB), **changes)


class Fleet:
    """The fleet in a database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @contextmanager
    def rows(self) -> Iterator[FleetRows]:
        with FleetConnection.open() as connection:
            yield FleetRows(connection)

    def publish(self, made: HostReport) -> bool:
        with self.rows() as rows:
            message = json.dumps(report_as_fields(made))
            return rows.publish(message, rooms_of(made))

    def claim(self, number: int, host: str | None = None, **wish: Any) -> ClaimAnswer:
        with self.rows() as rows:
            return claim_in(rows, Wish(guest(number), host, **wish))

    def hosts(self) -> dict[str, FleetHost]:
        with self.rows() as rows:
            return {each.name: each for each in rows.hosts()}

    def claimed(self) -> dict[str, str]:
        """The hosts by the claimed guests' uuids."""
        return {
            claim.promise.uuid: host.name for host in self.hosts().values() for claim in host.claims
        }

    def booked(self) -> int:
        """The rows of claims, expired ones too."""
        ((count,),) = self.database.rows("select count(*) from xmlresource.claim")
        return int(str(count))


def at_once(count: int, work: Callable[[int], Any]) -> list[Any]:
    """What processes of their own make of ``work(number)``, all begun at the same moment."""
    barrier = FORK.Barrier(count)
    answers = FORK.Queue()

    def run(number: int) -> None:
        barrier.wait(60)
        try:
            answers.put((number, work(number)))
        except Exception as error:  # noqa: BLE001 -- told to whoever asked
            answers.put((number, repr(error)))

    workers = [FORK.Process(target=run, args=(number,)) for number in range(count)]
    for worker in workers:
        worker.start()
    found = dict(answers.get(timeout=120) for _ in workers)
    for worker in workers:
        worker.join()
    return [found[number] for number in range(count)]


def until(true: Callable[[], bool], seconds: float = 30) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


__all__ = ("FORK", "GIB", "Fleet", "at_once", "guest", "promise", "until", "uuid", "with_places")
