"""Policies and states for property tests."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.fakes.kernel import LIMIT, SOFT, TOTAL
from xmlresource.cgroup.hierarchy import Version
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import RELATIONS
from xmlresource.units import UNLIMITED, Unlimited

# Nothing here is about speed, which differs with what else the machine does. Each example makes
# cgroups of its own, so that the fixture they come from may be shared.
CALM = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

KIB = 1024
PAGE = 4096

sizes = st.integers(0, 64).map(lambda count: count * KIB) | st.integers(0, 2**20).map(
    lambda count: count * KIB
)
amounts = sizes | st.just(UNLIMITED)


def size_of(amount):
    return float("inf") if isinstance(amount, Unlimited) else amount


def is_valid(policy):
    """The rules of documents: the relations, and swap_hard needs hard."""
    if policy.swap_hard_limit is not None and policy.hard_limit is None:
        return False
    return all(
        policy[relation.lower] is None
        or policy[relation.upper] is None
        or size_of(policy[relation.lower]) <= size_of(policy[relation.upper])
        for relation in RELATIONS
    )


@st.composite
def policies(draw):
    """Valid policies of any combination of tunables."""
    ordered = sorted(draw(st.lists(amounts, min_size=5, max_size=5)), key=size_of)
    names = ["min_guarantee", "soft_limit", "hard_limit", "swap_soft_limit", "swap_hard_limit"]
    if draw(st.booleans()):  # the order between these two is free
        names[2], names[3] = names[3], names[2]
    chosen = dict(zip(names, ordered, strict=True))
    if isinstance(chosen["min_guarantee"], Unlimited):
        chosen["min_guarantee"] = 0
    dropped = draw(st.sets(st.sampled_from(names)))
    policy = MemoryPolicy(**{name: chosen[name] for name in names if name not in dropped})
    if policy.swap_hard_limit is not None and policy.hard_limit is None:
        policy = MemoryPolicy(**{**dict(policy.items()), "swap_hard_limit": None})
    assert is_valid(policy)
    return policy


@st.composite
def v1_values(draw, most=(2**63 - 1) // PAGE):
    """Pages, as they can stand in a v1 cgroup: memory at most memory + swap."""
    pages = st.integers(0, 40) | st.integers(0, 2**18) | st.just(most)
    limit, total = sorted((draw(pages), draw(pages)))
    return {LIMIT: limit, TOTAL: total, SOFT: draw(pages)}


@st.composite
def v2_values(draw, most=(2**63 - 1) // PAGE):
    """Pages, as they can stand in a v2 cgroup: anything."""
    pages = st.integers(0, 40) | st.integers(0, 2**18) | st.just(most)
    files = ("min", "low", "high", "max", "swap.high", "swap.max")
    return {f"memory.{file}": draw(pages) for file in files}


def values_of(version):
    return v1_values() if version is Version.V1 else v2_values()
