from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import MEMORY
from xmlresource.units import UNLIMITED

amounts = st.one_of(st.none(), st.just(UNLIMITED), st.integers(0, 2**62))
fields = st.fixed_dictionaries({tunable.name: amounts for tunable in MEMORY})


@given(fields)
def test_a_policy_gives_back_what_it_was_made_of(given_fields):
    policy = MemoryPolicy(**given_fields)
    assert {tunable.name: policy[tunable.name] for tunable in MEMORY} == given_fields
    assert dict(policy.items()) == {
        name: amount for name, amount in given_fields.items() if amount is not None
    }
    assert bool(policy) == any(amount is not None for amount in given_fields.values())


@given(fields)
def test_equal_policies_are_equal_and_hash_alike(given_fields):
    assert MemoryPolicy(**given_fields) == MemoryPolicy(**given_fields)
    assert hash(MemoryPolicy(**given_fields)) == hash(MemoryPolicy(**given_fields))


def test_zero_is_not_unset():
    assert MemoryPolicy(hard_limit=0)
    assert MemoryPolicy(hard_limit=0) != MemoryPolicy()
    assert not MemoryPolicy()


def test_a_policy_can_not_be_changed():
    with pytest.raises(AttributeError):
        MemoryPolicy().hard_limit = 1


def test_a_negative_size_is_refused():
    with pytest.raises(ValueError, match="soft_limit is negative: -1"):
        MemoryPolicy(soft_limit=-1)


@pytest.mark.parametrize(("amount", "promised"), [(None, 0), (0, 0), (5, 5), (UNLIMITED, 0)])
def test_the_bytes_to_promise(amount, promised):
    assert MemoryPolicy(min_guarantee=amount).guarantee == promised


@pytest.mark.parametrize("amount", ["6GiB", 4.5, True])
def test_a_size_is_a_whole_number_of_bytes(amount: Any) -> None:
    with pytest.raises(TypeError, match="hard_limit is no size"):
        MemoryPolicy(hard_limit=amount)
