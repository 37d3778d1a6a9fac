import pytest

from xmlresource.model.cpu import CpuPolicy


def test_a_policy_that_says_something_is_true():
    assert not CpuPolicy()
    assert CpuPolicy(hard_limit=0)
    assert CpuPolicy(share=1)


@pytest.mark.parametrize(
    ("policy", "guaranteed"),
    [
        (CpuPolicy(), False),
        (CpuPolicy(share=1), False),
        (CpuPolicy(percentage=1), True),
        (CpuPolicy(min_guarantee=1), True),
    ],
)
def test_either_spelling_is_a_guarantee(policy, guaranteed):
    assert policy.is_guaranteed is guaranteed


def test_a_percentage_is_of_all_cpus_and_rounded_up():
    assert CpuPolicy(min_guarantee=1500).guarantee_of(4) == 1500
    assert CpuPolicy(percentage=25_000).guarantee_of(4) == 1000
    assert CpuPolicy(percentage=33_333).guarantee_of(2) == 667
    assert CpuPolicy().guarantee_of(2) == 0
