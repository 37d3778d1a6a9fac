"""Weights that are set as properties of a scope."""

from collections.abc import Iterator

import pytest

from tests.fakes.bus import FakeBus
from tests.fakes.systemd import Systemd
from xmlresource.cgroup.writes import Executor, FileUnit, Write
from xmlresource.system.systemd.unit_properties import SystemdUnits

SCOPE = "/machine.slice/machine-qemu\\x2d1\\x2da.scope"


@pytest.fixture
def bus() -> Iterator[FakeBus]:
    made = FakeBus()
    yield made
    made.close()


def bfq_weight(weight: int) -> int:
    """systemd's BFQ_WEIGHT (src/core/cgroup.h)."""
    if weight <= 100:
        return 100 - (100 - weight) * 99 // 99
    return 100 + (weight - 100) * 900 // 9900


@pytest.mark.parametrize(
    ("file", "amount", "name", "value"),
    [
        ("cpu.weight", 250, "CPUWeight", 250),
        ("io.weight", 250, "IOWeight", 250),
        ("io.bfq.weight", 100, "IOWeight", 100),
        ("io.bfq.weight", 101, "IOWeight", 111),
        ("io.bfq.weight", 1000, "IOWeight", 10_000),
    ],
)
def test_a_weight_is_a_property(
    bus: FakeBus, file: str, amount: int, name: str, value: int
) -> None:
    write = Write(
        SCOPE,
        f"/sys/fs/cgroup{SCOPE}",
        file,
        amount,
        100,
        str(amount),
        "100",
        "cpu_share",
        "so",
        Executor.SYSTEMD,
        unit=FileUnit.WEIGHT,
    )
    SystemdUnits(Systemd(bus).machine, {})(write, amount)
    unit = SCOPE.rpartition("/")[2]
    assert bus.calls[-1:] == [(unit, True, [(name, ("t", value))])]


@pytest.mark.parametrize("weight", [1, 99, 100, 101, 400, 1000])
def test_bfq_gets_what_was_asked_for(bus: FakeBus, weight: int) -> None:
    write = Write(
        SCOPE,
        f"/sys/fs/cgroup{SCOPE}",
        "io.bfq.weight",
        weight,
        100,
        str(weight),
        "100",
        "io_share",
        "so",
        Executor.SYSTEMD,
        unit=FileUnit.WEIGHT,
    )
    SystemdUnits(Systemd(bus).machine, {})(write, weight)
    (((_, (_, value)),),) = [properties for _, _, properties in bus.calls]
    assert bfq_weight(value) == weight
