"""What each role may do, and what none may: tried on a real server."""

import json

import psycopg
import pytest

from tests.fleet.reports import report
from tests.system.fleet_store.cluster import Database
from tests.system.fleet_store.fleets import Fleet, with_places
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.operations.fleet.fleet_setup import RoleError, init
from xmlresource.operations.fleet.fleet_view import fleet_hosts
from xmlresource.system.fleet_store.fleet_connection import FleetServerError
from xmlresource.system.fleet_store.fleet_schema import VERSION


@pytest.fixture
def roles(fleet: Fleet) -> Database:
    """Two hosts, a planner, a collector."""
    init("host1", "h1")
    init("host2", "h2")
    init(planner="planner", collector="collector")
    for name in ("host1", "host2"):
        fleet.publish(with_places(name, 3))
    fleet.claim(1, "host2")
    return fleet.database


def attempt(database: Database, role: str, statement: str, values: object = None) -> str:
    """The error that a statement ends with; empty where it is done."""
    with database.connect(role) as connection:
        try:
            connection.execute(statement.encode(), values)  # type: ignore[arg-type]
        except psycopg.Error as error:
            return str(error)
    return ""


def publish(database: Database, role: str, host: str) -> str:
    message = json.dumps(report_as_fields(report(host)) | {"sequence": 9_000_000})
    return attempt(database, role, "select xmlresource.publish(%s, 1, 1)", (message,))


def test_a_host_publishes_as_itself_and_nobody_else(roles: Database) -> None:
    assert publish(roles, "h1", "host1") == ""
    for host in ("host2", "host3"):
        assert f"role h1 may not publish as host {host}" in publish(roles, "h1", host)
    assert publish(roles, "collector", "host2") == ""
    assert publish(roles, "collector", "host3") == ""
    assert "permission denied" in publish(roles, "planner", "host1")


FORBIDDEN_TO_HOSTS = [
    "select * from xmlresource.host",
    "select * from xmlresource.claim",
    "select * from xmlresource.boot",
    "select * from xmlresource.migration",
    "update xmlresource.host set commitment = 0",
    "update xmlresource.host set role = 'h1'",
    "delete from xmlresource.claim",
    "insert into xmlresource.host (name) values ('x')",
    "truncate xmlresource.claim",
    "drop table xmlresource.claim",
    "alter function xmlresource.publish(jsonb, bigint, bigint) owner to h1",
    "create function xmlresource.f() returns int language sql as 'select 1'",
    "create table xmlresource.t (a int)",
    "lock table xmlresource.host",
    "set role owner",
    "set session authorization h2",
    "set role xmlresource_planner",
    "select xmlresource.may_publish('host2')",
    "grant xmlresource_planner to h1",
]


@pytest.mark.parametrize("statement", FORBIDDEN_TO_HOSTS)
def test_a_host_can_do_nothing_else(roles: Database, statement: str) -> None:
    assert attempt(roles, "h1", statement) != ""


def test_a_search_path_of_ones_own_changes_nothing(roles: Database) -> None:
    roles.run("create schema h1 authorization h1")
    with roles.connect("h1") as connection:
        connection.execute(
            "create function h1.jsonb_typeof(jsonb) returns text language sql"
            " as $$ select 'array' $$"
        )
        connection.execute("create table h1.host (name text, role text)")
        connection.execute("insert into h1.host values ('host2', 'h1')")
        connection.execute("set search_path = h1, pg_catalog")
        message = json.dumps(report_as_fields(report("host2")) | {"sequence": 9_000_000})
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(
                "select xmlresource.publish(%s::jsonb, 1::bigint, 1::bigint)", (message,)
            )


FORBIDDEN_TO_PLANNERS = [
    "update xmlresource.host set report = null",
    "update xmlresource.host set role = 'planner'",
    "delete from xmlresource.host",
    "insert into xmlresource.host (name) values ('x')",
    "select * from xmlresource.boot",
    "set role owner",
    "drop table xmlresource.claim",
]


@pytest.mark.parametrize("statement", FORBIDDEN_TO_PLANNERS)
def test_a_planner_claims_and_reads_and_no_more(roles: Database, statement: str) -> None:
    assert attempt(roles, "planner", statement) != ""


def test_a_planner_claims_and_reads(
    roles: Database, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGUSER", "planner")
    assert fleet.claim(2).host in {"host1", "host2"}
    assert len(fleet_hosts()) == 2
    assert attempt(roles, "planner", "update xmlresource.host set state = 'draining'") == ""


def test_a_collector_reads_and_claims_nothing(roles: Database) -> None:
    assert "permission denied" in attempt(roles, "collector", "select * from xmlresource.host")
    assert "permission denied" in attempt(roles, "collector", "delete from xmlresource.claim")


def test_a_stranger_can_do_nothing(roles: Database) -> None:
    roles.run("create role stranger login")
    try:
        assert "permission denied" in publish(roles, "stranger", "host1")
        assert "permission denied" in attempt(roles, "stranger", "table xmlresource.host")
        assert "permission denied" in attempt(
            roles, "stranger", "select xmlresource.schema_version()"
        )
    finally:
        roles.run("drop role stranger")


def test_a_role_that_is_there_already_is_not_taken_by_accident(roles: Database) -> None:
    roles.run("create role host9 login")
    try:
        with pytest.raises(RoleError, match="there is a role 'host9' already"):
            init("host9")
        done = init("host9", "host9")
        assert (done.made, done.roles) == ((), (("host9", "publishes as host host9"),))
        assert init("host9").roles == done.roles
    finally:
        roles.run("drop owned by host9; drop role host9")
    with pytest.raises(RoleError, match="too long"):
        init("x" * 64)
    with pytest.raises(FleetServerError, match="duplicate key"):
        init("host8", "h1")


@pytest.mark.usefixtures("roles")
def test_a_host_is_forgotten_with_its_claims(fleet: Fleet) -> None:
    assert init(forget="host2").forgotten == "host2"
    assert list(fleet.hosts()) == ["host1"]
    assert fleet.booked() == 0
    assert init(forget="host2").forgotten is None


def test_tables_are_made_once(database: Database) -> None:
    with pytest.raises(FleetServerError, match="run `xmlresource fleet init`"):
        fleet_hosts()
    assert init().migrations == VERSION
    assert init().migrations == 0
    database.run("insert into xmlresource.migration values (99)")
    with pytest.raises(FleetServerError, match="update xmlresource here first"):
        init()
    with pytest.raises(FleetServerError, match="version 99"):
        fleet_hosts()
    database.run("delete from xmlresource.migration")
    with pytest.raises(FleetServerError, match="run `xmlresource fleet init`"):
        fleet_hosts()
