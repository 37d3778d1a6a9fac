"""What allocations mean for the guest that they go into."""

from fractions import Fraction

import pytest

from xmlresource.document import Document
from xmlresource.interchange.allocation import (
    Allocation,
    Basis,
    ResourceType,
    SourceGuest,
    SourceValue,
    Unit,
)
from xmlresource.interchange.mapping import Mapped, mapped
from xmlresource.interchange.outcomes import Fate, ValueOutcome, value_text
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.model.domain import Domain
from xmlresource.overhead import estimate
from xmlresource.units import UNLIMITED

MIB = 2**20
GIB = 2**30
LIMITS = Wishes(take=frozenset({OnRequest.LIMITS}))


def value(
    amount: Fraction | int, unit: Unit = Unit.BYTE, name: str = "x", line: int = 1
) -> SourceValue:
    return SourceValue(name, str(amount), line, Fraction(amount), unit)


def memory(**given: SourceValue | Fraction | bool) -> SourceGuest:
    allocation = Allocation(ResourceType.MEMORY, **given)  # type: ignore[arg-type]
    return SourceGuest("a", "test", "a.ovf", Basis.GUEST_RAM, memory=allocation)


def processor(**given: SourceValue | Fraction) -> SourceGuest:
    allocation = Allocation(ResourceType.PROCESSOR, **given)  # type: ignore[arg-type]
    return SourceGuest("a", "test", "a.ovf", Basis.GUEST_RAM, processor=allocation)


def storage(*disks: Allocation) -> SourceGuest:
    return SourceGuest("a", "test", "a.ovf", Basis.GUEST_RAM, storage=disks)


def domain(inner: str = "", kind: str = "kvm", ram: str = "4") -> Domain:
    text = (
        f"<domain type='{kind}'><name>a</name><memory unit='GiB'>{ram}</memory><vcpu>2</vcpu>"
        f"<os><type arch='x86_64' machine='q35'>hvm</type></os>{inner}</domain>"
    )
    found = Document.parse(text.encode()).domain
    assert found is not None
    return found


def only(found: Mapped) -> ValueOutcome:
    (one,) = found.outcomes
    return one


def overhead_of(guest: Domain) -> int:
    return -(-estimate(guest).total.expected // MIB) * MIB


def test_the_overhead_is_that_of_the_guest() -> None:
    plain = domain()
    large = domain("<devices><video><model type='qxl'/></video><graphics type='spice'/></devices>")
    source = memory(reservation=value(2 * GIB))
    for guest in (plain, large):
        expected = 2 * GIB + overhead_of(guest)
        assert mapped(source, guest, Wishes()).targets == {"min_guarantee": expected}
    assert overhead_of(large) > overhead_of(plain)


def test_no_more_than_the_guests_ram() -> None:
    found = mapped(memory(reservation=value(8 * GIB)), domain(), Wishes())
    assert only(found).fate is Fate.ROUNDED
    assert found.targets == {"min_guarantee": 4 * GIB + overhead_of(domain())}


def test_ram_from_hugepages_is_not_charged() -> None:
    guest = domain("<memoryBacking><hugepages/></memoryBacking>")
    found = mapped(memory(reservation=value(2 * GIB)), guest, Wishes())
    assert found.targets == {"min_guarantee": overhead_of(guest)}
    assert "2 GiB - 2 GiB from hugepage pools" in only(found).reason


def test_a_container_has_no_overhead() -> None:
    guest = domain(kind="lxc")
    found = mapped(memory(reservation=value(2 * GIB), limit=value(3 * GIB)), guest, LIMITS)
    assert found.targets == {"min_guarantee": 2 * GIB, "hard_limit": 3 * GIB}
    assert found.outcomes[0].fate is Fate.TAKEN


def test_a_container_takes_less_where_the_source_says_more() -> None:
    found = mapped(memory(reservation=value(8 * GIB)), domain(kind="lxc"), Wishes())
    assert (only(found).fate, found.targets) == (Fate.ROUNDED, {"min_guarantee": 4 * GIB})


def test_all_is_all_of_the_guest() -> None:
    source = memory(reserve_all=value(1, Unit.COUNT), quantity=value(GIB))
    found = mapped(source, domain(), Wishes())
    assert found.targets == {"min_guarantee": 4 * GIB + overhead_of(domain())}
    assert "the source has 1 GiB of RAM, the guest 4 GiB" in found.notes


def test_without_ram_all_is_nothing() -> None:
    source = memory(reserve_all=value(1, Unit.COUNT), reservation=value(GIB))
    found = mapped(source, None, Wishes())
    assert [one.fate for one in found.outcomes] == [Fate.DROPPED, Fate.CONVERTED]
    assert found.outcomes[0].is_loss


PASSED_THROUGH = (
    "<devices><hostdev mode='subsystem' type='pci' managed='yes'><source>"
    "<address domain='0' bus='1' slot='0' function='0'/></source></hostdev></devices>"
)


@pytest.mark.parametrize(
    ("inner", "advised"),
    [
        ("", False),
        (PASSED_THROUGH, True),
        (f"<memoryBacking><locked/></memoryBacking>{PASSED_THROUGH}", False),
    ],
)
def test_locked_is_suggested_for_passthrough(inner: str, advised: bool) -> None:
    source = memory(reserve_all=value(1, Unit.COUNT), quantity=value(4 * GIB))
    notes = mapped(source, domain(inner), Wishes()).notes
    assert any("<locked/>" in note for note in notes) is advised
    assert len(notes) == advised


def test_limits_below_ram_only_if_asked() -> None:
    source = memory(limit=value(3 * GIB))
    assert only(mapped(source, domain(), Wishes())).is_loss
    assert mapped(source, domain(), Wishes()).targets == {}
    found = mapped(source, domain(), LIMITS)
    total = estimate(domain()).total.worst + 16 * MIB
    assert found.targets == {"hard_limit": 3 * GIB + -(-total // MIB) * MIB}


def test_limits_of_unknown_ram_are_below_it() -> None:
    assert only(mapped(memory(limit=value(3 * GIB)), None, Wishes())).is_loss


def test_limits_that_are_none() -> None:
    nothing = SourceValue("x", "unlimited", 1, UNLIMITED, Unit.BYTE)
    for limit in (value(0), value(4 * GIB), nothing):
        one = only(mapped(memory(limit=limit), domain(), LIMITS))
        assert (one.fate, one.is_loss) == (Fate.DROPPED, False)


def test_what_no_host_has_is_dropped() -> None:
    for given in (value(2**70), value(5, Unit.PERCENT)):
        found = mapped(
            memory(reservation=given, limit=given, soft_limit=given, swap_limit=given),
            domain(),
            LIMITS,
        )
        assert found.targets == {}
        assert all(one.is_loss for one in found.outcomes)


def charged(**given: SourceValue) -> SourceGuest:
    allocation = Allocation(ResourceType.MEMORY, **given)  # type: ignore[arg-type]
    return SourceGuest("a", "test", "a.conf", Basis.CHARGED, memory=allocation)


def test_a_cgroups_figures_are_taken_as_they_are() -> None:
    source = charged(
        reservation=value(GIB),
        limit=value(3 * GIB),
        soft_limit=value(2 * GIB),
        swap_limit=value(GIB),
    )
    found = mapped(source, domain(), Wishes())
    assert found.targets == {
        "min_guarantee": GIB,
        "hard_limit": 3 * GIB,
        "soft_limit": 2 * GIB,
        "swap_hard_limit": 4 * GIB,
    }
    assert found.notes == ()


def test_guarantees_round_up_and_limits_down() -> None:
    source = charged(reservation=value(GIB + 1), limit=value(2 * GIB - 1))
    found = mapped(source, domain(), Wishes())
    assert found.targets == {"min_guarantee": GIB + 1024, "hard_limit": 2 * GIB - 1024}
    assert {one.fate for one in found.outcomes} == {Fate.ROUNDED}


def test_a_protection_of_nothing_is_none() -> None:
    source = charged(soft_limit=value(0), limit=value(0), swap_limit=value(GIB))
    found = mapped(source, domain(), Wishes())
    assert found.targets == {}
    assert [one.is_loss for one in found.outcomes] == [False, False, True]


SHARES = Wishes(take=frozenset({OnRequest.MEMORY_SHARES}))


def test_shares_become_a_priority_if_asked() -> None:
    weight, usual = value(400, Unit.WEIGHT), Fraction(100)
    source = memory(reservation=value(GIB), weight=weight, usual_weight=usual)
    assert "priority" not in mapped(source, domain(), Wishes()).targets
    assert mapped(source, domain(), SHARES).targets["priority"] == 400
    heavy = memory(reservation=value(GIB), weight=value(10**6, Unit.WEIGHT), usual_weight=usual)
    assert mapped(heavy, domain(), SHARES).targets["priority"] == 999
    alone = memory(weight=weight, usual_weight=usual)
    assert only(mapped(alone, domain(), SHARES)).is_loss


def test_a_balloons_floor_beside_a_reservation() -> None:
    source = memory(reservation=value(GIB), balloon_floor=value(2 * GIB))
    found = mapped(source, domain(), Wishes(take=frozenset({OnRequest.BALLOON})))
    assert found.targets == {"min_guarantee": GIB + overhead_of(domain())}


CLOCK = Wishes(source_mhz=Fraction(2600))


def cpu(found: Mapped) -> tuple[str | None, object, str]:
    one = only(found)
    return one.target, one.amount, one.reason


def test_megahertz_need_the_clock() -> None:
    source = processor(reservation=value(1300 * 10**6, Unit.HERTZ))
    assert "--source-mhz" in only(mapped(source, domain(), Wishes())).reason
    target, amount, reason = cpu(mapped(source, domain(), CLOCK))
    assert (target, amount) == ("cpu_min_guarantee", 500)
    assert reason == "1300 MHz / 2600 MHz a CPU"


@pytest.mark.parametrize(
    ("hertz", "amount"),
    [(2600 * 10**6, 1000), (1, 1), (999_999_999, 385), (52_000 * 10**6, 2000)],
)
def test_guaranteed_cpus_round_up_to_the_vcpus(hertz: int, amount: int) -> None:
    source = processor(reservation=value(hertz, Unit.HERTZ))
    assert cpu(mapped(source, domain(), CLOCK))[1] == amount


def test_a_guarantee_is_not_rounded_above_the_limit() -> None:
    both = value(999_999_999, Unit.HERTZ)
    found = mapped(processor(reservation=both, limit=both), domain(), CLOCK)
    assert found.targets == {"cpu_hard_limit": 384, "cpu_min_guarantee": 384}
    unlimited = SourceValue("x", "unlimited", 1, UNLIMITED, Unit.HERTZ)
    free = mapped(processor(reservation=both, limit=unlimited), domain(), CLOCK)
    assert free.targets == {"cpu_min_guarantee": 385}


@pytest.mark.parametrize(
    ("given", "target", "amount"),
    [
        (value(1300 * 10**6, Unit.HERTZ), "cpu_hard_limit", 500),
        (value(999_999_999, Unit.HERTZ), "cpu_hard_limit", 384),
        (value(Fraction(3, 2), Unit.CPU), "cpu_hard_limit", 1500),
        (value(4, Unit.CPU), "cpu_hard_limit", 4000),
        (value(5200 * 10**6, Unit.HERTZ), None, None),
        (value(1, Unit.HERTZ), None, None),
        (value(0, Unit.HERTZ), None, None),
        (value(50, Unit.PERCENT), None, None),
        (SourceValue("x", "unlimited", 1, UNLIMITED, Unit.HERTZ), None, None),
    ],
)
def test_limits_of_cpus(given: SourceValue, target: str | None, amount: int | None) -> None:
    assert cpu(mapped(processor(limit=given), domain(), CLOCK))[:2] == (target, amount)


@pytest.mark.parametrize(
    ("given", "amount"),
    [
        (value(Fraction(3, 2), Unit.CPU), 1500),
        (value(8, Unit.CPU), 2000),
        (value(50, Unit.PERCENT), None),
        (value(0, Unit.CPU), None),
    ],
)
def test_reserved_cpus(given: SourceValue, amount: int | None) -> None:
    assert cpu(mapped(processor(reservation=given), domain(), CLOCK))[1] == amount


@pytest.mark.parametrize(
    ("weight", "usual", "share"),
    [(2000, 1000, 200), (1, 1000, 1), (10**9, 1000, 10_000), (250, 100, 250), (0, 100, None)],
)
def test_shares_keep_their_ratio(weight: int, usual: int, share: int | None) -> None:
    source = processor(weight=value(weight, Unit.WEIGHT), usual_weight=Fraction(usual))
    assert cpu(mapped(source, domain(), Wishes()))[1] == share


def disk(device: str = "sda", **given: SourceValue | Fraction | str) -> Allocation:
    return Allocation(ResourceType.STORAGE, device=device, **given)  # type: ignore[arg-type]


def test_one_share_for_all_disks() -> None:
    heavy = disk(weight=value(2000, Unit.WEIGHT), usual_weight=Fraction(1000))
    second = disk("sdb", weight=value(2000, Unit.WEIGHT), usual_weight=Fraction(1000))
    light = disk("sdb", weight=value(500, Unit.WEIGHT), usual_weight=Fraction(1000))
    alike = mapped(storage(heavy, second), domain(), Wishes())
    assert [(one.target, one.amount) for one in alike.outcomes] == 2 * [("io_share", 200)]
    mixed = mapped(storage(heavy, light), domain(), Wishes())
    assert [one.target for one in mixed.outcomes] == [None, None]
    beside_an_usual_one = mapped(storage(heavy, disk("sdb")), domain(), Wishes())
    assert [one.target for one in beside_an_usual_one.outcomes] == [None]
    whole = disk("", weight=value(200, Unit.WEIGHT), usual_weight=Fraction(100))
    of_the_guest = mapped(storage(whole, disk("/dev/sda")), domain(), Wishes())
    assert [(one.target, one.amount) for one in of_the_guest.outcomes] == [("io_share", 200)]


def test_limits_of_disks() -> None:
    speed = value(10**6, Unit.BYTE_PER_SECOND)
    found = mapped(
        storage(
            disk(limit=speed, direction="read"),
            disk(limit=value(500, Unit.OPERATION_PER_SECOND), direction="write"),
            disk(limit=speed),
            disk(limit=value(0, Unit.OPERATION_PER_SECOND)),
            disk(limit=value(5, Unit.PERCENT)),
            disk(),
        ),
        domain(),
        Wishes(),
    )
    assert [(one.target, one.amount) for one in found.outcomes[:2]] == [
        ("io_bandwidth_hard_limit.read", 10**6),
        ("iops_hard_limit.write", 500),
    ]
    assert "of disk vda it would be vda.io_bandwidth_hard_limit.read" in found.outcomes[0].reason
    assert "<total_bytes_sec>" in found.outcomes[2].reason
    assert [one.is_loss for one in found.outcomes] == [True, True, True, False, True]


def test_amounts_are_told_in_their_unit() -> None:
    assert value_text("cpu_hard_limit", 1000) == "1 CPU"
    assert value_text("cpu_hard_limit", 1250) == "1.25 CPUs"
    assert value_text("cpu_share", 200) == "200"
    assert value_text("priority", 7) == "7"
    assert value_text("balance", amount=False) == "no"
    assert value_text("hard_limit", 3 * MIB) == "3 MiB"
    assert value_text("hard_limit", UNLIMITED) == "unlimited"
    assert value_text("io_bandwidth_hard_limit.read", MIB) == "1 MiB/s"
    assert ValueOutcome("x", "1", 1, Fate.DROPPED).value == ""


def test_a_source_of_any_size_is_believed_within_bounds() -> None:
    huge = value(2**80)
    source = SourceGuest(
        "a",
        "test",
        "a",
        Basis.GUEST_RAM,
        memory=Allocation(ResourceType.MEMORY, quantity=huge),
        processor=Allocation(ResourceType.PROCESSOR, quantity=value(2**80, Unit.COUNT)),
    )
    assert (source.ram, source.vcpus) == (None, 4096)
    assert mapped(source, None, Wishes()).outcomes == ()
