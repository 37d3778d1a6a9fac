"""A PostgreSQL of the tests' own, thrown away afterwards, with databases in it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

from xmlresource.system.fleet_store.throwaway_server import (
    OWNER,
    ThrowawayServer,
    throwaway_server,
)


class Cluster:
    """A server that runs."""

    def __init__(self, server: ThrowawayServer) -> None:
        self.server = server
        self.start = server.start
        self.stop = server.stop
        self._count = 0

    @property
    def pids(self) -> list[int]:
        """The server's processes, the one that started the others first."""
        first = int((self.server.folder / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def database(self) -> "Database":
        """A new, empty database."""
        self._count += 1
        name = f"fleet{self._count}"
        with Database(self, "postgres").connect() as connection:
            connection.execute(f"create database {name}".encode())
        return Database(self, name)


class Database:
    """One database of it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def variables(self, role: str = OWNER) -> Mapping[str, str]:
        """libpq's variables, which name it."""
        return self.cluster.server.variables(self.name, role)

    def connect(self, role: str = OWNER) -> "psycopg.Connection[tuple[object, ...]]":
        words = f"host={self.cluster.server.folder} port=5432 user={role} dbname={self.name}"
        return psycopg.connect(words, autocommit=True)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def run(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement.encode())


@contextmanager
def running_cluster(*, fsync: bool = False) -> Iterator[Cluster]:
    """A cluster that runs.

    Tests kill the server, never the kernel, so there fsync(2) would cost time alone.

    Raises:
        NoPostgresError: PostgreSQL is not installed.
    """
    with throwaway_server(fsync=fsync) as server:
        yield Cluster(server)
