import pytest

from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.subjects import Subject
from xmlresource.overhead.table import TableError, load, parse

ROW = {
    "name": "thing",
    "of": "sound",
    "charged": "qemu",
    "cost": {"one": [1, 2, 3]},
    "source": "measured: here",
}
UNKNOWN = {"name": "?", "charged": "qemu", "cost": {"one": [1, 1, 1]}, "source": "literature: none"}


def table(*rows):
    return parse({"item": rows, "unknown": UNKNOWN})


def test_the_shipped_table_is_valid_and_read_once():
    load.cache_clear()  # another test may have read it
    assert load() is load()
    assert len(load().rows) > 80


def test_every_row_says_where_its_figures_come_from():
    for row in (*load().rows, load().unknown):
        assert row.source.startswith(("measured: ", "measured paused: ", "literature: ")), row.name
        assert len(row.source) > len("literature: ") + 5, row.name


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"cost": {"ton": [1, 2, 3]}}, "ton is not a unit"),
        ({"cost": {"one": [2, 1, 3]}}, "don't rise"),
        ({"cost": {"one": [-1, 1, 3]}}, "don't rise"),
        ({"cots": 1}, "cots means nothing here"),
        ({"most": {"one": 1}}, "one is not a size"),
    ],
)
def test_a_faulty_row_is_refused_with_its_name(change, problem):
    with pytest.raises(TableError, match=f"thing: .*{problem}"):
        table({**ROW, **change})


def test_a_row_without_what_it_needs_is_refused():
    with pytest.raises(TableError, match="a row without a name: lacks charged, cost, name, of"):
        table({"source": "measured: x"})


def test_the_first_row_that_matches_counts_and_all_beside_it():
    found = table(
        {**ROW, "name": "beside", "beside": True},
        {**ROW, "name": "other", "when": {"model": ["x"]}},
        {**ROW, "name": "first", "when": {"model": ["a*", ""]}},
        {**ROW, "name": "second"},
    )
    rows, known = found.rows_for(Subject("sound", {"model": "abc"}))
    assert [row.name for row in rows] == ["beside", "first"]
    assert known
    rows, known = found.rows_for(Subject("sound", {"model": "z"}))
    assert [row.name for row in rows] == ["beside", "second"]


def test_what_no_row_stands_for_is_unknown_also_with_a_row_beside_it():
    found = table({**ROW, "name": "beside", "beside": True})
    rows, known = found.rows_for(Subject("sound"))
    assert [row.name for row in rows] == ["?", "beside"]
    assert not known


def test_sizes_cost_by_the_mib_and_are_rounded_up():
    (row,) = table({**ROW, "cost": {"ram": [1, 2, 1 << 20]}}).rows
    assert row.cost_of(Subject("sound", {}, {"ram": 1})) == Cost(1, 1, 1)
    assert row.cost_of(Subject("sound", {}, {"ram": 3 << 20})) == Cost(3, 6, 3 << 20)


def test_a_cap_holds_all_three_figures():
    (row,) = table({**ROW, "cost": {"one": [1, 50, 900]}, "most": {"tb_cache": 10}}).rows
    assert row.cost_of(Subject("sound", {}, {"one": 1, "tb_cache": 4 << 20})) == Cost(1, 40, 40)


def test_a_count_is_of_the_only_unit_or_of_the_things():
    one, two, size = table(
        {**ROW, "cost": {"vcpu": [1, 1, 1]}},
        {**ROW, "cost": {"one": [1, 1, 1], "queue": [1, 1, 1]}},
        {**ROW, "cost": {"ram": [1, 1, 1]}},
    ).rows
    subject = Subject("sound", {}, {"one": 1, "vcpu": 7, "queue": 3, "ram": 1 << 30})
    assert [row.count_of(subject) for row in (one, two, size)] == [7, 1, 1]


def test_only_what_is_outside_is_not_inside():
    assert [who for who in Charged if not who.inside] == [Charged.OUTSIDE]
