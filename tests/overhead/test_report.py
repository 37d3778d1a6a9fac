import json

import pytest
from hypothesis import given

from tests.overhead.strategies import domains
from xmlresource.model.domain import Device, Domain, HugepageRequest, MemoryBacking
from xmlresource.operations.memory_use.overhead import Estimated, Estimates
from xmlresource.overhead import estimate
from xmlresource.record import replace
from xmlresource.reports.guests.overhead import all_as_data, as_data, render, render_all
from xmlresource.reports.layout.tables import WIDTH

MIB = 1 << 20


def estimated(domain: Domain, limit: int | None = None, memtune: int | None = None) -> Estimated:
    return Estimated(f"{domain.name}.xml", estimate(domain), limit, memtune_limit=memtune)


GUEST = Domain(
    name="web",
    type="kvm",
    memory=512 * MIB,
    devices=(
        Device("interface", {"type": "vhostuser", "model/@type": "virtio"}),
        Device("sound", {"model": "theremin"}),
    ),
)


def test_the_table_is_aligned_and_complete():
    overhead = estimate(GUEST)
    lines = render(estimated(GUEST)).splitlines()
    assert lines[0] == "web: overhead beyond RAM, in MiB"
    start = next(place for place, line in enumerate(lines) if line.startswith("item "))
    table = lines[start : lines.index("", start)]
    assert table[0].split() == ["item", "count", "idle", "expected", "worst", "charged", "source"]
    edge = table[0].index("expected") + len("expected")
    assert all(line[edge - 3] == "." for line in table[1:])
    assert all(line[edge : edge + 2] == "  " for line in table)
    assert [line.partition("  ")[0] for line in table[1 : len(overhead.items) + 1]] == [
        item.name for item in overhead.items
    ]
    assert any(line.startswith("total in the guest's cgroup") for line in table)
    assert any(line.startswith("total outside") for line in table)
    assert any("sound theremin: not in the table" in line for line in lines)


def test_ram_is_told_by_where_it_comes_from():
    given = {"target/size": "1024", "target/requested": "256"}
    plugged = Device("memory", {"model": "virtio-mem"}, given)
    shared = Device("memory", {"model": "nvdimm", "access": "shared"}, {"target/size": "2048"})
    guest = replace(GUEST, memory=515 * MIB, devices=(plugged, shared), max_memory=516 * MIB)
    overhead = estimate(guest)
    lines = render(estimated(guest)).splitlines()
    assert [line.split("  ")[0] for line in lines[2:8]] == [
        "RAM",
        "RAM",
        "virtio-mem 0",
        "nvdimm 1",
        "not plugged in",
        "RAM in the guest's cgroup",
    ]
    assert [line.split()[-2:] for line in lines[2:3]] == [["most", "from"]]
    assert lines[4].endswith("0.25    1.00  memory")
    assert "2.00    2.00  page cache of its file" in lines[5]
    assert lines[6].endswith("0.00    1.00  memory")
    assert lines[7].endswith("512.25  514.00")
    assert any("2 MiB of RAM are page cache of files" in line for line in lines)
    parts = as_data(estimated(guest))["ram_parts"]
    assert [(part["name"], part["charged"]) for part in parts] == [
        ("RAM", True),
        ("virtio-mem 0", True),
        ("nvdimm 1", False),
        ("not plugged in", True),
    ]
    assert [part["pluggable"] for part in parts] == [0, 768 * 1024, 0, MIB]
    charged = [part for part in parts if part["charged"]]
    assert sum(part["bytes"] for part in charged) == overhead.ram_at_start
    assert sum(part["bytes"] + part["pluggable"] for part in charged) == overhead.ram


def test_ram_of_one_kind_is_not_told_apart():
    assert not [line for line in render(estimated(GUEST)).splitlines() if line.startswith("RAM ")]


def test_each_item_names_its_source_by_number():
    overhead = estimate(GUEST)
    lines = render(estimated(GUEST)).splitlines()
    for item in overhead.items:
        (row,) = (line for line in lines if line.startswith(item.name))
        number = row.split()[-1]
        assert any(line.startswith(f"{number} {item.source}"[: WIDTH // 2]) for line in lines)


@given(domains)
def test_every_line_fits_a_terminal(domain):
    guest = Estimated("some/where.xml", estimate(domain), 1 << 20, memtune_limit=1 << 20)
    text = render(guest)
    both = Estimates((guest,) * 2, (), one=False)
    for line in (text + render_all(both)).splitlines():
        assert len(line) <= WIDTH
        assert line.isprintable()


def test_the_limit_of_the_document_itself_is_judged():
    guest = Estimated("web.xml", estimate(GUEST), GUEST.memory)
    assert "too low: hard_limit 512 MiB leaves 0 bytes" in render(guest)
    assert Estimated("web.xml", guest.overhead).objections == ()


def test_a_name_from_a_tenant_can_not_break_the_table():
    sound = Device("sound", {"model": "x\n\x1b[31m" + "y" * 200})
    text = render(estimated(Domain(name="a\nb", type="kvm", memory=MIB, devices=(sound,))))
    assert "\x1b" not in text
    assert text.startswith("a\\nb: overhead")


def test_several_guests_have_a_line_each_and_a_sum():
    web, nothing = estimate(GUEST), estimate(Domain(name="none", type="kvm"))
    huge = estimate(replace(GUEST, backing=MemoryBacking(hugepages=(HugepageRequest(),))))
    guests = (
        Estimated("web.xml", web, MIB),
        Estimated("huge.xml", huge, 1 << 40),
        Estimated("none.xml", nothing),
    )
    lines = render_all(Estimates(guests, (), one=False)).splitlines()
    assert lines[0].startswith("3 guests: ")
    table = lines[2:7]
    assert [row.split()[0] for row in table] == ["guest", "web", "web", "none", "total"]
    assert table[3].split()[-2:] == ["-", "-"]
    sums = [float(cell) for cell in table[4].split()[1:]]
    columns = zip(*(map(float, row.split()[1:]) for row in table[1:3]), strict=True)
    without_none = [sum(column) for column in columns]
    none = [float(cell) for cell in table[3].split()[1:-2]] + [0, 0]
    expected = [a + b for a, b in zip(without_none, none, strict=True)]
    assert sums == pytest.approx(expected, abs=0.03)
    rest = " ".join(lines[8:])
    assert "512.00 MiB of RAM more come from hugepage pools" in rest
    assert "outside the guests' cgroups" in rest
    assert "none.xml: gives no memory" in rest
    assert "web.xml: too low: hard_limit 1 MiB" in rest


def test_one_guest_of_a_host_has_no_notes():
    guest = Estimated("a.xml", estimate(Domain(name="a", type="kvm", memory=MIB)))
    text = render_all(Estimates((guest,), (), one=False))
    assert text.startswith("1 guest: ")
    assert text.splitlines()[-1].startswith("total ")


def test_the_data_of_several_add_up():
    guests = tuple(Estimated(f"{n}.xml", estimate(GUEST)) for n in range(3))
    data = json.loads(json.dumps(all_as_data(Estimates(guests, (), one=False))))
    assert data["version"] == 1
    assert [guest["path"] for guest in data["guests"]] == ["0.xml", "1.xml", "2.xml"]
    assert as_data(guests[0]) == {
        "version": 1,
        **{key: value for key, value in data["guests"][0].items() if key != "path"},
    }
    total, one = data["total"], data["guests"][0]
    assert total["guests"] == 3
    for column in ("idle", "expected", "worst"):
        assert total[column] == 3 * one["total"][column]
        assert total["outside"][column] == 3 * one["outside"][column]
    for name in ("hard_limit", "min_guarantee"):
        assert total[name] == 3 * one["recommended"][name]
    assert total["ram"] == 3 * one["ram"]


def test_a_guest_of_another_driver_has_no_table():
    text = render(estimated(Domain(type="xen", memory=MIB)))
    assert "item " not in text
    assert text.startswith("a guest without a name")
    assert "not run by QEMU or LXC" in text


LOCKED = replace(GUEST, backing=MemoryBacking(locked=True))


@pytest.mark.parametrize(
    ("guest", "limit", "allows"),
    [
        (GUEST, None, None),
        (GUEST, 600 * MIB, 600 * MIB),
        (LOCKED, None, "unlimited"),
        (LOCKED, 600 * MIB, 600 * MIB),
    ],
)
def test_locked_memory_is_told_in_a_settled_shape(
    guest: Domain, limit: int | None, allows: int | str | None
) -> None:
    needs = estimate(guest).locked.needs
    data = as_data(estimated(guest, limit, limit))
    assert data["locked"] == {"needs": needs, "libvirt_allows": allows}
    assert data["recommended"]["hard_limit"] >= needs


def test_locked_memory_is_told_in_words() -> None:
    text = " ".join(render(estimated(LOCKED)).split())
    assert "may be locked by <locked/>, and libvirt allows unlimited" in text
    assert "in <memtune> hard_limit has to be" in text
    limited = " ".join(render(estimated(LOCKED, 600 * MIB, 600 * MIB)).split())
    assert "and libvirt allows 600 MiB" in limited
    assert "too low: hard_limit 600 MiB is QEMU's limit of locked memory, too" in limited
    assert "locked" not in render(estimated(GUEST))


def test_what_libvirt_does_not_see_is_told() -> None:
    devices = (Device("hostdev", {"type": "pci"}),) * 2
    guest = replace(GUEST, devices=devices, arguments=("-device", "intel-iommu"))
    assert "libvirt does not look into <qemu:commandline>" in render(estimated(guest))
    encrypted = " ".join(render(estimated(replace(GUEST, launch_security="sev"))).split())
    assert "by launchSecurity sev, and libvirt leaves that to the host" in encrypted


def test_the_data_add_up_and_are_json():
    overhead = estimate(GUEST)
    data = json.loads(json.dumps(as_data(estimated(GUEST))))
    assert data["version"] == 1
    assert data["domain"] == "web"
    inside = [item for item in data["items"] if item["charged"] != "outside"]
    for column in ("idle", "expected", "worst"):
        assert sum(item[column] for item in inside) == data["total"][column]
    assert (
        sum(data["by_charged"][who]["worst"] for who in ("qemu", "kernel", "helper"))
        == (data["total"]["worst"])
    )
    assert data["recommended"]["hard_limit"] == overhead.hard_limit
    assert data["unknown"] == ["sound theremin"]
