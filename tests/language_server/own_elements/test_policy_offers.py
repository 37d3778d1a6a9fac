"""What is offered of ours, judged by our schemas and by the rules of ``validate``."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from lxml import etree

from tests.language_server.cursor import at_cursor
from xmlresource.configuration.repository_settings import Settings
from xmlresource.formats.quantities import has_unit, parse_quantity
from xmlresource.language_server.completion import SuggestionKind
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.own_elements.policy_offers import units_of
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.tunables import NAMESPACE, Family, Form, Quantity, Tunable
from xmlresource.tunables.families import TUNABLES

ROOT = Path(__file__).parents[3]
LIBVIRT = Path("/usr/share/libvirt/schemas/domain.rng")
OUR_SCHEMAS = {
    Form.RESOURCE: "resource.rng",
    Form.METADATA: "memory-metadata.rng",
    Form.MEMTUNE: "memtune.rng",
}

DISKS = (
    "<devices><disk type='file'><target dev='sda'/></disk>"
    "<disk type='network'><target dev='sdn'/></disk>"
    "<disk type='block'><target dev='sdb'/></disk></devices>"
)
DOMAIN = f"<domain type='kvm'>%s{DISKS}</domain>"
IN_METADATA = DOMAIN % "<metadata>%s</metadata>"
SNAPSHOT = "<domainsnapshot>%s</domainsnapshot>"
AROUND = {
    Form.RESOURCE: ["%s", DOMAIN, SNAPSHOT % DOMAIN],
    Form.METADATA: ["%s", IN_METADATA, SNAPSHOT % IN_METADATA],
    Form.MEMTUNE: ["%s", DOMAIN, SNAPSHOT % DOMAIN],
}

pytestmark = pytest.mark.skipif(not LIBVIRT.is_file(), reason="libvirt's schemas: not installed")


@pytest.fixture(scope="module")
def schema() -> DomainSchema:
    return DomainSchema(str(LIBVIRT))


def is_valid(form: Form, text: str) -> bool:
    """Whether our schema allows what a document holds of ours."""
    name = {Form.METADATA: f"{{{NAMESPACE}}}resource", Form.RESOURCE: "resource"}
    (ours,) = etree.fromstring(text).iter(name.get(form, "memtune"))
    alone = etree.fromstring(etree.tostring(ours, with_tail=False))
    judge = etree.RelaxNG(file=str(ROOT / "schemas" / OUR_SCHEMAS[form]))
    return bool(judge.validate(alone))


def holders(form: Form) -> list[tuple[str, ...]]:
    """The elements on the way to each place in a form where elements of ours may stand."""
    if form is Form.MEMTUNE:
        return [("memtune",)]
    devices = {row.family for row in TUNABLES if row.per_device}
    return [
        ("resource",),
        *(("resource", family.value) for family in Family),
        *(("resource", family.value, "device target='vda'") for family in devices),
    ]


def holder_of(row: Tunable, form: Form) -> tuple[str, ...] | None:
    """Where an element stands by the docs; ``None`` where the form lacks it."""
    if form is Form.MEMTUNE:
        return None if row.memtune_element is None else ("memtune",)
    return ("resource", row.family.value, *(["device target='vda'"] if row.per_device else []))


def written(form: Form, holder: tuple[str, ...], inside: str = "|", prefix: str = "xr") -> str:
    """A holder with something in it."""
    of_form = f"{prefix}:" if form is Form.METADATA and prefix else ""
    xmlns = f" xmlns{':' * bool(prefix)}{prefix}='{NAMESPACE}'" if form is Form.METADATA else ""
    for name in reversed(holder):
        declared = xmlns if name == holder[0] else ""
        inside = f"<{of_form}{name}{declared}>{inside}</{of_form}{name.split()[0]}>"
    return inside


def offered(schema: DomainSchema, text: str) -> dict[str, str]:
    """The elements that are offered at the cursor, and the document with each, by local names."""
    return {
        label.rpartition(":")[2]: new
        for label, (new, one) in at_cursor(schema, text).items()
        if one.kind is SuggestionKind.ELEMENT and label not in {"partition", "fibrechannel"}
    }


PLACES = [
    pytest.param(form, around, holder, id=f"{form.value} {number} {'/'.join(holder)}")
    for form in Form
    for number, around in enumerate(AROUND[form])
    for holder in holders(form)
]


@pytest.mark.parametrize(("form", "around", "holder"), PLACES)
def test_every_tunable_is_offered_where_it_may_stand_and_nowhere_else(
    schema: DomainSchema, form: Form, around: str, holder: tuple[str, ...]
) -> None:
    expected = {
        str(row.element_in(form)): None for row in TUNABLES if holder_of(row, form) == holder
    }
    if holder == ("resource",):
        expected = {family.value: None for family in Family}
    found = offered(schema, around % written(form, holder))
    assert [name for name in found if name != "device"] == list(expected)
    in_it = {row.per_device for row in TUNABLES if holder[1:] == (row.family.value,)}
    assert ("device" in found) == (True in in_it)


@pytest.mark.parametrize(("form", "around", "holder"), PLACES)
def test_our_schemas_allow_what_is_offered_and_nothing_else(
    schema: DomainSchema, form: Form, around: str, holder: tuple[str, ...]
) -> None:
    """What is offered anywhere is put here."""
    here = offered(schema, around % written(form, holder))
    for new in here.values():
        assert is_valid(form, new), new
    for other in holders(form):
        text = written(form, other)
        before, _, after = text.partition("|")
        for name, new in offered(schema, text).items():
            element = new.removeprefix(before).removesuffix(after)
            inserted = around % written(form, holder, element)
            assert is_valid(form, inserted) == (name in here), inserted


@pytest.mark.parametrize("form", Form, ids=lambda form: form.value)
@pytest.mark.parametrize("prefix", ["xr", "other", ""])
def test_what_is_there_is_not_offered_again(schema: DomainSchema, form: Form, prefix: str) -> None:
    """Offers alone fill a place, one after the other, until there are none left."""
    for around, holder in product(AROUND[form], holders(form)):
        text = around % written(form, holder, prefix=prefix)
        count = len(offered(schema, text).keys() - {"device"})
        for _ in range(count):
            new = next(new for name, new in offered(schema, text).items() if name != "device")
            assert is_valid(form, new), new
            before, _, after = text.partition("|")
            text = f"{before}{new.removeprefix(before).removesuffix(after)}|{after}"
        assert not offered(schema, text).keys() - {"device"}
        assert codes(text.replace("|", ""), "XR1", "XR2") == []


def codes(text: str, *prefixes: str) -> list[str]:
    document = OpenDocument.from_editor("a.xml", 1, text)
    found = editor_findings(FolderRules(Settings(), None), document)
    return [one.code for one in found if one.code.startswith(prefixes)]


def values(form: Form) -> Iterator[tuple[str, Tunable]]:
    """Each element that holds a value, in its holder, with the cursor behind its name."""
    for row in TUNABLES:
        holder = holder_of(row, form)
        if holder is not None:
            name = f"{'xr:' * (form is Form.METADATA)}{row.element_in(form)}"
            text = "9" * (row.attribute is None)
            yield written(form, holder, f"<{name} |>{text}</{name}>"), row


@pytest.mark.parametrize("form", Form, ids=lambda form: form.value)
def test_attributes_and_their_values_are_allowed(schema: DomainSchema, form: Form) -> None:
    """Each attribute that is offered, and each value of one: the schema allows it."""
    for text, row in values(form):
        found = at_cursor(schema, text)
        expected = {row.attribute} if row.attribute else set()
        assert expected <= set(found)
        assert ("unit" in found) == has_unit(row.quantity)
        for name, (new, _) in found.items():
            assert is_valid(form, new), new
            assert name not in at_cursor(schema, text.replace("|", f"{name}='1' |"))
            inside = text.replace("|", f"{name}='|'")
            for value, (chosen, _) in at_cursor(schema, inside).items():
                assert name != "unit" or value in units_of(row.quantity)
                assert is_valid(form, chosen), chosen
        unit = set(at_cursor(schema, text.replace("|", "unit='|'")))
        assert unit == set(units_of(row.quantity))


@pytest.mark.parametrize("quantity", Quantity, ids=lambda quantity: quantity.value)
def test_the_first_unit_changes_nothing(quantity: Quantity) -> None:
    assert bool(units_of(quantity)) == has_unit(quantity)
    for unit in units_of(quantity)[:1]:
        assert parse_quantity(quantity, "3", unit) == parse_quantity(quantity, "3")


@pytest.mark.parametrize(
    "text",
    [
        "<network><metadata>|</metadata></network>",
        "<domain><devices><metadata>|</metadata></devices></domain>",
        "<domain><metadata><resource>|</resource></metadata></domain>",
        "<domain><metadata><o:resource xmlns:o='urn:o'>|</o:resource></metadata></domain>",
        f"<domain><xr:resource xmlns:xr='{NAMESPACE}'>|</xr:resource></domain>",
        f"<domain><metadata><xr:io xmlns:xr='{NAMESPACE}'>|</xr:io></metadata></domain>",
        "<domain><cpu>|</cpu></domain>",
        "<domain><memory>|</memory></domain>",
        "<cpu>|</cpu>",
        "<memory>|</memory>",
        "<resource><cpu><cpuShare>|</cpuShare></cpu></resource>",
        f"<resource><xr:cpu xmlns:xr='{NAMESPACE}'>|</xr:cpu></resource>",
        "<resource><io><device><device>|</device></device></io></resource>",
        "<resource><cpu><device>|</device></cpu></resource>",
        f"{'<a>' * 20}<memtune>|",
    ],
)
def test_ours_is_offered_nowhere_else(schema: DomainSchema, text: str) -> None:
    ours = {"resource", "device", *(family.value for family in Family)}
    ours |= {name for row in TUNABLES for form in Form if (name := row.element_in(form))}
    # libvirt has elements of these names.
    ours -= {"memory", "cpu"} if text.startswith("<domain") else set()
    assert ours.isdisjoint(offered(schema, text)), offered(schema, text)


IO = IN_METADATA % written(Form.METADATA, ("resource", "io"), "%s")


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<xr:device target='|'/>", ["sda", "sdb"]),
        ("<xr:device target='sda'/><xr:device target='|'/>", ["sdb"]),
        ("<xr:device target='sda'/><xr:device target='s|db'/>", ["sdb"]),
        ("<xr:device |/>", ["target", "path"]),
        ("<xr:device target='sda' |/>", []),
        ("<xr:device path='|'/>", []),
    ],
)
def test_devices_are_named_by_the_guests_own_disks(
    schema: DomainSchema, inside: str, expected: list[str]
) -> None:
    assert list(at_cursor(schema, IO % inside)) == expected


@pytest.mark.parametrize(
    ("text", "device"),
    [
        (IO % "|", "target='sda'"),
        (IO % "<xr:device target='sda'/>|", "target='sdb'"),
        (IO % "<xr:device target='sda'/><xr:device target='sdb'/>|", "path='/dev/sda'"),
        (written(Form.METADATA, ("resource", "io")), "target='vda'"),
    ],
)
def test_a_device_comes_with_a_name(schema: DomainSchema, text: str, device: str) -> None:
    new = offered(schema, text)["device"]
    assert f"<xr:device {device}></xr:device>" in new
    assert codes(new, "XR1", "XR4") == []
