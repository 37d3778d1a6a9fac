"""The specification, section by section: fixtures/relaxng/spec, by our engine and by others."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.relaxng.cases import Case, spec_cases
from tests.relaxng.conftest import FULL
from xmlresource.relaxng import Schema, SchemaError

if TYPE_CHECKING:
    from pathlib import Path

CASES = list(spec_cases())
CORRECT = [case for case in CASES if case.correct]

#: Valid documents that jing 20220510 refuses: hour 24, zeros at the end as fraction digits, and
#: U+FEFF in its block (XML Schema part 2, 3.2.7.1, 4.3.12 and F.1.1, allow them).
JING_REFUSES = [
    ("xsd-datatypes: 19 dateTime", 1),
    ("xsd-datatypes: 34 decimal", 1),
    ("IsSpecials", 0),
]

#: Each takes a Java machine: a few by default, and all with XMLRESOURCE_FULL=1.
JING_CASES = CASES if FULL else CASES[::25]

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


def test_there_are_cases() -> None:
    assert len(CASES) > 200


@by_name
def test_case(case: Case, tmp_path: Path) -> None:
    path = case.write_to(tmp_path)
    if not case.correct:
        with pytest.raises(SchemaError) as caught:
            Schema.load(path, cache_dir=None)
        assert caught.value.file
        assert caught.value.line > 0
        assert caught.value.column > 0
        return
    schema = Schema.load(path, cache_dir=None)
    for document in case.valid:
        assert schema.is_valid(document), (document, schema.diagnose(document))
    for document in case.invalid:
        assert not schema.is_valid(document), document


@pytest.mark.parametrize("case", CORRECT, ids=lambda case: case.name)
def test_every_invalid_document_is_explained(case: Case, tmp_path: Path) -> None:
    schema = Schema.load(case.write_to(tmp_path), cache_dir=None)
    for document in case.invalid:
        assert schema.diagnose(document), document


@pytest.mark.parametrize("case", JING_CASES, ids=lambda case: case.name)
def test_as_jing(case: Case, tmp_path: Path, jing: str) -> None:
    path = case.write_to(tmp_path)
    for index, document in enumerate([*case.valid, *case.invalid]):
        (tmp_path / f"{index:03}.xml").write_bytes(document)
    files = sorted(map(str, tmp_path.glob("*.xml"))) or [str(path)]
    done = subprocess.run(  # noqa: S603  # jing, found on the path
        [jing, str(path), *files], capture_output=True, text=True, check=False
    )
    schema_faults = [line for line in done.stdout.splitlines() if ".xml:" not in line]
    if not case.correct:
        assert schema_faults
        return
    assert not schema_faults
    refused = {index for index, file in enumerate(files) if f"{file}:" in done.stdout}
    expected = set(range(len(case.valid), len(case.valid) + len(case.invalid)))
    wrongly = {index for part, index in JING_REFUSES if part in case.name}
    assert refused == expected | wrongly
