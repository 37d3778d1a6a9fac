"""Make the fleet's tables, and let hosts and people use them."""

from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.operations.fleet.fleet_server import connect
from xmlresource.record import record
from xmlresource.system.machine import Machine

_LONGEST_ROLE: Final = 63


class RoleError(XmlresourceError, ValueError):
    """A role that can't be given what is asked."""


@record
class SetUp:
    """What was done.

    Attributes:
        migrations: How many migrations were run; 0 where the tables were up to date.
        made: The roles that were made. They can't log in with a password until they get one.
        roles: All roles that were given something, with what.
        forgotten: The host that was removed; ``None`` for none.
    """

    migrations: int
    made: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    forgotten: str | None = None


def init(
    host: str | None = None,
    role: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    planner: str | None = None,
    collector: str | None = None,
    forget: str | None = None,
) -> SetUp:
    """Make the tables or bring them up to date; then what is asked for.

    Args:
        host: A host that shall publish.
        role: The role that it does so with; ``None`` for one of the host's own name.
        machine: The machine, for how the server is named.
        planner: A role that shall claim and read.
        collector: A role that shall publish for all hosts.
        forget: A host that shall be removed with what is claimed on it.

    Raises:
        RoleError: The host's role would be another's.
        FleetServerError: The server is away or refuses.
    """
    with connect(machine) as connection:
        from xmlresource.system.fleet_store import fleet_schema  # noqa: PLC0415 -- an extra

        migrations = fleet_schema.migrate(connection)
        made, roles = [], []
        if host is not None:
            known = fleet_schema.role_of(connection, host)
            name = role or known or host
            if len(name.encode()) > _LONGEST_ROLE:
                raise RoleError(
                    f"{name!r} is too long for a role of PostgreSQL ({_LONGEST_ROLE} bytes); "
                    "name another with --role"
                )
            if role is None and known is None and fleet_schema.role_exists(connection, name):
                raise RoleError(
                    f"there is a role {name!r} already; say with --role that it shall publish "
                    f"as host {host!r}, or name another"
                )
            made += [name] if fleet_schema.add_host(connection, host, name) else []
            roles.append((name, f"publishes as host {host}"))
        for who, group, what in (
            (planner, fleet_schema.PLANNERS, "claims and reads"),
            (collector, fleet_schema.COLLECTORS, "publishes for all hosts"),
        ):
            if who is not None:
                made += [who] if fleet_schema.add_member(connection, who, group) else []
                roles.append((who, what))
        gone = forget if forget and fleet_schema.forget_host(connection, forget) else None
    return SetUp(migrations, tuple(made), tuple(roles), gone)
