import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.hover import explanation
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.tunables import MEMORY

DOMAIN = """<domain type='kvm'>
  <name>db1</name>
  <memory unit='GiB'>2</memory>
  <vcpu>2</vcpu>
  <memtune>%s</memtune>
  <os><type arch='x86_64'>hvm</type><varstore path='/a'/></os>
  <devices><disk type='file'><target bus='nvme' dev='x' dynamicMemslots='y'/></disk></devices>
</domain>
"""


def hovered(text: str, mark: str, at: int = 0) -> str | None:
    """What is said at the first place of a text in a document."""
    document = OpenDocument.from_editor("a.xml", 1, text)
    found = editor_findings(FolderRules(Settings(), None), document)
    said = explanation(document, found, text.encode().index(mark.encode()) + at)
    if said is None:
        return None
    assert 0 <= said.start <= said.end <= len(document.text)
    return said.text


def test_the_rule_of_a_finding_is_told() -> None:
    text = DOMAIN % "<hard_limit unit='GB '>4</hard_limit>"
    said = hovered(text, "GB ")
    assert said is not None
    assert said.startswith("**XR202 ")


@pytest.mark.parametrize("row", MEMORY, ids=lambda row: row.name)
def test_a_tunable_is_explained_by_the_table(row) -> None:
    text = f"<resource><memory><{row.element} unit='GiB'>4</{row.element}></memory></resource>"
    said = hovered(text, row.element, 3)
    assert said is not None
    assert row.help in said
    assert row.v2_file in said
    assert "4,294,967,296 bytes, 4 GiB" in said


def test_a_size_is_told_in_bytes_and_gibibytes() -> None:
    assert hovered(DOMAIN % "", "2</memory") == "2,147,483,648 bytes, 2 GiB"
    assert hovered(DOMAIN % "", "unit='GiB'", 2) == "2,147,483,648 bytes, 2 GiB"
    assert hovered(DOMAIN.replace("GiB", "nonsense") % "", "2</memory") is None
    limit = "<hard_limit unit='KiB'>9007199254740991</hard_limit>"
    assert (hovered(DOMAIN % limit, "9007") or "").endswith("no limit")


@pytest.mark.parametrize(
    ("mark", "at"), [("<domain", 1), ("<name", 2), ("db1", 0), ("</domain", 3)]
)
def test_the_guest_tells_its_overhead(mark: str, at: int) -> None:
    said = hovered(DOMAIN % "", mark, at)
    assert said is not None
    assert "RAM 2 GiB; what QEMU takes besides: " in said
    assert "Recommended: hard_limit " in said


def test_of_a_guest_that_is_not_known_nothing_is_made_up() -> None:
    assert hovered("<domain type='kvm'><name>a</name></domain>", "<domain", 2) is None
    assert hovered("<domain type='kvm'><name>a</name", "<domain", 2) is None
    assert hovered("<domain type='vmware'><memory>9999</memory></domain>", "<domain", 2) is None


@pytest.mark.parametrize(
    ("mark", "version"), [("<varstore", "12.1"), ("nvme", "11.5"), ("dynamicMemslots", "10.1")]
)
def test_the_libvirt_that_brought_something_is_told(mark: str, version: str) -> None:
    assert f"since libvirt {version}." in (hovered(DOMAIN % "", mark, 2) or "")


def test_of_the_rest_nothing_is_said() -> None:
    assert hovered(DOMAIN % "", "vcpu", 2) is None
    assert hovered("\n<domain/>", "\n") is None
