"""A document is typed key by key: nothing fails, and nothing is kept that is not of use."""

import itertools
import random
from pathlib import Path

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.formats.document_kinds import DOMAIN
from xmlresource.language_server.completion import suggestions
from xmlresource.language_server.document_structure import folds, paired_names, symbols
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.hover import explanation
from xmlresource.language_server.open_document import OpenDocument, TextChange
from xmlresource.language_server.quick_fixes import quick_fixes
from xmlresource.language_server.sound_part import SoundFindings
from xmlresource.language_server.workspace_rules import FolderRules
from xmlresource.operations.validation.domain_schema import DomainSchema

SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")
DOMAIN_TEXT = """<?xml version='1.0'?>
<!-- \u20ac -->
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>db1 &amp; more</name>
  <metadata><xr:resource xmlns:xr='urn:xmlresource:1'><xr:memory>
    <xr:memoryHardLimit unit='GiB'>4</xr:memoryHardLimit>
  </xr:memory><xr:io><xr:device target='vda'><xr:iopsHardLimit read='5'/></xr:device></xr:io>
  </xr:resource></metadata>
  <memory unit='GiB'>2</memory>
  <os><type>hvm</type></os>
  <devices><disk type='file'><target dev='vda'/></disk></devices>
  <qemu:commandline><qemu:arg value='-s'/></qemu:commandline>
</domain>
"""

pytestmark = pytest.mark.skipif(not SCHEMA.is_file(), reason="libvirt's schemas: not installed")


def ask_everything(
    rules: FolderRules, document: OpenDocument, at: int, known: SoundFindings
) -> None:
    found = editor_findings(rules, document, known)
    size = len(document.text)
    assert all(one.span is None or one.span.start <= one.span.end <= size for one in found)
    for one in suggestions(rules.schema, document, at):
        assert 0 <= one.start <= one.end <= size
    explanation(document, found, at)
    symbols(document)
    list(folds(document))
    paired_names(document, at)
    quick_fixes(rules, document, found, at, at)


def type_through(rules: FolderRules, text: str) -> None:
    document = OpenDocument.from_editor("a.xml", 0, "")
    known = SoundFindings()
    for version, key in enumerate(text, 1):
        place = document.positions.position(len(document.text))
        document = document.changed([TextChange(key, place, place)], version)
        ask_everything(rules, document, len(document.text), known)
    assert document.text == text.encode()


def test_a_document_that_is_typed_leaves_nothing_behind() -> None:
    schema = DomainSchema(str(SCHEMA))
    rules = FolderRules(Settings(), schema)
    loaded = schema.of(DOMAIN)
    assert loaded is not None
    counts = []
    for _ in range(3):
        type_through(rules, DOMAIN_TEXT)
        counts.append(loaded.automaton.counts())
    assert counts[1] == counts[2]


def test_keys_anywhere_do_no_harm() -> None:
    """Pieces of XML are inserted and deleted at places chosen at random."""
    chosen = random.Random(7)  # noqa: S311 -- repeatable, not secret
    rules = FolderRules(Settings(), DomainSchema(str(SCHEMA)))
    keys = [
        "<",
        ">",
        "/",
        "'",
        "=",
        "&",
        "<!--",
        "-->",
        "]]>",
        "<x",
        "</disk>",
        "\n",
        "\u20ac",
        "\0",
    ]
    for _ in range(4):
        document, known = OpenDocument.from_editor("a.xml", 0, DOMAIN_TEXT), SoundFindings()
        for version in itertools.count(1):
            places = sorted(chosen.sample(range(len(document.text)), 2))
            start = document.positions.position(places[0])
            end = document.positions.position(min(places[1], places[0] + 4))
            change = TextChange(chosen.choice(keys), start, chosen.choice([start, end]))
            document = document.changed([change], version)
            ask_everything(rules, document, places[0], known)
            if version == 40:
                break
