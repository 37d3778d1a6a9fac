import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.overhead.strategies import devices, domains
from xmlresource.model.domain import Device, Domain, HugepageRequest, MemoryBacking
from xmlresource.overhead import Charged, Cost, estimate
from xmlresource.overhead.estimate import CACHE_ROOM
from xmlresource.overhead.subjects import MIB, subjects_of
from xmlresource.overhead.table import load
from xmlresource.record import replace

GIB = 1024 * MIB


def guest(*found, **fields):
    return Domain(**{"name": "g", "type": "kvm", "memory": GIB, "devices": found, **fields})


@given(domains)
def test_figures_rise_from_idle_to_worst(domain):
    result = estimate(domain)
    for item in result.items:
        assert 0 <= item.cost.idle <= item.cost.expected <= item.cost.worst, item.name
        assert item.count > 0
    assert result.total.idle > 0


@given(domains, devices)
def test_one_device_more_never_lowers_a_figure(domain, device):
    # What the definition leaves out libvirt adds; a device that says "none" or names its own
    # ports takes that back, which is no addition.
    if device.attributes.get("model") in {"none", "pcie-root-port", "lsilogic"}:
        return
    if device.attributes.get("model/@type") == "none":
        return
    if device.kind == "controller" and device.attributes.get("type") == "usb":
        return
    if device.kind in {"memballoon", "video"}:
        return
    before = estimate(domain).total
    after = estimate(replace(domain, devices=(*domain.devices, device))).total
    assert after.idle >= before.idle
    assert after.expected >= before.expected
    assert after.worst >= before.worst


@given(domains, st.sampled_from(["memory", "vcpus", "iothreads"]), st.integers(1, 100))
def test_more_of_the_guest_never_lowers_a_figure(domain, field, more):
    start = getattr(domain, field) or 0
    step = more * MIB if field == "memory" else more
    larger = {field: start + step}
    if field == "memory" and domain.max_memory is not None:
        # What can be plugged in stays what it is: it may come from elsewhere than <memory>.
        larger["max_memory"] = domain.max_memory + step
    before, after = (
        estimate(replace(domain, **fields)).total for fields in ({field: start}, larger)
    )
    assert after.idle >= before.idle
    assert after.expected >= before.expected
    assert after.worst >= before.worst


@given(domains)
def test_a_recommended_guarantee_stays_below_the_limit(domain):
    result = estimate(domain)
    if result.hard_limit is None:
        assert result.min_guarantee is None
        return
    assert 0 < result.min_guarantee < result.hard_limit
    assert result.hard_limit >= result.ram + result.total.worst
    assert result.objection(result.hard_limit) is None


def test_every_row_of_the_table_can_be_reached():
    """One guest for each row, made from what the row asks for."""
    missed = [row.name for row in load().rows if not _reached(row)]
    assert missed == []


def _reached(row):
    facts = {fact: values[0].rstrip("*") for fact, values in row.when.items()}
    of_guest = {
        fact.removeprefix("guest/"): value
        for fact, value in facts.items()
        if fact.startswith("guest/") or row.of == "guest"
    }
    accelerator = of_guest.get("accelerator", "kvm")
    device_facts = {fact: value for fact, value in facts.items() if not fact.startswith("guest/")}
    fields = {
        "type": {"tcg": "qemu", "": "kvm"}.get(accelerator, accelerator),
        "iothreads": 1,
        "architecture": of_guest.get("architecture"),
        "machine": of_guest.get("machine", "pc"),
        "firmware": of_guest.get("firmware"),
        "direct_kernel": of_guest.get("direct_kernel") == "yes",
        "launch_security": of_guest.get("launch_security"),
        "backing": MemoryBacking(shared=of_guest.get("shared") == "yes"),
    }
    found = []
    if row.of == "container":
        fields["type"] = "lxc"
    elif row.of == "image":
        names = {"format": "driver/@type", "protocol": "source/@protocol"}
        found.append(Device("disk", {names[fact]: value for fact, value in facts.items()}))
    elif row.of != "guest":
        size = {"target/size": "1024"}
        found.append(Device(row.of, device_facts, size if row.of == "memory" else {}))
    if of_guest.get("qxl") == "yes":
        found.append(Device("video", {"model/@type": "qxl"}))
    if of_guest.get("disks") == "some":
        found.append(Device("disk"))
    domain = guest(*found, **fields)
    return any(row in load().rows_for(subject)[0] for subject in subjects_of(domain))


def test_equal_devices_are_one_line():
    card = Device("interface", {"type": "bridge", "model/@type": "virtio"})
    (one,) = [i for i in estimate(guest(card)).items if i.name == "virtio network card"]
    (three,) = [i for i in estimate(guest(*[card] * 3)).items if i.name == "virtio network card"]
    assert (one.count, three.count) == (1, 3)
    assert three.cost == one.cost + one.cost + one.cost


def test_a_vcpu_counts_as_one_of_its_line():
    (line,) = [item for item in estimate(guest(vcpus=12)).items if item.name == "vCPU"]
    assert line.count == 12


def test_unknown_devices_are_named_once_and_cost_their_default():
    before = estimate(guest())
    odd = Device("sound", {"model": "theremin"})
    result = estimate(guest(odd, odd, Device("teleporter")))
    assert result.unknown == ("sound theremin", "teleporter")
    default = load().unknown.costs["one"]
    assert result.total == before.total + default.times(3)
    assert any("theremin" in line for line in result.reasoning)


def test_page_tables_are_a_512th_of_ram_and_none_on_hugepages():
    (line,) = [i for i in estimate(guest()).items if i.name == "page tables of RAM"]
    assert line.cost.expected == GIB // 512
    assert line.charged is Charged.KERNEL
    huge = MemoryBacking(hugepages=(HugepageRequest(),))
    result = estimate(guest(backing=huge))
    assert not [item for item in result.items if item.name == "page tables of RAM"]
    assert (result.ram, result.hugepages) == (0, GIB)
    assert any("hugepage pools" in line for line in result.reasoning)
    assert result.hard_limit == -(-(result.total.worst + CACHE_ROOM) // MIB) * MIB


def test_a_small_translation_cache_bounds_what_emulation_takes():
    free, bound = (estimate(guest(type="qemu", tb_cache=cache)).total for cache in (None, 16 * MIB))
    assert bound.expected < free.expected - 16 * MIB
    assert free.worst - bound.worst > 1000 * MIB


def test_the_limit_is_for_all_ram_and_the_guarantee_for_what_is_there():
    result = estimate(guest(max_memory=4 * GIB))
    assert result.hard_limit > 4 * GIB
    assert GIB < result.min_guarantee < 2 * GIB


def test_a_container_has_its_memory_and_no_emulator():
    result = estimate(guest(type="lxc"))
    assert result.hard_limit == GIB
    assert result.min_guarantee == GIB - MIB
    assert [item.name for item in result.items] == ["controller process"]
    assert result.notes
    assert "no emulator" in result.reasoning[0]


def test_other_drivers_have_no_items_and_a_note():
    for kind, word in (("xen", "xen"), ("", "none")):
        result = estimate(guest(type=kind))
        assert result.items == ()
        assert f"type {word}" in result.notes[0]


def test_without_memory_there_is_no_recommendation():
    result = estimate(Domain(type="kvm"))
    assert result.hard_limit is None
    assert result.min_guarantee is None
    assert "nothing to recommend" in result.reasoning[0]
    assert result.objection(0) is None


def test_what_the_host_pays_is_told_apart():
    card = Device("interface", {"type": "vhostuser", "model/@type": "virtio"})
    result = estimate(guest(card))
    assert result.outside.expected > 0
    assert result.outside == result.charged_to(Charged.OUTSIDE)
    assert result.total == sum(
        (item.cost for item in result.items if item.charged.inside), start=Cost()
    )
    assert any("outside" in line for line in result.reasoning)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (lambda _total: -MIB, "below the guest's own RAM"),
        (lambda total: total.expected * 3 // 4, "killed in ordinary use"),
        (lambda total: total.worst * 3 // 4, "everything is busy at once"),
        (lambda total: total.worst, "too little for page cache"),
    ],
)
def test_a_limit_that_is_too_low_is_explained(left, words):
    result = estimate(guest())
    assert words in result.objection(result.ram + left(result.total))


def test_a_limit_is_near_when_it_leaves_less_than_expected_and_some_page_cache():
    result = estimate(guest())
    enough = result.ram + result.total.expected + CACHE_ROOM
    assert result.is_near(enough - 1)
    assert not result.is_near(enough)
