"""Each document in fixtures/rules is a test: what `validate` prints of it stands beside it.

`XMLRESOURCE_WRITE_EXPECTED=1 pytest tests/rules` writes what is printed now; read the diff.
"""

import os
import re
from pathlib import Path

import pytest

from xmlresource.codes import CODES
from xmlresource.operations.validation.validate import Options, validate
from xmlresource.reports.findings.diagnostics import as_text

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
# Libvirt's schema in small: what our rules say must not be said again by the schema.
SCHEMA = FIXTURES.parent / "domain-schema"
DOCUMENTS = sorted(FIXTURES.rglob("*.xml"))
# Guests with more than the small schema knows.
GUESTS = FIXTURES / "guests"

# These are about files, not about what stands in them: tests/operations/test_validate.py.
WITHOUT_FIXTURE = {"XR001", "XR004"}


def printed(document: Path) -> str:
    schema = "off" if document.is_relative_to(GUESTS) else str(SCHEMA)
    result = validate([str(document)], Options(domain_schema=schema))
    return as_text(result.diagnostics).replace(str(document), document.name)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_prints_what_stands_beside_it(document: Path) -> None:
    expected = document.with_suffix(".out")
    if os.environ.get("XMLRESOURCE_WRITE_EXPECTED"):
        expected.write_text(printed(document))
    assert printed(document) == expected.read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_a_name_tells_the_codes(document: Path) -> None:
    codes = set(re.findall(r": (XR\d+) \w+: ", printed(document)))
    code, _, _ = document.stem.partition("-")
    assert codes == (set() if code == "fine" else {code})


def test_every_code_is_broken_by_a_fixture() -> None:
    broken = {path.stem.partition("-")[0] for path in DOCUMENTS}
    # XR8 is about other systems' files: tests/interchange.
    ours = {code for code in CODES if not code.startswith("XR8")}
    assert ours - broken == WITHOUT_FIXTURE
