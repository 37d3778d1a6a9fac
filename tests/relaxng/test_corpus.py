"""Real documents: verdicts as jing's and, where it is right, libxml2's."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from xmlresource.relaxng import Limits, Schema

if TYPE_CHECKING:
    from pathlib import Path

    from tests.relaxng.conftest import Document


def test_verdicts_are_those_of_jing(corpus: list[Document], domain_schema: Schema) -> None:
    wrong = [item.name for item in corpus if domain_schema.is_valid(item.data) != item.valid]
    assert wrong == []


def test_verdicts_with_little_memory(
    sample: list[Document], domain_schema: Schema, libvirt_schema_path: Path
) -> None:
    """Forgetting what it has learnt, and reading interleaves factored, changes no verdict."""
    forgetful = Schema.load(libvirt_schema_path, cache_dir=None, limits=Limits(max_memory=400_000))
    for item in sample:
        assert forgetful.is_valid(item.data) == domain_schema.is_valid(item.data), item.name


def test_diagnoses_agree_with_verdicts(sample: list[Document], domain_schema: Schema) -> None:
    for item in sample:
        found = domain_schema.diagnose(item.data)
        assert bool(found) == (not item.valid), item.name
        for diagnostic in found:
            assert len(diagnostic.message) <= 200
            assert diagnostic.line >= 1
            assert diagnostic.column >= 1
            assert diagnostic.end_offset >= diagnostic.offset
            assert diagnostic.message != "the document is not valid"


def test_jing_agrees_here_and_now(
    sample: list[Document], domain_schema: Schema, libvirt_schema_path: Path, jing: str
) -> None:
    """Run the installed jing too: the recorded verdicts might be of another schema."""
    names = [str(item.path) for item in sample]
    done = subprocess.run(  # noqa: S603  # jing, found on the path
        [jing, str(libvirt_schema_path), *names], capture_output=True, text=True, check=False
    )
    refused = {line.partition(".xml:")[0] + ".xml" for line in done.stdout.splitlines()}
    for item in sample:
        assert domain_schema.is_valid(item.data) == (str(item.path) not in refused), item.name


def test_jing_finds_faults_on_the_same_lines(
    corpus: list[Document], domain_schema: Schema, libvirt_schema_path: Path, jing: str
) -> None:
    """Our first fault is on a line that jing complains of, or the one before.

    jing gives the end of a start tag, and of a missing element the end of its parent.
    """
    invalid = [item for item in corpus if not item.valid]
    done = subprocess.run(  # noqa: S603  # jing, found on the path
        [jing, str(libvirt_schema_path), *(str(item.path) for item in invalid)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    lines: dict[str, set[int]] = {}
    for message in done.stdout.splitlines():
        name, _, rest = message.partition(".xml:")
        lines.setdefault(name + ".xml", set()).add(int(rest.partition(":")[0]))
    near = 0
    for item in invalid:
        first = domain_schema.diagnose(item.data)[0]
        near += any(first.line <= line <= first.line + 1 for line in lines[str(item.path)])
    assert near >= 0.9 * len(invalid)


def test_verdicts_are_those_of_libxml2(
    sample: list[Document], domain_schema: Schema, libvirt_schema_path: Path
) -> None:
    """On these documents libxml2 has no different opinion (on mutants it has, see test_random)."""
    libxml2 = etree.RelaxNG(etree.parse(str(libvirt_schema_path)))
    for item in sample:
        assert domain_schema.is_valid(item.data) == libxml2.validate(etree.fromstring(item.data))


def test_nothing_in_the_corpus_is_refused_for_its_blanks(
    sample: list[Document], domain_schema: Schema
) -> None:
    assert [item.name for item in sample if domain_schema.libxml2_warnings(item.data)] == []


WRAPPER = b"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0">
  <include href="domain.rng">
    <define name="memtune"><element name="memtune"><empty/></element></define>
  </include>
</grammar>"""


def test_libvirts_schema_can_be_wrapped(libvirt_schema_path: Path) -> None:
    """An override reaches what domain.rng includes in turn."""
    schema = Schema.load(WRAPPER, base=libvirt_schema_path.parent, cache_dir=None)
    head = b"<domain type='kvm'><name>a</name><memory>1</memory><os><type>hvm</type></os>"
    assert schema.is_valid(head + b"<memtune/></domain>")
    (found,) = schema.diagnose(head + b"<memtune><hard_limit>1</hard_limit></memtune></domain>")
    assert found.code == "unknown-element"


@pytest.mark.parametrize("name", ["network", "storagepool", "nodedev", "capability", "domaincaps"])
def test_other_schemas_of_libvirt_load(libvirt_schema_path: Path, name: str) -> None:
    path = libvirt_schema_path.with_name(f"{name}.rng")
    if not path.is_file():
        pytest.skip(f"{path} is not installed")
    assert not Schema.load(path, cache_dir=None).is_valid(b"<a/>")
