import pytest

from xmlresource.codes import CODES
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import BY_NAME, MEMORY, PRIORITY, RELATIONS, Form, Kind

# The priority asks for nothing by itself: it is no tunable, and comes last.
*_TUNABLES, LAST = MemoryPolicy.__match_args__
FIELDS = tuple(_TUNABLES)


def test_the_table_and_the_policy_have_the_same_tunables_in_the_same_order():
    assert tuple(tunable.name for tunable in MEMORY) == FIELDS
    assert tuple(BY_NAME) == FIELDS
    assert LAST == PRIORITY


@pytest.mark.parametrize("form", Form)
def test_element_names_are_unique_in_each_form(form):
    names = [tunable.element_in(form) for tunable in MEMORY if tunable.element_in(form)]
    if form is not Form.MEMTUNE:
        names += [name for tunable in MEMORY for name in tunable.misspellings]
    assert len(set(names)) == len(names)


def test_only_the_fifth_is_unknown_to_libvirt():
    lacking = [tunable.name for tunable in MEMORY if tunable.element_in(Form.MEMTUNE) is None]
    assert lacking == ["swap_soft_limit"]


def test_what_is_taken_off_is_a_tunable_too():
    for tunable in MEMORY:
        assert set(tunable.v2_minus) <= set(BY_NAME) - {tunable.name}


def test_the_relations_are_about_tunables_and_have_rules():
    for relation in RELATIONS:
        assert {relation.lower, relation.upper} <= set(BY_NAME)
        assert relation.code in CODES


def test_one_guarantee():
    assert [row.name for row in MEMORY if row.kind is Kind.GUARANTEE] == ["min_guarantee"]
