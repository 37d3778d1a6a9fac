"""Claims on a fleet beside bare INSERTs: what deciding about each costs.

Usage: python benchmarks/fleet.py [--claims 10000] [--hosts 500] [--clients 8]

A PostgreSQL of its own is made in a temporary folder and thrown away.
"""

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.system.fleet_store.cluster import Database, running_cluster
from tests.system.fleet_store.fleets import GIB, guest, with_places
from xmlresource.fleet.fleet_state import rooms_of
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.operations.fleet.claiming import Wish, claim_in
from xmlresource.operations.fleet.fleet_setup import init
from xmlresource.system.fleet_store.fleet_connection import FleetConnection
from xmlresource.system.fleet_store.fleet_rows import FleetRows

_NEVER_SILENT = "update xmlresource.host set published = published + interval '1 day'"
_FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Print seconds and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--claims", type=int, default=10_000)
    parser.add_argument("--hosts", type=int, default=500)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    with running_cluster(fsync=True) as cluster:
        database = cluster.database()
        os.environ.update(database.variables())
        init()
        places = -(-options.claims // options.hosts) + 2
        published = _publish(options.hosts, places)
        # Nobody publishes again meanwhile, and none shall count as silent on a slow machine.
        database.run(_NEVER_SILENT)
        database.run("create table bare (id int primary key, host text, size bigint)")
        each = options.claims // options.clients
        bare = _by_clients(options.clients, each, _insert)
        claims = _by_clients(options.clients, each, _claim)
        (count, hosts), fullest = _booked(database)
    print(f"publish {options.hosts} hosts, one client: {published:.2f} s")
    print(f"{each * options.clients} bare INSERTs by {options.clients} clients: {bare:.2f} s")
    print(f"{count} claims on {hosts} hosts: {claims:.2f} s = {claims / bare:.1f} x")
    print(f"the fullest host has {fullest} of {places} places taken")


def _publish(hosts: int, places: int) -> float:
    before = time.perf_counter()
    with FleetConnection.open() as connection:
        rows = FleetRows(connection)
        for number in range(hosts):
            report = with_places(f"host{number}", places)
            rows.publish(json.dumps(report_as_fields(report)), rooms_of(report))
    return time.perf_counter() - before


def _by_clients(clients: int, each: int, work: Callable[[int, int], None]) -> float:
    workers = [_FORK.Process(target=work, args=(n * each, each)) for n in range(clients)]
    before = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        if worker.exitcode:
            raise SystemExit("a client failed")
    return time.perf_counter() - before


def _insert(first: int, count: int) -> None:
    with psycopg.connect("", autocommit=True) as connection:
        for number in range(first, first + count):
            connection.execute("insert into bare values (%s, 'host', %s)", (number, 4 * GIB))


def _claim(first: int, count: int) -> None:
    with FleetConnection.open() as connection:
        rows = FleetRows(connection)
        for number in range(first, first + count):
            if claim_in(rows, Wish(guest(number), ttl=86_400)).host is None:
                raise SystemExit(f"guest {number} found no host")


def _booked(database: Database) -> tuple[tuple[object, ...], object]:
    (counted,) = database.rows("select count(*), count(distinct host) from xmlresource.claim")
    ((fullest,),) = database.rows(
        "select max(n) from (select count(*) n from xmlresource.claim group by host) each_host"
    )
    return counted, fullest


if __name__ == "__main__":
    main()
