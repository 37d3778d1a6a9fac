import pytest

from xmlresource.model.io import DevicePolicy, IoPolicy


def test_a_policy_that_says_something_is_true():
    assert not IoPolicy()
    assert IoPolicy(share=1)
    assert IoPolicy(devices=(DevicePolicy(target="vda"),))


@pytest.mark.parametrize(
    ("percentages", "guaranteed"), [((), False), ((None, 0), False), ((0, 5), True)]
)
def test_a_percentage_is_a_guarantee(percentages: tuple[int | None, ...], guaranteed: bool) -> None:
    devices = (DevicePolicy("vda", bandwidth_percentage=each) for each in percentages)
    assert IoPolicy(200, tuple(devices)).is_guaranteed is guaranteed
