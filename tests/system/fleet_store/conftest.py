"""A PostgreSQL for the tests here; they are skipped only where it can't be had."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.fleet_store.cluster import Cluster, Database, running_cluster
from tests.system.fleet_store.fleets import Fleet
from xmlresource.operations.fleet.fleet_setup import init
from xmlresource.operations.host import open_host
from xmlresource.system.fleet_store.throwaway_server import programs
from xmlresource.system.machine import Machine


@pytest.fixture(scope="session")
def postgres() -> Path:
    """The programs of PostgreSQL's server."""
    found = programs()
    if found is None:
        assert os.environ.get("XMLRESOURCE_POSTGRESQL") != "required", "there is no PostgreSQL"
        pytest.skip("there is no PostgreSQL: install postgresql")
    return found


@pytest.fixture(scope="session")
def cluster(postgres: Path) -> Iterator[Cluster]:
    """One server for all of them."""
    assert postgres
    with running_cluster() as made:
        yield made


@pytest.fixture
def database(cluster: Cluster, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Database:
    """An empty database, named by libpq's variables; this machine's settings are not read."""
    made = cluster.database()
    settings = open_host(Machine(str(tmp_path)))
    monkeypatch.setattr("xmlresource.operations.fleet.fleet_server.open_host", lambda _: settings)
    for name in ("PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for name, value in made.variables().items():
        monkeypatch.setenv(name, value)
    return made


@pytest.fixture
def fleet(database: Database) -> Fleet:
    """A fleet without hosts."""
    init()
    return Fleet(database)
