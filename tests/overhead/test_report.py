import json

from xmlresource.model.domain import Device, Domain
from xmlresource.overhead import estimate
from xmlresource.reports.overhead import as_data, render

MIB = 1 << 20
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
    lines = render(overhead).splitlines()
    assert lines[0] == "web: overhead beyond RAM"
    start = next(place for place, line in enumerate(lines) if line.startswith("item "))
    table = lines[start : lines.index("", start)]
    assert table[0].split() == ["item", "count", "idle", "expected", "worst", "charged", "source"]
    edge = table[0].index("expected") + len("expected")
    assert all(line[edge - 1].isalpha() for line in table)
    assert all(line[edge : edge + 2] == "  " for line in table)
    names = [item.name for item in overhead.items]
    assert [line for line in table[1:] if line.startswith(tuple(names))]
    assert any(line.startswith("total in the guest's cgroup") for line in table)
    assert any(line.startswith("total outside") for line in table)
    assert any("sound theremin: not in the table" in line for line in lines)


def test_a_guest_of_another_driver_has_no_table():
    text = render(estimate(Domain(type="xen", memory=MIB)))
    assert "item " not in text
    assert text.startswith("a guest without a name")
    assert "not run by QEMU or LXC" in text


def test_the_data_add_up_and_are_json():
    overhead = estimate(GUEST)
    data = json.loads(json.dumps(as_data(overhead)))
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
