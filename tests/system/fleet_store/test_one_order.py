"""A claim takes the host that `fleet check` names first."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fleet.reports import uuid
from tests.system.fleet_store.cluster import Database
from tests.system.fleet_store.fleets import Fleet
from xmlresource.fleet.fleet_admission import FleetGuest, guest_published
from xmlresource.fleet.fleet_state import OfferedRoom
from xmlresource.fleet.host_order import RankingGoal
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.planning.ranking import place_together
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.simulated_hosts import GIB, guest, host
from xmlresource.model.host import AncestorLimit
from xmlresource.operations.fleet.claiming import Wish, claim_in
from xmlresource.operations.fleet.fleet_server import connect, rows_of
from xmlresource.operations.fleet.fleet_setup import init
from xmlresource.operations.fleet.planning import fleet_of
from xmlresource.promises.terms import PartitionBudget
from xmlresource.record import record, replace
from xmlresource.system.fleet_store import fleet_schema
from xmlresource.system.fleet_store.fleet_connection import FleetServerError
from xmlresource.system.machine import Machine

WANTED = 999
NAMES = "abcdef"


@record
class Situation:
    """A fleet, what is claimed in it, and who asks for room."""

    reports: tuple[HostReport, ...]
    claims: tuple[tuple[int, int, str], ...]
    silent: str
    draining: str
    asking: FleetGuest
    pack: bool


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    sizes = st.sampled_from([GIB, 2 * GIB, 5 * GIB, 12 * GIB])
    reports = []
    for place, name in enumerate(NAMES[: draw(st.integers(1, 6))]):
        there = [
            guest(100 * place + each, size)
            for each, size in enumerate(draw(st.lists(sizes, max_size=3)), 1)
        ]
        made = host(
            name,
            draw(st.sampled_from([24, 32, 48, 64])) * GIB,
            there,
            pages=draw(st.sampled_from([0, 2048])),
        )
        limit = AncestorLimit("/machine", draw(st.sampled_from([8, 64])) * GIB, 0)
        reports.append(
            replace(
                made,
                limits=(limit,),
                budgets=(PartitionBudget("/machine/prod", draw(sizes)),),
                unpromised=tuple(guest(700 + 10 * place, draw(sizes)) for _ in range(1)),
                counts_unpromised=draw(st.booleans()),
            )
        )
    names = st.sampled_from([each.name for each in reports])
    wanted = guest(
        WANTED,
        draw(st.one_of(st.just(0), sizes)),
        nodes=draw(st.sampled_from([(), (), (0,), (1,)])),
        hugepages=draw(st.sampled_from([0, 0, 0, 2 * GIB])),
        partition=draw(st.sampled_from([None, None, "/machine/prod"])),
    )
    claims = draw(st.lists(st.tuples(sizes, names), max_size=4))
    return Situation(
        tuple(reports),
        tuple((800 + number, size, name) for number, (size, name) in enumerate(claims)),
        draw(st.sampled_from(["", "", *NAMES])),
        draw(st.sampled_from(["", "", *NAMES])),
        guest_published(wanted),
        draw(st.booleans()),
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(situations())
def test_a_claim_takes_the_host_that_check_names_first(fleet: Fleet, there: Situation) -> None:
    fleet.database.run("truncate xmlresource.host cascade")
    with fleet.rows() as rows:
        for each in there.reports:
            fleet.publish(each)
        for number, size, name in there.claims:
            claim_in(rows, Wish(guest_published(guest(number, size)), name))
        fleet.database.run(
            "update xmlresource.host set published = published - interval '1 h' "  # noqa: S608 -- the test's own name
            f"where name = '{there.silent}'"
        )
        fleet.database.run(
            f"update xmlresource.host set state = 'draining' where name = '{there.draining}'"  # noqa: S608 -- as above
        )
        goal = RankingGoal.PACK if there.pack else RankingGoal.SPREAD
        (ranked,) = place_together([there.asking], fleet_of(rows.hosts()), goal)
        for _ in range(2):  # who asks again is told the same
            answer = claim_in(rows, Wish(there.asking, pack=there.pack))
            assert answer.host == (None if ranked.chosen is None else ranked.chosen.host)
        assert fleet.claimed().get(uuid(WANTED)) == answer.host


def test_tables_of_version_1_are_brought_up_to_date_with_what_is_in_them(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(fleet_schema, "VERSION", 1)
        assert init().migrations == 1
        fleet = Fleet(database)
        fleet.publish(host("large", 512 * GIB, [guest(1, 400 * GIB)]))
        fleet.publish(host("small", 64 * GIB))
    with (
        connect(Machine()) as connection,
        pytest.raises(FleetServerError, match="run `xmlresource fleet init`"),
    ):
        rows_of(connection)
    assert init().migrations == 1
    assert fleet.claim(2).host == "small"


@pytest.mark.parametrize("total", ['"many"', "null", "-5", "1e300", "[]", "0.5"])
def test_a_size_that_makes_no_sense_is_in_nobodys_way(fleet: Fleet, total: str) -> None:
    odd = report_as_fields(host("odd", 512 * GIB))
    odd["memory"]["total"] = "TOTAL"
    message = json.dumps(odd).replace('"TOTAL"', total)
    with fleet.rows() as rows:
        assert rows.publish(message, OfferedRoom(1 << 62, 1 << 62))
    fleet.publish(host("even", 64 * GIB))
    for number, pack in ((1, False), (2, True)):
        assert fleet.claim(number, pack=pack).host == "even"
    assert fleet.hosts()["odd"].problem
