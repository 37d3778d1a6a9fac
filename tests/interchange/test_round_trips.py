"""The import of an export gives the same policy back, as far as the format can say it."""

from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.interchange.mapping import mapped
from xmlresource.interchange.outcomes import Fate
from xmlresource.interchange.readers.detection import guests_in
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.interchange.writers.exported import Exported
from xmlresource.interchange.writers.ovf_descriptor import write_ovf
from xmlresource.interchange.writers.rasd import write_rasd
from xmlresource.interchange.writers.resources_block import write_resources_block
from xmlresource.interchange.writers.unit_drop_in import write_drop_in
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.io import IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.strategies import policies
from xmlresource.units import Amount

WRITERS: Final[dict[str, Callable[..., Exported]]] = {
    "rasd": write_rasd,
    "ovf": write_ovf,
    "systemd": write_drop_in,
    "kubevirt": write_resources_block,
}
LIMITS: Final = Wishes(take=frozenset({OnRequest.LIMITS}))
MIB: Final = 2**20

#: What stands around the policy: a plain guest, one on hugepages, a container.
GUESTS: Final = {
    "plain": ("kvm", ""),
    "hugepages": ("kvm", "<memoryBacking><hugepages/></memoryBacking>"),
    "disk": (
        "kvm",
        "<devices><disk device='disk'><target dev='vda'/></disk><disk/></devices>",
    ),
    "container": ("lxc", ""),
}


def domain(kind: str, mebibytes: int, name: str = "a") -> Domain:
    type_, inner = GUESTS[kind]
    text = (
        f"<domain type='{type_}'><name>{name}</name><memory unit='MiB'>{mebibytes}</memory>"
        f"<vcpu>3</vcpu><os><type arch='x86_64' machine='q35'>hvm</type></os>{inner}</domain>"
    )
    found = Document.parse(text.encode()).domain
    assert found is not None
    return found


def said(exported: Exported) -> dict[str, Amount]:
    """What an export says it has kept as it was."""
    kept = {Fate.TAKEN, Fate.CONVERTED}
    return {one.tunable: one.amount for one in exported.values if one.fate in kept and one.written}


def read_back(exported: Exported, into: Domain) -> dict[str, Amount]:
    (guest,) = guests_in(exported.text.encode(), "exported")
    return dict(mapped(guest, into, LIMITS).targets)


@pytest.mark.parametrize("writer", WRITERS)
@given(
    policy=policies(),
    kind=st.sampled_from(sorted(GUESTS)),
    mebibytes=st.integers(64, 1 << 20),
)
def test_what_is_kept_comes_back(
    writer: str, policy: MemoryPolicy, kind: str, mebibytes: int
) -> None:
    guest = domain(kind, mebibytes)
    exported = WRITERS[writer](policy, guest)
    back = read_back(exported, guest)
    expected = {name: amount for name, amount in said(exported).items() if isinstance(amount, int)}
    assert {name: amount for name, amount in back.items() if name in expected} == expected
    # What is rounded is within a MiB of it, or less because of the guest's RAM.
    for one in exported.values:
        if one.fate is Fate.ROUNDED and one.tunable in back:
            amount, kept = one.amount, back[one.tunable]
            assert isinstance(amount, int)
            assert isinstance(kept, int)
            assert abs(kept - amount) < MIB or kept < amount
    assert {one.tunable for one in exported.values} == dict(policy.items()).keys()


@pytest.mark.parametrize("writer", ["rasd", "systemd"])
@given(policy=policies())
def test_a_cgroups_words_keep_every_value_that_they_have(writer: str, policy: MemoryPolicy) -> None:
    guest = domain("plain", 1024)
    back = read_back(WRITERS[writer](policy, guest), guest)
    names = {
        "rasd": ["min_guarantee", "hard_limit"],
        "systemd": ["min_guarantee", "hard_limit", "soft_limit", "swap_hard_limit"],
    }[writer]
    sizes = {name: policy[name] for name in names if isinstance(policy[name], int)}
    assert back == sizes


CPUS = st.none() | st.integers(1, 3000)
SHARES = st.none() | st.integers(1, 10_000).filter(lambda share: share != 100)


@pytest.mark.parametrize(
    ("writer", "names"),
    [
        ("rasd", {"cpu_hard_limit", "cpu_min_guarantee", "cpu_share", "io_share"}),
        ("systemd", {"cpu_hard_limit", "cpu_share", "io_share"}),
        ("kubevirt", {"cpu_hard_limit", "cpu_min_guarantee"}),
        ("ovf", set()),
    ],
)
@given(hard=CPUS, share=SHARES, guarantee=CPUS, io_share=SHARES)
def test_cpu_time_and_shares_come_back(
    writer: str,
    names: set[str],
    hard: int | None,
    share: int | None,
    guarantee: int | None,
    io_share: int | None,
) -> None:
    assume(hard is None or guarantee is None or guarantee <= hard)
    given_ = {
        "cpu_hard_limit": hard,
        "cpu_share": share,
        "cpu_min_guarantee": guarantee,
        "io_share": io_share,
    }
    cpu = CpuPolicy(hard_limit=hard, share=share, min_guarantee=guarantee)
    guest = domain("disk", 4096)
    exported = WRITERS[writer](MemoryPolicy(), guest, cpu, IoPolicy(share=io_share))
    (found,) = guests_in(exported.text.encode(), "exported")
    outcomes = mapped(found, guest, LIMITS).outcomes
    back = {one.target: one.amount for one in outcomes if one.target is not None}
    said = {name: amount for name, amount in given_.items() if amount is not None}
    assert back == {name: amount for name, amount in said.items() if name in names}
    fates = {one.tunable: one.fate for one in exported.values}
    assert fates == {name: Fate.TAKEN if name in names else Fate.DROPPED for name in said}


@given(
    mebibytes=st.integers(512, 1 << 18),
    reserved=st.floats(0.01, 1),
    limited=st.floats(0.1, 0.99),
)
@pytest.mark.parametrize("writer", ["ovf", "kubevirt"])
def test_what_was_imported_is_exported_as_it_was(
    writer: str, mebibytes: int, reserved: float, limited: float
) -> None:
    """From an OVF into a guest, and out again: the descriptor's figures."""
    guest = domain("plain", mebibytes)
    reservation, limit = max(1, int(mebibytes * reserved)), max(1, int(mebibytes * limited))
    source = (
        "config.version = '8'\n".replace("'", '"')
        + f'memsize = "{mebibytes}"\nsched.mem.min = "{min(reservation, limit)}"\n'
        f'sched.mem.max = "{limit}"\n'
    )
    (found,) = guests_in(source.encode(), "a.vmx")
    policy = MemoryPolicy(**mapped(found, guest, LIMITS).targets)  # type: ignore[arg-type]
    (again,) = guests_in(WRITERS[writer](policy, guest).text.encode(), "again")
    assert again.ram == found.ram
    assert again.memory.reservation is not None
    assert found.memory.reservation is not None
    assert again.memory.reservation.amount == found.memory.reservation.amount
    assert again.memory.limit is not None
    assert found.memory.limit is not None
    assert again.memory.limit.amount == found.memory.limit.amount


@pytest.mark.parametrize("writer", ["rasd", "ovf", "kubevirt"])
@given(name=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1))
def test_names_come_back(writer: str, name: str) -> None:
    stripped = name.strip() or "a"
    guest = Domain(name=stripped, type="kvm", memory=1 << 30)
    if any(ord(one) in {0xFFFE, 0xFFFF} for one in stripped):
        return  # no XML document can hold it
    exported = WRITERS[writer](MemoryPolicy(min_guarantee=1 << 29), guest)
    (found,) = guests_in(exported.text.encode(), "exported")
    assert found.name == stripped
