"""Findings about our elements are mended, and the mended document has them no more."""

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.quick_fixes import quick_fixes
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.tunables import NAMESPACE, Quantity, Tunable
from xmlresource.tunables.families import TUNABLES

RULES = FolderRules(Settings(), None)
DOMAIN = (
    "<domain type='kvm'><name>a</name><metadata><xr:resource xmlns:xr='" + NAMESPACE + "'>%s"
    "</xr:resource></metadata><memory>1048576</memory><vcpu>2</vcpu><os><type>hvm</type></os>"
    "<devices><disk type='block'><source dev='/dev/a'/><target dev='vda'/></disk>"
    "<disk type='block'><source dev='/dev/b'/><target dev='vdb'/></disk></devices></domain>"
)
UNIT_BESIDE = {
    Quantity.CPUS: ("2 cpu", "unit='cpu'"),
    Quantity.PERCENT: ("2%", ""),
    Quantity.BYTES_PER_SECOND: ("2 MiB", "unit='MiB'"),
}


def fixed(inside: str) -> dict[str, str]:
    """What each fix makes of a document, by its title, each of which mends its finding."""
    text = (DOMAIN % inside).encode()
    document = OpenDocument("a.xml", 1, text)
    found = editor_findings(RULES, document)
    assert found
    results = {}
    for fix in quick_fixes(RULES, document, found, 0, len(text)):
        after = text
        for edit in sorted(fix.edits, key=lambda each: -each.start):
            after = after[: edit.start] + edit.text.encode() + after[edit.end :]
        if fix.mends is not None:
            left = editor_findings(RULES, OpenDocument("a.xml", 1, after))
            assert (fix.mends.code, fix.mends.message) not in [(x.code, x.message) for x in left]
        head, tail = (DOMAIN % "|").split("|")
        results[fix.title] = after.decode().removeprefix(head).removesuffix(tail)
    return results


def io(inside: str) -> str:
    return f"<xr:io>{inside}</xr:io>"


def on_vda(inside: str) -> str:
    return io(f"<xr:device target='vda'>{inside}</xr:device>")


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (io("<xr:device target='vdc'/>"), {
            "write target='vda'": io("<xr:device target='vda'/>"),
            "write target='vdb'": io("<xr:device target='vdb'/>"),
        }),
        (io("<xr:device target='vda'/><xr:device target='vdc'/>"), {
            "write target='vdb'": io("<xr:device target='vda'/><xr:device target='vdb'/>"),
        }),
        (io("<xr:device target='vda'/><xr:device/>"), {
            "add target='vdb'": io("<xr:device target='vda'/><xr:device target='vdb'/>"),
        }),
        (io("<xr:device  path='/dev/a' target='vda' />"), {
            "remove `target`": io("<xr:device  path='/dev/a' />"),
            "remove `path`": io("<xr:device target='vda' />"),
        }),
        (on_vda("<xr:iopsHardLimit/>"), {
            "add read='500'": on_vda("<xr:iopsHardLimit read='500'/>"),
            "add write='500'": on_vda("<xr:iopsHardLimit write='500'/>"),
        }),
        (on_vda("<xr:ioBandwidthHardLimit read='8MiB' write=' 4 MiB'/>"), {
            "write 8 and 4 with unit='MiB'":
                on_vda("<xr:ioBandwidthHardLimit unit='MiB' read='8' write='4'/>"),
        }),
        (on_vda("<xr:ioBandwidthHardLimit read='8MiB' write='4' unit='MiB'/>"), {
            "write 8 and 4": on_vda("<xr:ioBandwidthHardLimit read='8' write='4' unit='MiB'/>"),
        }),
        # One of the two would change.
        (on_vda("<xr:ioBandwidthHardLimit read='8MiB' write='4'/>"), {}),
        (on_vda("<xr:ioBandwidthHardLimit read='8MiB' unit='GiB'/>"), {}),
        ("<xr:cpu><xr:cpuHardLimit> 1.5 </xr:cpuHardLimit></xr:cpu>", {
            "write 1.5": "<xr:cpu><xr:cpuHardLimit>1.5</xr:cpuHardLimit></xr:cpu>",
        }),
        ("<xr:cpu><xr:cpuHardLimit unit='CPU'>1</xr:cpuHardLimit></xr:cpu>", {
            "write unit='cpu'": "<xr:cpu><xr:cpuHardLimit unit='cpu'>1</xr:cpuHardLimit></xr:cpu>",
        }),
        ("<xr:cpu><xr:cpuHardLimit unit='GHz'>1</xr:cpuHardLimit></xr:cpu>", {}),
        ("<xr:cpu><xr:cpuHardLimit>2 GHz</xr:cpuHardLimit></xr:cpu>", {}),
        ("<xr:cpu><xr:cpuHardLimit>two</xr:cpuHardLimit></xr:cpu>", {}),
        ("<xr:cpu><xr:cpuHardLimit>1.5.2</xr:cpuHardLimit></xr:cpu>", {}),
        ("<xr:cpu><xr:cpuShare>20%</xr:cpuShare></xr:cpu>", {}),
    ],
)  # fmt: skip
def test_what_is_meant_is_offered(inside: str, expected: dict[str, str]) -> None:
    assert fixed(inside) == expected


@pytest.mark.parametrize("row", TUNABLES, ids=lambda row: row.key)
def test_a_unit_beside_the_number_of_any_tunable_is_moved(row: Tunable) -> None:
    if row.quantity not in UNIT_BESIDE:
        return  # sizes are mended by --fix, and the others have no unit
    wrong, unit = UNIT_BESIDE[row.quantity]
    sides = f" {row.attribute}='%s'" if row.attribute else ""
    tail = "/>" if row.attribute else f">%s</xr:{row.element}>"
    element = f"<xr:{row.element}%s{sides}{tail}"
    inside = f"<xr:device target='vda'>{element}</xr:device>" if row.per_device else element
    inside = f"<xr:{row.family.value}>{inside}</xr:{row.family.value}>"
    title = f"write 2 with {unit}" if unit else "write 2"
    assert fixed(inside % ("", wrong)) == {title: inside % (f" {unit}" if unit else "", "2")}


def test_a_guest_with_very_many_disks_gets_a_short_menu() -> None:
    disks = "".join(f"<disk><target dev='vd{n}'/></disk>" for n in range(100))
    text = DOMAIN.replace("<devices>", f"<devices>{disks}") % io("<xr:device target='none'/>")
    document = OpenDocument("a.xml", 1, text.encode())
    found = [one for one in editor_findings(RULES, document) if one.code == "XR407"]
    menu = quick_fixes(RULES, document, found, 0, len(text))
    assert 1 < len(menu) < 50
