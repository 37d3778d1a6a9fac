import pytest
from hypothesis import given

from xmlresource.formats.assignments import AUTO, BadAssignment, parse_assignments
from xmlresource.strategies import policies
from xmlresource.units import KIB, UNLIMITED, format_amount


def test_assignments_as_people_write_them():
    found = parse_assignments(
        ["hard_limit=4GiB", "soft-limit=unlimited", "min_guarantee= none ", "swap_hard_limit=1024"]
    )
    assert found.faults == ()
    assert found.amounts == {
        "hard_limit": 4 * KIB**3,
        "soft_limit": UNLIMITED,
        "min_guarantee": None,
        "swap_hard_limit": KIB**2,
    }


@given(policies())
def test_a_policy_is_assigned_as_it_is_printed(policy):
    texts = [f"{name}={format_amount(amount)}" for name, amount in policy.items()]
    assert parse_assignments(texts).amounts == dict(policy.items())


@pytest.mark.parametrize(
    ("text", "problem", "cure"),
    [
        ("hard_limit", "NAME=VALUE", "hard_limit=4GiB"),
        ("hard_limt=1", "no tunable 'hard_limt'", "did you mean hard_limit?"),
        ("cpu=1", "no tunable 'cpu'", "there are hard_limit, soft_limit"),
        ("hard_limit=1.5GiB", "not a whole number", "such as 4GiB"),
        ("hard_limit=", "no number", "write a whole number"),
        ("hard_limit=4gigs", "unknown unit", "units are"),
        ("hard_limit=99999999999EiB", "more than libvirt can hold", "or unlimited"),
        ("min_guarantee=unlimited", "without bound", "memory the guest needs"),
    ],
)
def test_faults_are_values(text, problem, cure):
    found = parse_assignments([text, "soft_limit=1"])
    assert found.amounts == {"soft_limit": KIB}
    (fault,) = found.faults
    assert isinstance(fault, BadAssignment)
    assert fault.text == text
    assert problem in fault.problem
    assert cure in fault.cure


def test_a_tunable_is_assigned_once():
    found = parse_assignments(["hard_limit=1", "hard-limit=2"])
    assert found.amounts == {"hard_limit": KIB}
    assert found.faults[0].problem == "hard_limit is assigned twice"


def test_what_is_recommended_is_assigned_by_a_word():
    found = parse_assignments(["hard_limit=auto", "min-guarantee= AUTO"])
    assert found.amounts == {"hard_limit": AUTO, "min_guarantee": AUTO}
    assert repr(found.amounts["hard_limit"]) == "AUTO"


def test_not_everything_has_a_recommendation():
    (fault,) = parse_assignments(["soft_limit=auto"]).faults
    assert fault.problem == "nothing is recommended for soft_limit"
    assert fault.cure == "write a size; auto is for hard_limit and min_guarantee"
