import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.formats.assignments import BadAssignment, parse_assignments
from xmlresource.formats.quantity_names import (
    KEYS,
    QuantityName,
    lacks_device,
    parse_quantity_name,
    split_name,
    written_quantity_name,
)
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import UNLIMITED

DEVICES = ["vda", "a.io", "x.y-z", "/dev/sda", "/dev/disk/by-id/scsi-1.2_3", "/a.io_share"]
IN_DEVICES = [row for row in IO if row.per_device]


@given(st.sampled_from(DEVICES), st.sampled_from(IN_DEVICES))
def test_a_name_of_a_device_reads_as_what_it_was_written_of(device, row):
    named = {"path": device} if device.startswith("/") else {"target": device}
    name = QuantityName(row, **named)
    assert parse_quantity_name(str(name)) == name
    dashed = f"{device}.{row.key.replace('_', '-')}"
    assert written_quantity_name(dashed) == name
    assert split_name(str(name)) == (device, row.key)


@pytest.mark.parametrize("row", [*CPU, IO[0]], ids=lambda row: row.key)
def test_a_name_of_the_guest(row):
    assert parse_quantity_name(row.key) == QuantityName(row)
    assert written_quantity_name(row.key.replace("_", "-")) == QuantityName(row)
    assert parse_quantity_name(f"vda.{row.key}") is None
    assert QuantityName(row).device == (None, None)


@pytest.mark.parametrize(
    "text", ["", "cpu", "hard_limit", ".iops_hard_limit.read", "vda.io", "x.y"]
)
def test_what_names_nothing(text):
    assert parse_quantity_name(text) is None


def test_what_lacks_its_device():
    assert [key for key in KEYS if lacks_device(key)] == [row.key for row in IN_DEVICES]
    assert all(parse_quantity_name(row.key) is None for row in IN_DEVICES)


@pytest.mark.parametrize(
    ("text", "name", "amount"),
    [
        ("cpu_hard_limit=250%", "cpu_hard_limit", 2500),
        ("cpu-hard-limit = 2500 millicpu", "cpu_hard_limit", 2500),
        ("cpu_percentage=12.5%", "cpu_percentage", 12_500),
        ("cpu_percentage=12.5", "cpu_percentage", 12_500),
        ("cpu_share=none", "cpu_share", None),
        ("vda.iops-hard-limit.read=500", "vda.iops_hard_limit.read", 500),
        (
            "vda.io_bandwidth_hard_limit.read=unlimited",
            "vda.io_bandwidth_hard_limit.read",
            UNLIMITED,
        ),
        ("/dev/a-b.io_bandwidth_soft_limit=1 MiB", "/dev/a-b.io_bandwidth_soft_limit", 2**20),
        ("io_share=7", "io_share", 7),
    ],
)
def test_an_assignment(text, name, amount):
    found = parse_assignments([text])
    assert not found.faults
    assert found.amounts == {name: amount}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cpu_shar=5", "did you mean cpu_share?"),
        ("vda.iop_hard_limit.read=5", "did you mean vda.iops_hard_limit.read?"),
        ("vda.io=5", "there are cpu_hard_limit"),
        ("iops_hard_limit.read=5", "such as vda.iops_hard_limit.read"),
        ("cpu_share=0", "from 1 to 10000"),
        ("cpu_share=1.5", "is not a whole number"),
        ("cpu_share=unlimited", "a weight can't be unlimited"),
        ("cpu_min_guarantee=unlimited", "a guarantee can't be unlimited"),
        ("cpu_hard_limit=4GiB", "is not a number"),
        ("cpu_hard_limit=auto", "nothing is recommended for cpu_hard_limit"),
        ("cpu_percentage=101%", "more than 100 percent"),
    ],
)
def test_a_faulty_assignment_is_told(text, told):
    (fault,) = parse_assignments([text]).faults
    assert isinstance(fault, BadAssignment)
    assert told in f"{fault.problem}; {fault.cure}"


def test_a_quantity_assigned_twice():
    found = parse_assignments(["io_share=1", "io-share=2"])
    assert [fault.problem for fault in found.faults] == ["io_share is assigned twice"]
