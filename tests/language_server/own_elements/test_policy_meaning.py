"""What is said of our elements: by the table, with the amounts in words."""

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.language_server.document_structure import Symbol, symbols
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.hover import explanation
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.own_elements.policy_meaning import in_words
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.tunables import NAMESPACE, Quantity, Tunable
from xmlresource.tunables.families import TUNABLES
from xmlresource.units import UNLIMITED

AMOUNTS = {
    Quantity.SIZE: ("4", "4,096 bytes, 3.8147e-06 GiB"),
    Quantity.CPUS: ("2.5", "2.5 CPUs, 250 % of one CPU"),
    Quantity.PERCENT: ("12.5", "12.5 percent"),
    Quantity.WEIGHT: ("200", "200 parts; a guest has 100 by default"),
    Quantity.BYTES_PER_SECOND: ("1024", "1,048,576 bytes per second, 1 MiB/s"),
    Quantity.OPERATIONS_PER_SECOND: ("1", "1 operation per second"),
}


def written(row: Tunable, value: str, prefix: str = "xr:") -> str:
    name = f"{prefix}{row.element}"
    inside = f">{value}</{name}>" if row.attribute is None else f" {row.attribute}='{value}'/>"
    inside = f"<{name}{inside}"
    if row.per_device:
        inside = f"<{prefix}device target='vda'>{inside}</{prefix}device>"
    family = f"{prefix}{row.family.value}"
    xmlns = f" xmlns:xr='{NAMESPACE}'" if prefix else ""
    return f"<{prefix}resource{xmlns}><{family}>{inside}</{family}></{prefix}resource>"


def hovered(text: str, mark: str, at: int = 0) -> str:
    document = OpenDocument.from_editor("a.xml", 1, text)
    found = editor_findings(FolderRules(Settings(), None), document)
    said = explanation(document, found, text.encode().index(mark.encode()) + at)
    return "" if said is None else said.text


@pytest.mark.parametrize("prefix", ["xr:", ""])
@pytest.mark.parametrize("row", TUNABLES, ids=lambda row: row.key)
def test_every_tunable_is_explained_with_its_amount(row: Tunable, prefix: str) -> None:
    value, words = AMOUNTS[row.quantity]
    text = written(row, value, prefix)
    said = hovered(text, row.element, 2)
    assert f"**{row.key}**: {row.help}." in said
    files = [f"`{each}`" for each in (row.v1_file, row.v2_file) if each is not None]
    assert all(each in said for each in files)
    assert ("No kernel enforces it." in said) == (not files)
    assert words in said
    if row.attribute is not None:
        assert hovered(text, f" {row.attribute}=", 2) == (
            f"**{row.key}**: {row.help}.\n\n"
            f"{said.partition(f'**{row.key}**: {row.help}.')[2].strip().partition(chr(10))[0]}"
            f"\n\n{row.attribute}: {words}"
        )


def test_both_sides_of_a_limit_are_told_at_their_unit() -> None:
    limit = "<ioBandwidthHardLimit read='2' write='1' unit='MiB'/>"
    text = f"<resource><io><device target='vda'>{limit}</device></io></resource>"
    both = [
        "read: 2,097,152 bytes per second, 2 MiB/s",
        "write: 1,048,576 bytes per second, 1 MiB/s",
    ]
    assert hovered(text, "unit", 1) == "\n\n".join(both)
    said = hovered(text, "ioBandwidthHardLimit", 1)
    assert said.endswith("\n\n".join(both))
    assert said.count("io_bandwidth_hard_limit.") == len(both)
    one = hovered(text, "write", 1)
    assert both[1] in one
    assert both[0] not in one


def test_of_what_cant_be_read_no_amount_is_told() -> None:
    said = hovered("<resource><cpu><cpuHardLimit>x</cpuHardLimit></cpu></resource>", "cpuHard")
    assert "**cpu_hard_limit**" in said
    assert "CPUs" not in said.partition("**cpu_hard_limit**")[2]
    assert in_words(Quantity.BYTES_PER_SECOND, UNLIMITED) == "no limit"


def details(found: Symbol) -> list[str]:
    return [
        f"{found.name} {found.detail}".strip(),
        *(d for c in found.children for d in details(c)),
    ]


def test_the_outline_tells_devices_and_amounts() -> None:
    text = (
        "<resource><cpu><cpuHardLimit unit='%'>250</cpuHardLimit></cpu><io><device target='vda'>"
        "<iopsHardLimit read='500' write='x'/></device><device path='/dev/sdb'/></io></resource>"
    )
    (root,) = symbols(OpenDocument.from_editor("a.xml", 1, text))
    assert details(root) == [
        "resource",
        "cpu",
        "cpuHardLimit 2.5 CPUs",
        "io",
        "device vda",
        "iopsHardLimit read 500 per second",
        "device /dev/sdb",
    ]
