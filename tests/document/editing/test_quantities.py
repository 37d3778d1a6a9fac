"""Edits of CPU time and IO: examples, and what holds of every one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document import Document
from xmlresource.document.editing import (
    EditError,
    Remark,
    assign,
    convert,
    quantity_editor,
    replace_all,
)
from xmlresource.formats.quantity_names import QuantityName, parse_quantity_name
from xmlresource.formats.spelling import Spelling
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import ResourcePolicy
from xmlresource.strategies.resource_policies import (
    AMOUNTS,
    cpu_policies,
    io_policies,
    resource_policies,
)
from xmlresource.tunables import NAMESPACE, Form
from xmlresource.units import UNLIMITED

XMLNS = f"xmlns:xr='{NAMESPACE}'"
DOMAIN = """<domain type='kvm'>
  <name>db</name>
  <memory>1</memory>
</domain>
"""
NAMES = [
    *("cpu_hard_limit", "cpu_soft_limit", "cpu_share", "cpu_percentage", "cpu_min_guarantee"),
    *("io_share", "vda.io_bandwidth_hard_limit.read", "vda.io_bandwidth_hard_limit.write"),
    *("vda.iops_hard_limit.write", "/dev/s.d.io_bandwidth_soft_limit"),
    "/dev/s.d.io_bandwidth_percentage",
]


def read(text: str) -> Document:
    return Document.parse(text.encode())


def edited(text: str, form: Form | None = None, **changes: object) -> str:
    return assign(read(text), changes, form).document.to_bytes().decode()  # type: ignore[arg-type]


def in_resource(inside: str) -> str:
    return f"<resource>{inside}</resource>"


@st.composite
def changes(draw: st.DrawFn) -> dict[str, int]:
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True))
    return {name: draw(AMOUNTS[named(name).tunable.quantity]) for name in names}


def named(text: str) -> QuantityName:
    found = parse_quantity_name(text)
    assert found is not None
    return found


def test_what_is_new_gets_all_that_stands_around_it() -> None:
    after = edited(DOMAIN, cpu_share=200, **{"vda.iops_hard_limit.read": 500})
    assert after == DOMAIN.replace(
        "  <memory>1",
        f"""  <metadata>
    <xr:resource {XMLNS}>
      <xr:cpu>
        <xr:cpuShare>200</xr:cpuShare>
      </xr:cpu>
      <xr:io>
        <xr:device target='vda'>
          <xr:iopsHardLimit read='500'/>
        </xr:device>
      </xr:io>
    </xr:resource>
  </metadata>
  <memory>1""",
    )


def on_vda(inside: str) -> str:
    return in_resource(f"<io><device target='vda'>{inside}</device></io>")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (
            "<cpuHardLimit unit='%'>250</cpuHardLimit>",
            {"cpu_hard_limit": 1500},
            "<cpuHardLimit unit='%'>150</cpuHardLimit>",
        ),
        (
            "<cpuShare>1</cpuShare><!-- c -->",
            {"cpu_hard_limit": 2001},
            "<cpuHardLimit>2.001</cpuHardLimit><cpuShare>1</cpuShare><!-- c -->",
        ),
        (
            "<cpuShare>1</cpuShare><!-- c -->",
            {"cpu_min_guarantee": 1},
            "<cpuShare>1</cpuShare><cpuMinGuarantee>0.001</cpuMinGuarantee><!-- c -->",
        ),
    ],
)
def test_an_edit_of_cpu_time_touches_its_own_bytes_alone(
    before: str, change: dict[str, int], after: str
) -> None:
    text = edited(in_resource(f"<cpu>{before}</cpu>"), **change)
    assert text == in_resource(f"<cpu>{after}</cpu>")


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        (
            "<iopsHardLimit read='1'/>",
            {"vda.iops_hard_limit.write": 2},
            "<iopsHardLimit read='1' write='2'/>",
        ),
        (
            "<iopsHardLimit/>",
            {"vda.iops_hard_limit.write": 2},
            "<iopsHardLimit write='2'/>",
        ),
        (
            "<iopsHardLimit read='1' write='2'/>",
            {"vda.iops_hard_limit.read": None},
            "<iopsHardLimit write='2'/>",
        ),
        (
            "<ioBandwidthHardLimit read='1' write='2'/>",
            {"vda.io_bandwidth_hard_limit.read": 5 * 1024},
            "<ioBandwidthHardLimit read='5' write='2'/>",
        ),
        (
            "<ioBandwidthHardLimit unit='MiB' read='1' write='2'/>",
            {"vda.io_bandwidth_hard_limit.write": 1500 * 1024},
            "<ioBandwidthHardLimit unit='KiB' read='1024' write='1500'/>",
        ),
        (
            "<ioBandwidthHardLimit read='1'/>",
            {"vda.io_bandwidth_hard_limit.read": 1500},
            "<ioBandwidthHardLimit read='1500' unit='bytes'/>",
        ),
        (
            "<ioBandwidthSoftLimit>1</ioBandwidthSoftLimit>",
            {"vda.io_bandwidth_soft_limit": 3 * 2**20},
            "<ioBandwidthSoftLimit>3072</ioBandwidthSoftLimit>",
        ),
        (
            "<iopsHardLimit read='1'/>",
            {"vda.io_bandwidth_percentage": 500},
            "<iopsHardLimit read='1'/><ioBandwidthPercentage>0.5</ioBandwidthPercentage>",
        ),
        (
            "<ioBandwidthSoftLimit unit='x'>1</ioBandwidthSoftLimit>",
            {"vda.io_bandwidth_soft_limit": 1},
            "<ioBandwidthSoftLimit unit='bytes'>1</ioBandwidthSoftLimit>",
        ),
    ],
)
def test_an_edit_of_a_device_touches_its_own_bytes_alone(
    before: str, change: dict[str, int], after: str
) -> None:
    assert edited(on_vda(before), **change) == on_vda(after)


def test_a_device_without_limits_goes() -> None:
    text = in_resource(
        "<io><ioShare>1</ioShare><device target='vda'><iopsHardLimit write='2'/></device></io>"
    )
    after = edited(text, **{"vda.iops_hard_limit.write": UNLIMITED})
    assert after == in_resource("<io><ioShare>1</ioShare></io>")


def test_a_spelling_is_read_in_its_unit() -> None:
    document = assign(read(DOMAIN), {"cpu_hard_limit": Spelling("250", "%")}).document
    assert document.cpu_policy_in(Form.METADATA) == CpuPolicy(hard_limit=2500)


def test_with_a_form_both_say_it() -> None:
    text = "<domain><resource><cpu><cpuShare>1</cpuShare></cpu></resource></domain>"
    both = assign(read(text), {"cpu_share": 5}, Form.METADATA).document
    assert both.cpu_policy_in(Form.METADATA) == both.cpu_policy_in(Form.RESOURCE)
    one = assign(both, {"cpu_share": None}, Form.RESOURCE).document
    assert one.cpu_policy_in(Form.METADATA) == CpuPolicy(share=5)
    assert not one.cpu_policy_in(Form.RESOURCE)


def test_memtune_has_no_place_for_it() -> None:
    edit = assign(read(DOMAIN), {"cpu_share": 5}, Form.MEMTUNE)
    assert edit.document.cpu_policy_in(Form.METADATA) == CpuPolicy(share=5)
    (note,) = edit.notes
    assert (note.tunable, note.remark) == ("cpu_share", Remark.KEPT_IN_METADATA)
    with pytest.raises(EditError, match="<memtune> has no cpu_share"):
        assign(read("<memtune/>"), {"cpu_share": 5}, Form.MEMTUNE)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("cpu_share", 0, "'0' is not between"),
        ("cpu_share", UNLIMITED, "cpu_share can't be unlimited: it is a weight"),
        ("cpu_percentage", 100_001, "more than 100 percent"),
        ("cpu_hard_limit", Spelling("4", "GiB"), "unknown unit 'GiB'"),
        ("cpu_shares", 1, "there is no tunable 'cpu_shares'"),
        ("iops_hard_limit.read", 1, "write its target or path before it"),
    ],
)
def test_what_cant_be_declared_is_refused(name: str, value: object, message: str) -> None:
    with pytest.raises(EditError, match=message):
        edited(DOMAIN, **{name: value})


@pytest.mark.parametrize("value", [1.5, "5", True])
def test_what_is_no_number_is_a_type_error(value: object) -> None:
    with pytest.raises(TypeError, match="count thousandths of a CPU"):
        edited(DOMAIN, cpu_hard_limit=value)


def test_a_fragment_of_another_family_has_no_place() -> None:
    with pytest.raises(EditError, match="has no place for the form 'metadata'"):
        edited(f"<xr:memory {XMLNS}/>", cpu_share=1)
    with pytest.raises(EditError, match="has no place for the form 'resource'"):
        edited("<memtune/>", cpu_share=1)


def test_a_bare_element_takes_its_own_family() -> None:
    after = edited(f"<xr:cpu {XMLNS}/>", cpu_share=1)
    assert after == f"<xr:cpu {XMLNS}>\n  <xr:cpuShare>1</xr:cpuShare>\n</xr:cpu>"


@given(changes(), st.sampled_from(["\n", "\r\n"]))
def test_taking_out_what_was_put_in_restores_the_bytes(
    changes: dict[str, int], newline: str
) -> None:
    data = DOMAIN.replace("\n", newline).encode()
    document = assign(Document.parse(data), changes).document
    said = {str(name): amount for name, amount in document.resources.quantities()}
    assert said == changes
    assert assign(document, changes).document is document
    assert assign(document, dict.fromkeys(changes)).document.to_bytes() == data


@given(resource_policies(), resource_policies(), st.sampled_from([Form.METADATA, Form.RESOURCE]))
def test_a_document_can_be_given_all_policies(
    before: ResourcePolicy, after: ResourcePolicy, form: Form
) -> None:
    document = replace_all(read(DOMAIN), before, form).document
    assert dict(document.resources.quantities()) == dict(before.quantities())
    document = document.with_resources(after)
    assert dict(document.resources.quantities()) == dict(after.quantities())
    empty = document.with_resources(ResourcePolicy())
    assert not empty.resources
    assert empty.to_bytes() == DOMAIN.encode()


@given(cpu_policies(), io_policies(), st.sampled_from([Form.METADATA, Form.RESOURCE]))
def test_converting_moves_everything(cpu: CpuPolicy, io: IoPolicy, form: Form) -> None:
    policy = ResourcePolicy(cpu=cpu, io=io)
    other = Form.METADATA if form is Form.RESOURCE else Form.RESOURCE
    document = replace_all(read(DOMAIN), policy, form).document
    moved = convert(document, other).document
    assert (moved.cpu_policy_in(other), moved.io_policy_in(form)) == (cpu, IoPolicy())
    assert dict(moved.resources.quantities()) == dict(policy.quantities())
    edit = convert(document, Form.MEMTUNE)
    kept = {str(name): amount for name, amount in edit.document.resources.quantities()}
    assert {note.tunable for note in edit.notes} == kept.keys()
    said = {str(name): amount for name, amount in policy.quantities()}
    assert kept == {name: said[name] for name in kept}
    in_libvirts = sum(edit.document.to_bytes().count(each) for each in (b"_quota>", b"_sec>")) // 2
    assert len(said) == len(kept) + in_libvirts
    assert not edit.document.cpu_policy_in(Form.RESOURCE)


@given(resource_policies(), st.sampled_from([Form.METADATA, Form.RESOURCE]))
def test_converting_a_fragment_keeps_everything(policy: ResourcePolicy, form: Form) -> None:
    other = Form.METADATA if form is Form.RESOURCE else Form.RESOURCE
    document = read(policy.to_xml(form))
    moved = convert(document, other).document
    assert dict(moved.resources.quantities()) == dict(policy.quantities())
    assert moved.policy == document.policy
    dropped = convert(document, Form.MEMTUNE).document
    assert not dict(dropped.resources.quantities())


OF_LIBVIRTS = {
    "cpu_hard_limit": 2500,
    "/dev/sda.io_bandwidth_hard_limit.read": 2**20,
    "/dev/sda.iops_hard_limit.write": 500,
}


def test_what_libvirts_elements_say_the_same_goes_into_them() -> None:
    edit = convert(assign(read(DOMAIN), OF_LIBVIRTS).document, Form.MEMTUNE)
    assert not edit.notes
    assert edit.document.to_bytes().decode() == DOMAIN.replace(
        "  <memory>1</memory>\n",
        """  <memory>1</memory>
  <blkiotune>
    <device>
      <path>/dev/sda</path>
      <read_bytes_sec>1048576</read_bytes_sec>
      <write_iops_sec>500</write_iops_sec>
    </device>
  </blkiotune>
  <cputune>
    <global_period>100000</global_period>
    <global_quota>250000</global_quota>
  </cputune>
""",
    )


@pytest.mark.parametrize(
    ("name", "amount", "beside", "reason"),
    [
        ("cpu_hard_limit", 9, "", "no quota below 1000 microseconds"),
        ("cpu_hard_limit", 1000, "<global_quota>-1</global_quota>", "has a <global_quota>"),
        ("cpu_hard_limit", 1000, "<global_period>5000</global_period>", "has a <global_period>"),
        ("cpu_share", 100, "<shares>1024</shares>", "one thing on cgroup v1 and another on v2"),
        ("io_share", 100, "", "weight means one thing"),
        ("cpu_min_guarantee", 100, "", "libvirt has nothing like it"),
        ("vda.iops_hard_limit.read", 5, "", "inside QEMU"),
        ("/dev/sda.iops_hard_limit.read", 5, "", "has a <read_iops_sec> of /dev/sda"),
        ("/dev/sda.iops_hard_limit.write", 0, "", "to libvirt 0 is no limit"),
        ("/dev/sda.io_bandwidth_percentage", 5, "", "libvirt has nothing like it"),
    ],
)
def test_what_they_dont_say_stays_and_is_told(
    name: str, amount: int, beside: str, reason: str
) -> None:
    libvirts = (
        f"<cputune>{beside}</cputune><blkiotune><device><weight>5</weight></device>"
        "<device><path>/dev/sda</path><read_iops_sec>5</read_iops_sec></device></blkiotune>"
    )
    document = assign(read(DOMAIN.replace("<memory>1</memory>", libvirts)), {name: amount}).document
    edit = convert(document, Form.MEMTUNE)
    assert edit.document is document
    (note,) = edit.notes
    assert (note.tunable, note.remark) == (name, Remark.KEPT_IN_METADATA)
    assert reason in note.reason


def test_a_limit_joins_those_of_its_device() -> None:
    row = "<device><path>/dev/sda</path><read_iops_sec>5</read_iops_sec></device>"
    text = DOMAIN.replace("<memory>1</memory>", f"<blkiotune>{row}</blkiotune><cputune/>")
    document = assign(read(text), {"/dev/sda.iops_hard_limit.write": 6}).document
    after = convert(document, Form.MEMTUNE).document.to_bytes().decode()
    wider = row.replace("</device>", "<write_iops_sec>6</write_iops_sec></device>")
    assert after == text.replace(row, wider)


def test_what_libvirts_elements_say_the_same_is_taken_back() -> None:
    ours = assign(read(DOMAIN), OF_LIBVIRTS).document
    libvirts = convert(ours, Form.MEMTUNE).document
    assert convert(libvirts, Form.METADATA).document is libvirts
    back = convert(libvirts, Form.METADATA, take_cputune=True).document
    assert back.to_bytes() == ours.to_bytes()
    assert convert(libvirts, Form.MEMTUNE, take_cputune=True).document is libvirts


@pytest.mark.parametrize(
    "libvirts",
    [
        "<cputune/>",
        "<cputune><shares>1024</shares><quota>1000</quota></cputune>",
        "<cputune><global_quota>-1</global_quota></cputune>",
        "<cputune><global_period>30000</global_period><global_quota>40000</global_quota></cputune>",
        "<blkiotune><weight>500</weight></blkiotune>",
        "<blkiotune><device><read_iops_sec>5</read_iops_sec></device></blkiotune>",
        "<blkiotune><device><path>/dev/sda</path><weight>5</weight></device></blkiotune>",
    ],
)
def test_what_they_say_of_something_else_is_left(libvirts: str) -> None:
    document = read(DOMAIN.replace("<memory>1</memory>", libvirts))
    assert convert(document, Form.METADATA, take_cputune=True).document is document


def test_what_stands_beside_it_stays() -> None:
    before = (
        "<domain><cputune><shares>5</shares><global_quota>150000</global_quota></cputune>"
        "<blkiotune><weight>5</weight><device><path>/dev/sda</path><weight>7</weight>"
        "<write_bytes_sec>1000</write_bytes_sec></device></blkiotune></domain>"
    )
    document = convert(read(before), Form.RESOURCE, take_cputune=True).document
    assert document.cpu_policy_in(Form.RESOURCE) == CpuPolicy(hard_limit=1500)
    device = DevicePolicy(path="/dev/sda", write_bandwidth_hard_limit=1000)
    assert document.io_policy_in(Form.RESOURCE) == IoPolicy(devices=(device,))
    text = document.to_bytes().decode()
    assert "<cputune><shares>5</shares></cputune>" in text
    assert "<device><path>/dev/sda</path><weight>7</weight></device></blkiotune>" in text


def test_two_values_are_not_made_one() -> None:
    text = (
        "<domain><cputune><global_quota>100000</global_quota></cputune><resource><cpu>"
        "<cpuHardLimit>2</cpuHardLimit></cpu></resource></domain>"
    )
    with pytest.raises(EditError, match="cpu_hard_limit is declared twice"):
        convert(read(text), Form.RESOURCE, take_cputune=True)
    same = convert(read(text.replace(">2<", ">1<")), Form.RESOURCE, take_cputune=True).document
    assert same.to_bytes() == (
        b"<domain><resource><cpu><cpuHardLimit>1</cpuHardLimit></cpu></resource></domain>"
    )


def test_a_move_keeps_units_as_they_are_spelt() -> None:
    text = (
        "<domain><resource><cpu><cpuHardLimit unit='%'>250</cpuHardLimit></cpu><io>"
        "<device target='a'><ioBandwidthHardLimit read='1024' write='1' unit='KiB'/></device></io>"
        "</resource></domain>"
    )
    after = convert(read(text), Form.METADATA).document.to_bytes().decode()
    assert "<xr:cpuHardLimit unit='%'>250</xr:cpuHardLimit>" in after
    assert "<xr:ioBandwidthHardLimit read='1024' unit='KiB' write='1'/>" in after


def test_an_unlimited_rate_is_left_out_by_a_move() -> None:
    text = (
        "<domain><resource><io><device target='a'>"
        "<ioBandwidthSoftLimit>9007199254740991</ioBandwidthSoftLimit></device></io></resource>"
        "</domain>"
    )
    edit = convert(read(text), Form.METADATA)
    assert not edit.document.resources
    assert [note.remark for note in edit.notes] == [Remark.LEFT_OUT]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (in_resource("<cpu><cpuShare>0</cpuShare></cpu>"), "mend it first"),
        (
            in_resource("<cpu><cpuShare>1</cpuShare><cpuShare>2</cpuShare></cpu>"),
            "cpu_share is declared twice",
        ),
        (in_resource("<cpu><other/><cpuShare>1</cpuShare></cpu>"), "has no place"),
    ],
)
def test_what_would_be_lost_is_not_converted(text: str, message: str) -> None:
    with pytest.raises(EditError, match=message):
        convert(read(text), Form.METADATA)


def test_what_did_not_come_out_as_meant_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quantity_editor, "_saying", lambda document, *_: document)
    with pytest.raises(EditError, match="did not come out as meant"):
        edited(DOMAIN, cpu_share=5)


def test_memory_and_the_rest_are_edited_together() -> None:
    document = assign(read(DOMAIN), {"hard_limit": 2**30, "priority": 5, "cpu_share": 7}).document
    assert document.policy == MemoryPolicy(hard_limit=2**30, priority=5)
    assert document.all_forms == {"hard_limit": Form.METADATA, "cpu_share": Form.METADATA}
    assert document.resources == ResourcePolicy(document.policy, CpuPolicy(share=7))
    assert DevicePolicy() not in document.resources.io.devices
