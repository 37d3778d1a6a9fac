"""The targets for diagnostics, on documents with known faults."""

from __future__ import annotations

import random
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.relaxng.mutations import KINDS, MISSPELLINGS, Mutant, Mutator, apply, several, single

if TYPE_CHECKING:
    from pathlib import Path

    from xmlresource.relaxng import Schema


@pytest.fixture(scope="module")
def singles(
    valid_documents: list[bytes],
    domain_schema: Schema,
    full: bool,  # a fixture
) -> list[Mutant]:
    count = 6000 if full else 1000
    chance = random.Random(20)  # noqa: S311  # repeatable, not secret
    return list(single(valid_documents, chance, domain_schema.is_valid, count))


def test_one_fault_makes_one_message_at_its_place(
    singles: list[Mutant], domain_schema: Schema
) -> None:
    lines = columns = messages = 0
    for mutant in singles:
        found = domain_schema.diagnose(mutant.data)
        (places,) = mutant.places
        lines += found[0].line in [line for line, _ in places]
        columns += (found[0].line, found[0].column) in places
        messages += len(found) == 1
    count = len(singles)
    assert count >= 1000
    assert lines == count
    assert columns >= 0.99 * count
    assert messages >= 0.99 * count


def test_misspellings_are_recognised(valid_documents: list[bytes], domain_schema: Schema) -> None:
    chance = random.Random(21)  # noqa: S311  # repeatable, not secret
    mutants = list(single(valid_documents, chance, domain_schema.is_valid, 400, kinds=MISSPELLINGS))
    right = sum(
        domain_schema.diagnose(mutant.data)[0].suggestion == mutant.mutations[0].suggestion
        for mutant in mutants
    )
    assert right >= 0.95 * len(mutants)


def test_independent_faults_are_all_found(
    valid_documents: list[bytes],
    domain_schema: Schema,
    full: bool,  # a fixture
) -> None:
    chance = random.Random(22)  # noqa: S311  # repeatable, not secret
    count = 1000 if full else 150
    mutants = list(several(valid_documents, chance, domain_schema.is_valid, count))
    complete = 0
    for mutant in mutants:
        found = {(item.line, item.column) for item in domain_schema.diagnose(mutant.data)}
        complete += all(found & set(places) for places in mutant.places)
    assert len(mutants) == count
    assert complete >= 0.97 * count


def test_verdicts_on_mutants_are_those_of_jing(  # fixtures
    valid_documents: list[bytes],
    domain_schema: Schema,
    libvirt_schema_path: Path,
    jing: str,
    tmp_path: Path,
    full: bool,  # a fixture
) -> None:
    """Mutants that happen to be valid too; jing reads them all in one run."""
    chance = random.Random(23)  # noqa: S311  # repeatable, not secret
    for number in range(5000 if full else 500):
        data = chance.choice(valid_documents)
        for _ in range(2):
            mutation = Mutator(data, chance).any_of(list(KINDS))
            data = apply(data, [mutation]).data if mutation else data
        (tmp_path / f"{number}.xml").write_bytes(data)
    paths = sorted(tmp_path.iterdir())
    done = subprocess.run(  # noqa: S603  # jing, found on the path
        [jing, str(libvirt_schema_path), *map(str, paths)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "fatal" not in done.stdout
    refused = {line.partition(".xml:")[0] + ".xml" for line in done.stdout.splitlines()}
    for path in paths:
        assert domain_schema.is_valid(path.read_bytes()) == (str(path) not in refused), path


def test_a_suggestion_can_be_applied(singles: list[Mutant], domain_schema: Schema) -> None:
    """Putting the suggestion in at the given offsets mends a misspelling."""
    tried = mended = 0
    for mutant in singles:
        if mutant.mutations[0].kind not in MISSPELLINGS:
            continue
        (finding, *_) = domain_schema.diagnose(mutant.data)
        if finding.suggestion != mutant.mutations[0].suggestion:
            continue
        tried += 1
        mended += domain_schema.is_valid(_mend(mutant.data, finding))
    assert tried > 100
    assert mended >= 0.97 * tried


def _mend(data: bytes, finding: object) -> bytes:
    from xmlresource.relaxng import Violation  # noqa: PLC0415  # loaded late on purpose

    assert isinstance(finding, Violation)
    assert finding.suggestion is not None
    new = finding.suggestion.encode()
    start = finding.offset + (finding.code in ("unknown-element", "misplaced-element"))
    size = finding.end_offset - start
    if finding.closing_offset is not None:
        at = finding.closing_offset
        data = data[:at] + new + data[at + size :]
    return data[:start] + new + data[finding.end_offset :]
