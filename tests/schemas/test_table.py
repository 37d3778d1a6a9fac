"""The schemas are correct, documented, and say what the table of tunables says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import xmlschema
from lxml import etree

from tests.schemas import verdicts
from xmlresource import schema_files
from xmlresource.formats.quantities import (
    CPU_UNIT_PATTERN,
    DECIMAL_PATTERN,
    PERCENTAGE_PATTERN,
    SHARE_PATTERN,
)
from xmlresource.tunables import MEMORY, NAMESPACE, Form, Tunable
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import UNIT_PATTERN, VALUE_PATTERN

RNG = "{http://relaxng.org/ns/structure/1.0}"
XSD = "{http://www.w3.org/2001/XMLSchema}"
DOCUMENTATION = {
    ".rng": "{http://relaxng.org/ns/compatibility/annotations/1.0}documentation",
    ".xsd": f"{XSD}annotation/{XSD}documentation",
}

SHIPPED = sorted(file.name for file in schema_files.folder().iterdir())
# The one for JSON has tests beside the code that writes JSON.
FILES = [name for name in SHIPPED if not name.endswith(".schema.json")]

DECLARING = {
    "memory.rng": Form.RESOURCE,  # and METADATA, whose names are the same
    "memtune.rng": Form.MEMTUNE,
    "memory.xsd": Form.RESOURCE,
    "memtune.xsd": Form.MEMTUNE,
}
"""Which file declares the tunables of which form."""

FAMILIES = {"cpu.rng": CPU, "cpu.xsd": CPU, "io.rng": IO, "io.xsd": IO}
"""Which file declares the tunables of which other family."""

CONTAINERS = {"resource", "memory", "memtune", "cpu", "io"}


def parse(name: str) -> etree._Element:
    return etree.parse(schema_files.path(name)).getroot()


def declared(name: str) -> Iterator[etree._Element]:
    """The declarations of elements in the schema ``name``."""
    language = RNG if name.endswith(".rng") else XSD
    yield from (e for e in parse(name).iter(f"{language}element") if e.get("name"))


def document(form: Form, children: str) -> bytes:
    shells = {
        Form.RESOURCE: "<resource><memory>{}</memory></resource>",
        Form.METADATA: f'<resource xmlns="{NAMESPACE}"><memory>{{}}</memory></resource>',
        Form.MEMTUNE: "<memtune>{}</memtune>",
    }
    return shells[form].format(children).encode()


@pytest.mark.parametrize("name", DECLARING)
def test_every_tunable_is_in_the_schema_and_no_other(name: str) -> None:
    form = DECLARING[name]
    rows = {row.element_in(form): row.name for row in MEMORY if row.element_in(form)}
    elements = {e.get("name") for e in declared(name)} - CONTAINERS
    forgotten = [f"{row} ({element})" for element, row in rows.items() if element not in elements]
    assert not forgotten, f"schemas/{name} lacks {', '.join(forgotten)}"
    unknown = sorted(str(element) for element in elements - rows.keys())
    assert not unknown, f"tunables.MEMORY lacks {', '.join(unknown)}, which schemas/{name} has"


@pytest.mark.parametrize("name", FAMILIES)
def test_every_tunable_of_a_family_is_in_its_schema_and_no_other(name: str) -> None:
    rows = {row.element for row in FAMILIES[name]}
    assert {str(e.get("name")) for e in declared(name)} - CONTAINERS - {"device"} == rows


@pytest.mark.parametrize("form", Form, ids=lambda form: form.value)
@pytest.mark.parametrize("row", MEMORY, ids=lambda row: row.name)
def test_every_schema_takes_every_tunable(row: Tunable, form: Form) -> None:
    element = row.element_in(form)
    if element is None:
        return
    data = document(form, f"<{element} unit='GiB'>4</{element}>")
    refusing = [name for name, verdict in verdicts.IN_PROCESS.items() if not verdict(data)]
    assert not refusing, f"the schema {verdicts.SCHEMAS[form]} forgot {row.name}: {refusing}"


@pytest.mark.parametrize("form", [Form.RESOURCE, Form.METADATA], ids=lambda form: form.value)
@pytest.mark.parametrize("row", [*CPU, *IO], ids=lambda row: row.key)
def test_every_schema_takes_every_tunable_of_the_other_families(row: Tunable, form: Form) -> None:
    value = f" {row.attribute}='9'/>" if row.attribute else f">9</{row.element}>"
    inside = f"<{row.element}{value}"
    if row.per_device:
        inside = f"<device target='vda'>{inside}</device>"
    xmlns = f' xmlns="{NAMESPACE}"' if form is Form.METADATA else ""
    family = row.family.value
    data = f"<resource{xmlns}><{family}>{inside}</{family}></resource>".encode()
    refusing = [name for name, verdict in verdicts.IN_PROCESS.items() if not verdict(data)]
    assert not refusing, f"the schema {verdicts.SCHEMAS[form]} forgot {row.key}: {refusing}"


@pytest.mark.parametrize("row", MEMORY, ids=lambda row: row.name)
def test_misspellings_are_in_no_schema(row: Tunable) -> None:
    every = {e.get("name") for name in FILES for e in declared(name)}
    assert every.isdisjoint(row.misspellings)


@pytest.mark.parametrize("name", ["size.rng", "size.xsd"])
def test_values_and_units_are_the_readers(name: str) -> None:
    root = parse(name)
    patterns = [e.text for e in root.iter(f"{RNG}param")]
    patterns += [e.get("value") for e in root.iter(f"{XSD}pattern")]
    assert patterns == [VALUE_PATTERN, UNIT_PATTERN]


@pytest.mark.parametrize("name", ["cpu.rng", "cpu.xsd"])
def test_quantities_are_the_readers(name: str) -> None:
    root = parse(name)
    patterns = [e.text for e in root.iter(f"{RNG}param")]
    patterns += [e.get("value") for e in root.iter(f"{XSD}pattern")]
    assert patterns == [CPU_UNIT_PATTERN, DECIMAL_PATTERN, SHARE_PATTERN, PERCENTAGE_PATTERN]


@pytest.mark.parametrize("name", FILES)
def test_schema_is_documented(name: str) -> None:
    documentation = DOCUMENTATION[Path(name).suffix]
    root = parse(name)
    assert root.find(documentation) is not None, "nothing says what the schema is for"
    if name in {"resource.xsd", "resource-1.1.xsd"}:
        return  # the types of their elements say what they are
    unsaid = [
        str(e.get("name"))
        for e in declared(name)
        if e.get("name") not in CONTAINERS and not (e.findtext(documentation) or "").strip()
    ]
    assert not unsaid, f"schemas/{name} does not say what {', '.join(unsaid)} mean"


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".xsd")])
def test_types_are_documented(name: str) -> None:
    types = parse(name).iter(f"{XSD}complexType", f"{XSD}simpleType")
    named = [each for each in types if each.get("name")]
    unsaid = [each.get("name") for each in named if each.find(DOCUMENTATION[".xsd"]) is None]
    assert not unsaid, unsaid


@pytest.mark.parametrize("form", Form, ids=lambda form: form.value)
def test_schemas_load(form: Form) -> None:
    """Jing checks the RELAX NG too, where it judges the corpus."""
    etree.RelaxNG(etree.parse(verdicts.schema(form, "rng")))
    etree.XMLSchema(etree.parse(verdicts.schema(form, "xsd")))
    assert not xmlschema.XMLSchema10(verdicts.schema(form, "xsd")).all_errors
    assert not xmlschema.XMLSchema11(verdicts.schema(form, "xsd")).all_errors


def test_nothing_but_schemas_is_shipped() -> None:
    assert {Path(name).suffix for name in SHIPPED} == {".rng", ".xsd", ".json"}


def test_schema_is_read_by_name() -> None:
    assert schema_files.read("resource.rng").startswith(b"<?xml")


@pytest.mark.parametrize("name", ["nothing.rng", "../pyproject.toml", "", ".."])
def test_what_is_no_schema_is_not_found(name: str) -> None:
    with pytest.raises(FileNotFoundError, match="no schema"):
        schema_files.path(name)


def test_the_wheels_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "xmlresource"
    (tmp_path / "schemas").mkdir()
    (package / "schemas").mkdir(parents=True)
    monkeypatch.setattr(schema_files, "files", lambda _: package)
    assert schema_files.folder() == package / "schemas"
    (package / "schemas").rmdir()
    assert schema_files.folder() == tmp_path / "schemas"
