"""The tables and roles of the fleet's database: made, brought up to date, given to hosts."""

from importlib.resources import files
from typing import Final

from xmlresource.system.fleet_store.fleet_connection import (
    FleetConnection,
    FleetServerError,
    quoted_name,
)

VERSION: Final = 2
"""The version of the tables that this program knows."""

HOSTS: Final = "xmlresource_host"
COLLECTORS: Final = "xmlresource_collector"
PLANNERS: Final = "xmlresource_planner"

LONGEST_ROLE: Final = 63
"""Bytes of a role's name: PostgreSQL cuts longer ones (NAMEDATALEN)."""

_GROUPS: Final = (HOSTS, COLLECTORS, PLANNERS)
_LOCK: Final = 0x786D6C72  # any number, of all who run `fleet init` at once
_BEFORE: Final = """
create schema if not exists xmlresource;
create table if not exists xmlresource.migration (
    version integer primary key,
    applied timestamptz not null default clock_timestamp()
);
"""


def migrate(connection: FleetConnection) -> int:
    """Bring the tables up to date; the number of migrations that were run.

    Raises:
        FleetServerError: The server is away or refuses, or has tables of a later version.
    """
    with connection.transaction():
        connection.rows("select pg_advisory_xact_lock(%s)", (_LOCK,))
        for role in _GROUPS:
            if not _role_exists(connection, role):
                connection.run(f"create role {role} nologin")
        connection.run(_BEFORE)
        found = _version(connection)
        if found > VERSION:
            raise FleetServerError(
                f"the fleet's tables are of version {found}, and this program knows {VERSION}: "
                "update xmlresource here first"
            )
        for version in range(found + 1, VERSION + 1):
            connection.run(_migration(version))
            connection.run("insert into xmlresource.migration (version) values (%s)", (version,))
        return VERSION - found


def add_host(connection: FleetConnection, host: str, role: str) -> bool:
    """Let a role publish as a host; whether the role was made, without a password.

    Raises:
        FleetServerError: The server is away or refuses, or the role is another host's.
    """
    with connection.transaction():
        made = _login(connection, role, HOSTS)
        connection.run(
            "insert into xmlresource.host (name, role) values (%s, %s)"
            " on conflict (name) do update set role = excluded.role",
            (host, role),
        )
    return made


def add_member(connection: FleetConnection, role: str, group: str) -> bool:
    """Make a role a planner or a collector; whether the role was made, without a password.

    Raises:
        FleetServerError: The server is away or refuses.
    """
    with connection.transaction():
        return _login(connection, role, group)


def forget_host(connection: FleetConnection, host: str) -> bool:
    """Remove a host with what is claimed on it; whether there was one. Its role stays.

    Raises:
        FleetServerError: The server is away or refuses.
    """
    return connection.run("delete from xmlresource.host where name = %s", (host,)) > 0


def role_exists(connection: FleetConnection, role: str) -> bool:
    """Whether the server knows a role of that name.

    Raises:
        FleetServerError: The server is away or refuses.
    """
    return _role_exists(connection, role)


def role_of(connection: FleetConnection, host: str) -> str | None:
    """The role that publishes as a host; ``None`` where none does.

    Raises:
        FleetServerError: The server is away or refuses.
    """
    found = connection.rows("select role::text from xmlresource.host where name = %s", (host,))
    return found[0][0] if found else None


def check_version(connection: FleetConnection) -> None:
    """Make sure that the tables are those that this program knows.

    Raises:
        FleetServerError: They are not, or the server is away or refuses.
    """
    ((found,),) = connection.rows("select xmlresource.schema_version()")
    if found != VERSION:
        cure = "update xmlresource here" if found > VERSION else "run `xmlresource fleet init`"
        raise FleetServerError(
            f"the fleet's tables are of version {found}, and this program knows {VERSION}: {cure}"
        )


def _login(connection: FleetConnection, role: str, group: str) -> bool:
    made = not _role_exists(connection, role)
    if made:
        connection.run(f"create role {quoted_name(role)} login")
    connection.run(f"grant {group} to {quoted_name(role)}")
    return made


def _role_exists(connection: FleetConnection, role: str) -> bool:
    return bool(connection.rows("select from pg_roles where rolname = %s", (role,)))


def _version(connection: FleetConnection) -> int:
    query = "select coalesce(max(version), 0) from xmlresource.migration"
    ((version,),) = connection.rows(query)
    return int(version)


def _migration(version: int) -> str:
    return files(__package__).joinpath(f"schema-{version}.sql").read_text("utf-8")
