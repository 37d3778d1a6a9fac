"""A fleet of hosts that do not exist, on a PostgreSQL of its own: for a try."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import Final

import xmlresource
from xmlresource.fleet.fleet_state import rooms_of
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.simulated_hosts import fleet
from xmlresource.operations.fleet.fleet_server import connect, require_client, rows_of
from xmlresource.operations.fleet.fleet_setup import init
from xmlresource.record import record, replace
from xmlresource.system.fleet_store.throwaway_server import (
    ThrowawayServer,
    named_by,
    throwaway_server,
)
from xmlresource.system.libvirt.guests import microseconds_since_boot, seconds_since_1970
from xmlresource.system.machine import Machine

HOSTS: Final = 40

_DATABASE: Final = "fleet"
_WEB: Final = ("web", "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed", 8)
_HUGE: Final = ("huge", "7f1c2f6e-5e0b-4f7e-9c55-0d3c3e2f4a11", 600)
_GUEST: Final = """\
<domain type='kvm'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <metadata>
    <xr:resource xmlns:xr='urn:xmlresource:1'>
      <xr:memory>
        <xr:memoryMinGuarantee unit='GiB'>{size}</xr:memoryMinGuarantee>
      </xr:memory>
    </xr:resource>
  </metadata>
  <memory unit='GiB'>{size}</memory>
  <vcpu>4</vcpu>
  <os><type>hvm</type></os>
</domain>
"""


@record
class DemoFleet:
    """A fleet that is there for a try.

    Attributes:
        variables: libpq's variables, which name its server.
        fitting: The document of a guest that fits on many of the hosts.
        too_large: That of one that fits on none.
        machine: The machine, for how the server is named.
    """

    variables: Mapping[str, str]
    fitting: str
    too_large: str
    machine: Machine

    def publish(self) -> None:
        """Have all hosts tell what they have room for: one that is silent gets no guests.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        now = {
            "made": seconds_since_1970(),
            "sequence": microseconds_since_boot(),
            "program": xmlresource.__version__,
        }
        with connect(self.machine) as connection:
            rows = rows_of(connection)
            for each in fleet(HOSTS):
                report = replace(each, **now)
                rows.publish(json.dumps(report_as_fields(report)), rooms_of(report))


@contextlib.contextmanager
def demo_fleet(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> Iterator[DemoFleet]:
    """A fleet of 40 hosts that have published, until the end of the ``with``.

    Meanwhile libpq's variables name its server to this process.

    Args:
        machine: The machine, for how the server is named.

    Raises:
        NoPostgresError: PostgreSQL's server is not installed.
        MissingClientError: psycopg is not installed.
        ThrowawayServerError: The server does not start.
        FleetServerError: The server is away or refuses.
        OSError: Its folder can't be made.
    """
    require_client()
    with throwaway_server() as server:
        with named_by(server.variables("postgres")), connect(machine) as connection:
            connection.run(f"create database {_DATABASE}")
        variables = server.variables(_DATABASE)
        with named_by(variables):
            init(machine=machine)
            made = DemoFleet(variables, _written(server, *_WEB), _written(server, *_HUGE), machine)
            made.publish()
            yield made


def _written(server: ThrowawayServer, name: str, uuid: str, size: int) -> str:
    path = server.folder / f"{name}.xml"
    path.write_text(_GUEST.format(name=name, uuid=uuid, size=size), "utf-8")
    return str(path)
