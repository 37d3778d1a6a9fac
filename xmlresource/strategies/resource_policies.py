"""Policies of CPU time and IO, and documents that declare them with one fault or none."""

from typing import Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from xmlresource.model.cpu import WHOLE_CPU, WHOLE_PERCENT, CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.resource import ResourcePolicy
from xmlresource.strategies.policies import policies
from xmlresource.tunables import Quantity
from xmlresource.tunables.families import IO

_MOST_CPUS: Final = 64 * WHOLE_CPU
_MOST_BYTES: Final = 2**40
_MOST_OPERATIONS: Final = 10**7

AMOUNTS: Final[dict[Quantity, SearchStrategy[int]]] = {
    Quantity.CPUS: st.integers(1, _MOST_CPUS),
    Quantity.PERCENT: st.integers(1, 100 * WHOLE_PERCENT),
    Quantity.WEIGHT: st.integers(1, 10_000),
    Quantity.BYTES_PER_SECOND: st.one_of(
        st.integers(1, 1000).map(lambda mib: mib * 2**20), st.integers(1, _MOST_BYTES)
    ),
    Quantity.OPERATIONS_PER_SECOND: st.integers(1, _MOST_OPERATIONS),
}
"""Amounts of each quantity that make sense."""


@st.composite
def cpu_policies(draw: st.DrawFn) -> CpuPolicy:
    """Policies of CPU time that the rules accept: one guarantee at most, within the hard limit."""
    guarantee, hard = sorted(draw(st.tuples(AMOUNTS[Quantity.CPUS], AMOUNTS[Quantity.CPUS])))
    spelling = draw(st.sampled_from(("none", "percentage", "min_guarantee")))
    percentage = draw(AMOUNTS[Quantity.PERCENT])
    return CpuPolicy(
        hard_limit=draw(st.sampled_from((None, hard))),
        soft_limit=draw(st.none() | AMOUNTS[Quantity.CPUS]),
        share=draw(st.none() | AMOUNTS[Quantity.WEIGHT]),
        percentage=percentage if spelling == "percentage" else None,
        min_guarantee=guarantee if spelling == "min_guarantee" else None,
    )


@st.composite
def device_policies(draw: st.DrawFn, target: str | None, path: str | None) -> DevicePolicy:
    """Policies of one device that say something."""
    rows = [row for row in IO if row.per_device]
    said = draw(st.lists(st.sampled_from(rows), min_size=1, unique=True))
    amounts = {row.field: draw(AMOUNTS[row.quantity]) for row in said}
    return DevicePolicy(target, path, **amounts)


@st.composite
def io_policies(draw: st.DrawFn) -> IoPolicy:
    """Policies of IO that the rules accept of a bare fragment: each device once."""
    named = draw(
        st.lists(
            st.sampled_from(
                (("vda", None), ("sdb", None), (None, "/dev/sda"), (None, "/dev/a.b-c d'\"&<>"))
            ),
            max_size=3,
            unique=True,
        )
    )
    devices = tuple(draw(device_policies(target, path)) for target, path in named)
    return IoPolicy(share=draw(st.none() | AMOUNTS[Quantity.WEIGHT]), devices=devices)


def resource_policies() -> SearchStrategy[ResourcePolicy]:
    """Policies of all three families that the rules accept."""
    return st.builds(ResourcePolicy, policies(), cpu_policies(), io_policies())
