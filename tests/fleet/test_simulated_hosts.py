"""Hosts that do not exist are still such as could be."""

import json

import pytest

from xmlresource.fleet.fleet_state import rooms_of
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.report_reader import report_of
from xmlresource.fleet.simulated_hosts import GIB, fleet, guest, host


@pytest.mark.parametrize("fill", [0.3, 0.62, 0.99])
def test_a_fleet_is_full_up_to_its_part_and_no_host_too_full(fill: float) -> None:
    hosts = list(fleet(20, fill))
    assert len({each.name for each in hosts}) == 20
    for each in hosts:
        total = each.facts.memory.total
        assert min(fill * total, total - 8 * GIB - 64 * GIB) <= each.promised <= total - 8 * GIB
        rooms = rooms_of(each)
        assert min(rooms.commitment, rooms.physical) >= 0
    assert len({each.key for report in hosts for each in report.guests}) == sum(
        len(each.guests) for each in hosts
    )


def test_the_same_seed_gives_the_same_fleet_and_another_one_another() -> None:
    assert list(fleet(5)) == list(fleet(5))
    assert list(fleet(5)) != list(fleet(5, seed=2))


def test_they_can_be_published() -> None:
    bound = guest(1, GIB, nodes=(0,), hugepages=2 * GIB, partition="/machine/prod", cpu=500)
    for made in (*fleet(3), host("a", 64 * GIB, [bound], pages=4096)):
        assert report_of(json.dumps(report_as_fields(made))) == made
