"""The card of a host from its report: what the page says is what the host published."""

from tests.fleet.reports import GIB, promise, report
from xmlresource.fleet.fleet_state import Claim, FleetHost, HostState
from xmlresource.fleet.host_report import RecentRefusal
from xmlresource.model.host import HostFacts, HugepagePool, MemoryRegion
from xmlresource.promises.promise import NodeShare, PromiseState
from xmlresource.record import replace
from xmlresource.reports.page.host_card import Spare, SpareAnswer
from xmlresource.reports.page.host_page import PageText, host_page
from xmlresource.reports.page.report_card import card_of, cards_of


def test_the_figures_are_those_of_the_report() -> None:
    card = card_of(report("kvm1", promises=(promise(1, 8 * GIB, "db1"),)))
    assert (card.name, card.total, card.promisable) == ("kvm1", 64 * GIB, 52 * GIB)
    assert (card.parts.used, card.parts.reserve, card.parts.free) == (8 * GIB, 4 * GIB, 52 * GIB)
    (guest,) = card.guests
    assert (guest.name, guest.state, guest.promised) == ("db1", "running", 8 * GIB)


def test_nodes_and_pools() -> None:
    pool = HugepagePool(2 << 20, 100, 40)
    empty = HugepagePool(1 << 30, 0, 0)
    node = MemoryRegion(32 * GIB, 20 * GIB, 200 << 20, (pool, empty))
    bound = replace(
        promise(1, 4 * GIB),
        shares=(NodeShare(frozenset({0}), GIB), NodeShare(frozenset({0, 1}), GIB)),
    )
    made = report(promises=(bound,))
    facts = HostFacts(replace(made.facts.memory, pools=(pool, empty)), {1: node, 0: node})
    card = card_of(replace(made, facts=facts))
    assert [each.number for each in card.nodes] == [0, 1]
    assert [each.promised for each in card.nodes] == [GIB, 0]
    assert [(each.page_size, each.total, each.free) for each in card.pools] == [(2 << 20, 100, 40)]
    assert card.nodes[0].pools == card.pools


def test_the_newest_refusal_comes_first() -> None:
    refusals = (RecentRefusal(1, "a", "x"), RecentRefusal(2, "b", "y"))
    card = card_of(replace(report(), refusals=refusals))
    assert [each.guest for each in card.refusals] == ["b", "a"]


def test_of_whom_nothing_is_said_nothing_is_known() -> None:
    lacking = SpareAnswer(Spare.LACKING, "db1 fits nowhere")
    hosts = [FleetHost(name, report(name)) for name in "ab"]
    one, other = cards_of(hosts, {"a": lacking})
    assert one.spare == lacking
    assert other.spare.spare is Spare.UNKNOWN


def test_claims_take_room_and_are_listed() -> None:
    claim = Claim("a", replace(promise(2, 10 * GIB, "new"), state=PromiseState.STARTING), 60.0)
    (card,) = cards_of([FleetHost("a", report("a"), claims=(claim,))])
    assert card.promisable == 50 * GIB
    assert card.parts.free == 60 * GIB
    (guest,) = card.guests
    assert (guest.name, guest.state, guest.promised) == ("new", "claimed", 10 * GIB)


def test_a_host_that_gets_no_guests_says_why() -> None:
    hosts = [
        FleetHost("a", report("a"), HostState.DRAINING),
        FleetHost("b", report("b"), age=200.0),
        FleetHost("c", None),
    ]
    cards = cards_of(hosts)
    assert [each.state for each in cards] == ["draining", "not heard for 200 s", "never heard of"]
    assert (cards[2].made, cards[2].total) == (None, 0)
    assert "Nothing is known of it." in host_page(cards, PageText("x", 0))
