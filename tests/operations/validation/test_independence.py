"""Findings depend on the document alone: not on what was read before, beside it, or last time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.operations.validation.finding_records import as_plain_values
from xmlresource.operations.validation.findings import findings
from xmlresource.operations.validation.validate import Options, validate
from xmlresource.reports.findings.diagnostics import as_json

ROOT = Path(__file__).parents[3]
FIXTURES = ROOT / "fixtures"
SMALL = FIXTURES / "domain-schema" / "domain.rng"
LIBVIRT = Path("/usr/share/libvirt/schemas/domain.rng")
SCHEMAS = [SMALL] + [path for path in (LIBVIRT,) if path.is_file()]
# What stands in these is wrong in every way there is.
DOCUMENTS = {
    str(path): path.read_bytes()
    for folder in ("rules", "messages")
    for path in sorted((FIXTURES / folder).glob("*.xml"))
}


def found(documents: dict[str, bytes], schema: Path) -> dict[str, object]:
    """What is found in each, one after the other by one engine, which then teaches the next."""
    engine = DomainSchema(str(schema))

    def one(name: str, data: bytes) -> object:
        if engine.settles(data):
            return ()
        return as_plain_values(findings(name, data, engine)[0], policy_only=False)

    every = {name: one(name, data) for name, data in documents.items()}
    engine.keep_learnt()
    return every


def shuffled(documents: dict[str, bytes], seed: int) -> dict[str, bytes]:
    items = list(documents.items())
    Random(seed).shuffle(items)  # noqa: S311 -- the same each time
    return dict(items)


def alone(documents: dict[str, bytes], schema: Path) -> dict[str, object]:
    """What is found in each by an engine of its own."""
    return {name: found({name: data}, schema)[name] for name, data in documents.items()}


@pytest.mark.parametrize("schema", SCHEMAS, ids=["small", "libvirt"][: len(SCHEMAS)])
def test_alone_and_in_any_order(schema: Path) -> None:
    expected = alone(DOCUMENTS, schema)
    assert any(expected.values())
    for seed in range(3):
        assert found(shuffled(DOCUMENTS, seed), schema) == expected


@pytest.mark.parametrize("schema", SCHEMAS, ids=["small", "libvirt"][: len(SCHEMAS)])
def test_whatever_others_have_learnt(
    schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin_with(*teachers: dict[str, bytes]) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / str(len(list(tmp_path.iterdir())))))
        for documents in teachers:
            found(documents, schema)

    begin_with()
    expected = found(DOCUMENTS, schema)
    for seed in range(3):
        mixed = list(shuffled(DOCUMENTS, seed).items())
        begin_with(dict(mixed[::2]), dict(mixed[1::4]))
        some = dict(mixed[:5])
        assert alone(some, schema) == {name: expected[name] for name in some}
        assert found(dict(mixed), schema) == found(dict(mixed[::-1]), schema) == expected
    assert len(list(tmp_path.glob("*/xmlresource/relaxng/*.learnt"))) >= 4


def test_the_corpus_in_any_order(corpus: dict[str, bytes]) -> None:
    if not LIBVIRT.is_file():
        pytest.skip("libvirt's schemas are not installed")
    in_order = found(corpus, LIBVIRT)
    faulty = [name for name, one in in_order.items() if one]
    assert found(shuffled(corpus, 1), LIBVIRT) == in_order
    few = Random(2).sample(faulty, 12)  # noqa: S311 -- as above
    assert alone({name: corpus[name] for name in few}, LIBVIRT) == {
        name: in_order[name] for name in few
    }


@pytest.mark.parametrize("schema", SCHEMAS, ids=["small", "libvirt"][: len(SCHEMAS)])
def test_remembered_and_in_parallel(
    schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    def printed(*, jobs: int, remember: bool) -> str:
        options = Options(domain_schema=str(schema), jobs=jobs, remember=remember)
        return json.dumps(as_json(validate(list(DOCUMENTS), options)))

    once = printed(jobs=1, remember=False)
    assert printed(jobs=2, remember=False) == once
    assert printed(jobs=1, remember=True) == once
    assert printed(jobs=1, remember=True) == once
    assert list((tmp_path / "xmlresource").iterdir())


@pytest.mark.parametrize("schema", SCHEMAS, ids=["small", "libvirt"][: len(SCHEMAS)])
def test_hash_seeds_are_no_matter(schema: Path) -> None:
    command = [sys.executable, "-m", "xmlresource", "validate", "--no-cache", "--output-format",
               "json", "--domain-schema", str(schema), *DOCUMENTS]  # fmt: skip
    printed = {
        subprocess.run(  # noqa: S603 -- our own program
            command,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=False,
            cwd=ROOT,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(printed) == 1
    assert b'"XR6' in printed.pop()
