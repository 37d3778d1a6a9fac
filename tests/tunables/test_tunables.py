import pytest

from xmlresource.codes import CODES
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import ATTRIBUTES, BY_NAME, MEMORY, RELATIONS, Family, Form, Kind
from xmlresource.tunables.families import CPU, IO, TUNABLES

# The attributes ask for nothing by themselves: they are no tunables, and come last.
*_TUNABLES, PRIORITY_FIELD, BALANCE_FIELD = MemoryPolicy.__match_args__
FIELDS = tuple(_TUNABLES)


def test_the_table_and_the_policy_have_the_same_tunables_in_the_same_order():
    assert tuple(tunable.name for tunable in MEMORY) == FIELDS
    assert tuple(BY_NAME) == FIELDS
    assert (PRIORITY_FIELD, BALANCE_FIELD) == ATTRIBUTES


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


def test_one_guarantee_of_memory():
    assert [row.name for row in MEMORY if row.kind is Kind.GUARANTEE] == ["min_guarantee"]


def test_each_row_of_a_family_is_a_field_of_its_policy_and_no_other():
    assert tuple(row.field for row in MEMORY) == FIELDS
    assert tuple(row.field for row in CPU) == CpuPolicy.__match_args__
    own = tuple(row.field for row in IO if not row.per_device)
    assert (*own, "devices") == IoPolicy.__match_args__
    of_devices = tuple(row.field for row in IO if row.per_device)
    assert ("target", "path", *of_devices) == DevicePolicy.__match_args__


def test_the_table_is_its_families():
    assert (*MEMORY, *CPU, *IO) == TUNABLES
    assert {row.family for row in CPU} == {Family.CPU}
    assert {row.family for row in IO} == {Family.IO}
    assert len({row.key for row in TUNABLES}) == len(TUNABLES)


def test_a_kernel_that_has_a_file_has_it_since_some_time():
    for row in TUNABLES:
        assert (row.v2_file is None) == (row.v2_since is None)
        assert row.advisory or row.v2_file is not None


def test_libvirts_memtune_holds_memory_alone():
    assert all(row.element_in(Form.MEMTUNE) is None for row in (*CPU, *IO))
