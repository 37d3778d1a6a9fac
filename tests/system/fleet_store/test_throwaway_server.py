"""A server that is thrown away is gone afterwards, however its user ends."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.system.fleet_store.fleets import until
from xmlresource.system.fleet_store import throwaway_server as module
from xmlresource.system.fleet_store.throwaway_server import (
    NoPostgresError,
    ThrowawayServer,
    ThrowawayServerError,
    named_by,
    programs,
    throwaway_server,
)

STEPS = """
import signal, sys
from xmlresource.system.fleet_store.throwaway_server import ThrowawayServer
server = ThrowawayServer(False)
for step in (lambda: None, server.make, server.start):
    print(server.folder, flush=True)
    step()
print(server.folder, flush=True)
signal.pause()
"""


def runs_in(folder: Path) -> bool:
    """Whether any process works on what is in the folder."""
    words = (path for path in Path("/proc").glob("[0-9]*/cmdline"))
    return any(str(folder).encode() in _read(path) for path in words)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it has ended


def test_it_serves_on_a_socket_of_its_own_alone_and_is_gone_afterwards(postgres: Path) -> None:
    assert postgres
    with throwaway_server() as server:
        words = " ".join(f"{name[2:].lower()}={each}" for name, each in _words(server))
        with psycopg.connect(words) as connection:
            query = "select setting from pg_settings where name = any(%s) order by name"
            names = ["listen_addresses", "unix_socket_directories"]
            assert connection.execute(query, [names]).fetchall() == [("",), (str(server.folder),)]
        assert server.folder.stat().st_mode & 0o77 == 0
        assert runs_in(server.folder)
    assert not server.folder.exists()
    assert not runs_in(server.folder)


def _words(server: ThrowawayServer) -> list[tuple[str, str]]:
    found = server.variables("postgres")
    return [(name.replace("DATABASE", "DBNAME"), each) for name, each in found.items()]


@pytest.mark.parametrize("step", ["as it begins", "in initdb", "in pg_ctl", "as it serves"])
def test_who_is_killed_leaves_nothing_behind(step: str, postgres: Path) -> None:
    assert postgres
    lines = ["as it begins", "in initdb", "in pg_ctl", "as it serves"].index(step) + 1
    with subprocess.Popen(  # noqa: S603 -- our own program
        [sys.executable, "-c", STEPS], stdout=subprocess.PIPE, text=True
    ) as user:
        assert user.stdout is not None
        folder = [Path(user.stdout.readline().strip()) for _ in range(lines)][-1]
        user.kill()
        user.wait()
    assert folder.name.startswith("xmlresource-pg-")
    until(lambda: not folder.exists() and not runs_in(folder))


def test_a_variable_of_libpq_does_not_lead_the_server_astray(
    postgres: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postgres
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", "/nonexistent")
    with throwaway_server() as server:
        assert (server.folder / ".s.PGSQL.5432").exists()


def test_the_servers_own_words_are_told_where_it_does_not_start(postgres: Path) -> None:
    assert postgres
    with ThrowawayServer(fsync=False) as server:
        server.make()
        with (server.folder / "data/postgresql.conf").open("a") as settings:
            settings.write("\nno_such_setting = 1\n")
        with pytest.raises(ThrowawayServerError, match=r"pg_ctl of PostgreSQL: .*contains errors"):
            server.start()
    assert not server.folder.exists()


def test_what_initdb_says_is_told(postgres: Path) -> None:
    assert postgres
    with ThrowawayServer(fsync=False) as server:
        server.make()
        with pytest.raises(ThrowawayServerError, match=r"initdb of PostgreSQL: .*exists"):
            server.make()


def installed(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name in ("initdb", "pg_ctl", "postgres"):
        (folder / name).touch(mode=0o755)
    return folder


def test_the_newest_postgresql_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path / "usr"))
    (tmp_path / "18/bin").mkdir(parents=True)  # its client alone
    assert programs() is None
    with pytest.raises(NoPostgresError, match="apt install postgresql"):
        ThrowawayServer(fsync=False)
    on_path = installed(tmp_path / "usr")
    assert programs() == on_path
    for version in ("9.6", "17", "15"):
        installed(tmp_path / version / "bin")
    assert programs() == tmp_path / "17/bin"
    (on_path / "postgres").unlink()
    for version in ("9.6", "17", "15"):
        (tmp_path / version / "bin/initdb").unlink()
    assert programs() is None


def test_variables_are_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGSERVICE", "mine")
    before = dict(os.environ)
    with contextlib.suppress(KeyboardInterrupt), named_by({"PGHOST": "/there"}):
        assert {name for name in os.environ if name.startswith("PG")} == {"PGHOST"}
        signal.raise_signal(signal.SIGINT)
    assert dict(os.environ) == before
