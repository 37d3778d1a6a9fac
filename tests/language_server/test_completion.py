"""What an editor offers: of libvirt's schema by the schema, of ours by the table of tunables."""

from pathlib import Path

import pytest

from tests.language_server.cursor import at_cursor
from xmlresource.formats.document_kinds import KINDS
from xmlresource.language_server.completion import suggestions
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.snippets import as_snippet
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.relaxng.completing.markup import MarkupTree
from xmlresource.tunables import MEMORY

SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")
FIXTURES = Path(__file__).parents[2] / "fixtures" / "kinds"

pytestmark = pytest.mark.skipif(not SCHEMA.is_file(), reason="libvirt's schemas: not installed")


@pytest.fixture(scope="module")
def schema() -> DomainSchema:
    return DomainSchema(str(SCHEMA))


METADATA = "<domain type='kvm'><metadata>%s</metadata></domain>"
OURS = (
    METADATA % "<xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory>%s</xr:memory></xr:resource>"
)


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("<domain type='kvm'><devices>|</devices></domain>", "interface",
         "<domain type='kvm'><devices><interface type='bridge'></interface></devices></domain>"),
        ("<domain type='kvm'><devices><int|\n</devices></domain>", "interface",
         "<domain type='kvm'><devices><interface type='bridge'></interface>\n</devices></domain>"),
        ("<domain type='kvm'><devices><disk><target |/></disk></devices></domain>", "bus",
         "<domain type='kvm'><devices><disk><target bus='ide'/></disk></devices></domain>"),
        ("<domain type='kvm'><clock offset='|'/></domain>", "utc",
         "<domain type='kvm'><clock offset='utc'/></domain>"),
        ("<domain type='kvm'><on_crash>d|</on_crash></domain>", "destroy",
         "<domain type='kvm'><on_crash>destroy</on_crash></domain>"),
        ("<domain type='kvm'><devices></|", "</devices>", "<domain type='kvm'><devices></devices>"),
        ("|", "domain", "<domain type='kvm'></domain>"),
        ("<vol|", "volume", "<volume></volume>"),
        ('<domain type="kvm"><clock |/></domain>', "offset",
         '<domain type="kvm"><clock offset="utc"/></domain>'),
        ("<domain type='kvm'><memory unit='|'>1</memory></domain>", "TiB",
         "<domain type='kvm'><memory unit='TiB'>1</memory></domain>"),
        (METADATA % "|", "xr:resource",
         METADATA % "<xr:resource xmlns:xr='urn:xmlresource:1'></xr:resource>"),
        (METADATA % "<x:resource xmlns:x='urn:xmlresource:1'>|</x:resource>", "x:memory",
         METADATA % "<x:resource xmlns:x='urn:xmlresource:1'><x:memory></x:memory></x:resource>"),
        (OURS % "|", "xr:memoryHardLimit",
         OURS % "<xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>"),
        (OURS % "<xr:memoryHardLimit |>4</xr:memoryHardLimit>", "unit",
         OURS % "<xr:memoryHardLimit unit='KiB'>4</xr:memoryHardLimit>"),
        ("<resource><memory>|</memory></resource>", "memoryHardLimit",
         "<resource><memory><memoryHardLimit unit='GiB'>4</memoryHardLimit></memory></resource>"),
        ("<domain type='kvm'><resource>|</resource></domain>", "partition",
         "<domain type='kvm'><resource><partition>/machine/prod</partition></resource></domain>"),
        ("<resource><partition>|</partition></resource>", "/machine/prod",
         "<resource><partition>/machine/prod</partition></resource>"),
        ("<domain type='kvm'><os>|</os></domain>", "kernel",
         "<domain type='kvm'><os><kernel>/boot/vmlinuz</kernel></os></domain>"),
        ("<domain type='kvm'><os><nvram |/></os></domain>", "template",
         "<domain type='kvm'><os><nvram template='/usr/share/OVMF/OVMF_VARS.fd'/></os></domain>"),
        ("<memtune><hard_limit unit='|'>1</hard_limit></memtune>", "MiB",
         "<memtune><hard_limit unit='MiB'>1</hard_limit></memtune>"),
    ],
)  # fmt: skip
def test_what_is_inserted(schema: DomainSchema, text: str, label: str, expected: str) -> None:
    assert at_cursor(schema, text)[label][0] == expected


def test_every_tunable_is_offered_once_in_the_order_of_the_table(schema: DomainSchema) -> None:
    elements = [row.memtune_element for row in MEMORY if row.memtune_element is not None]
    found = at_cursor(schema, "<domain type='kvm'><memtune>|</memtune></domain>")
    assert [each for each in found if not each.startswith("</")] == elements
    rest = at_cursor(
        schema, f"<domain type='kvm'><memtune><{elements[0]}>1</{elements[0]}>|</memtune></domain>"
    )
    assert [each for each in rest if not each.startswith("</")] == elements[1:]


def test_an_empty_document_may_be_of_every_kind(schema: DomainSchema) -> None:
    assert set(at_cursor(schema, "|")) == set(KINDS)


@pytest.mark.parametrize("kind", ["network", "pool", "volume", "secret", "cpu", "filter"])
def test_every_kind_of_document_is_completed(schema: DomainSchema, kind: str) -> None:
    """Its first child, deleted, is offered."""
    data = (FIXTURES / f"{kind}.xml").read_bytes()
    root = MarkupTree(data).elements[0]
    first = next(iter(root.children), None)
    if first is None or KINDS[kind].inside is not None:
        return  # a filter may be empty, and a status file may hold anything
    text = f"{data[: first.tag.start].decode()}|{data[first.end :].decode()}"
    assert first.name in at_cursor(schema, text)


def test_what_libvirt_brought_late_says_so(schema: DomainSchema) -> None:
    found = at_cursor(schema, "<domain type='kvm'><os>|</os></domain>")
    assert all(one.detail is None or one.detail.startswith("since libvirt ")
               for _, one in found.values())  # fmt: skip


def test_a_name_that_is_there_is_replaced_alone(schema: DomainSchema) -> None:
    text, one = at_cursor(schema, "<domain type='kvm'><vc|pus><vcpu id='0'/></vcpus></domain>")[
        "vcpu"
    ]
    assert text == "<domain type='kvm'><vcpu><vcpu id='0'/></vcpus></domain>"
    assert as_snippet(one.pieces) == "<vcpu"


def test_without_a_schema_nothing_is_offered() -> None:
    document = OpenDocument.from_editor("a.xml", 1, "<domain>")
    assert suggestions(None, document, 8) == []
