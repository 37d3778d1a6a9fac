"""A PostgreSQL of one's own, thrown away afterwards.

It runs as an ordinary user, for it refuses root, and listens on a socket in its own folder alone.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psycopg

BINARIES = Path("/usr/lib/postgresql")
OWNER = "owner"


def binaries() -> Path | None:
    """The newest PostgreSQL that Debian's packages have brought."""
    found = [each for each in BINARIES.glob("*/bin") if (each / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class Cluster:
    """A server with its folder."""

    def __init__(self, programs: Path, folder: Path, *, fsync: bool) -> None:
        self.programs = programs
        self.folder = folder
        self.fsync = fsync
        self._count = 0

    def make(self) -> None:
        self._call("initdb", "-D", self._data, "-A", "trust", "-U", OWNER, "--no-sync")

    def start(self) -> None:
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        options += f" -c fsync={'on' if self.fsync else 'off'}"
        log = str(self.folder / "log")
        self._call("pg_ctl", "-D", self._data, "-w", "-l", log, "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        self._call("pg_ctl", "-D", self._data, "-w", "-m", mode, "stop")

    @property
    def pids(self) -> list[int]:
        """The server's processes, the one that started the others first."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def database(self) -> "Database":
        """A new, empty database."""
        self._count += 1
        name = f"fleet{self._count}"
        with Database(self, "postgres").connect() as connection:
            connection.execute(f"create database {name}".encode())
        return Database(self, name)

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def _call(self, program: str, *words: str) -> None:
        as_whom = (
            {"user": _user(), "group": _user(), "extra_groups": []} if not os.geteuid() else {}
        )
        subprocess.run(  # noqa: S603 -- PostgreSQL's own
            [self.programs / program, *words],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
            **as_whom,
        )


class Database:
    """One database of it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def variables(self, role: str = OWNER) -> Mapping[str, str]:
        """libpq's variables, which name it."""
        return {"PGHOST": str(self.cluster.folder), "PGUSER": role, "PGDATABASE": self.name}

    def connect(self, role: str = OWNER) -> "psycopg.Connection[tuple[object, ...]]":
        words = f"host={self.cluster.folder} user={role} dbname={self.name}"
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
        FileNotFoundError: PostgreSQL is not installed.
    """
    programs = binaries()
    if programs is None:
        raise FileNotFoundError(f"no PostgreSQL in {BINARIES}: install postgresql")
    # A socket's path is short, so not below pytest's folder.
    folder = Path(tempfile.mkdtemp(prefix="xr-pg-"))
    cluster = Cluster(programs, folder, fsync=fsync)
    try:
        if not os.geteuid():
            os.chown(folder, pwd.getpwnam(_user()).pw_uid, -1)
        cluster.make()
        cluster.start()
        yield cluster
    finally:
        if (folder / "data/postmaster.pid").exists():
            cluster.stop("immediate")
        shutil.rmtree(folder, ignore_errors=True)


def _user() -> str:
    """An ordinary user: PostgreSQL's own where there is one."""
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return "nobody"
