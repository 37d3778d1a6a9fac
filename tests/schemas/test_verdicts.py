"""Every validator says the same of every document."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from lxml import etree

from tests.schemas import verdicts
from tests.schemas.documents import documents, families
from xmlresource.tunables import NAMESPACE

FIXTURES = Path(__file__).parents[2] / "fixtures" / "documents"
VALID = sorted((FIXTURES / "valid").glob("*.xml"))
INVALID = sorted((FIXTURES / "schema-invalid").glob("*.xml"))

FAMILIES = 900  # each of 8 documents, many of them the same


def fragments(document: bytes) -> list[bytes]:
    """What the schemas are for in ``document``: itself, or parts of a whole domain."""
    root = verdicts.parse(document)
    if root.tag != "domain":
        return [document]
    paths = ("resource", "memtune", f"metadata/{{{NAMESPACE}}}*")
    found = [fragment for path in paths for fragment in root.iterfind(path)]
    return [etree.tostring(fragment, with_tail=False) for fragment in found]


@pytest.fixture(scope="module")
def corpus() -> list[bytes]:
    """Thousands of documents, the same ones in every run."""
    seen: dict[bytes, None] = {}

    @settings(
        max_examples=FAMILIES,
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(families())
    def gather(family: list[bytes]) -> None:
        seen.update(dict.fromkeys(family))

    gather()
    return list(seen)


@pytest.fixture(scope="module")
def jing(corpus: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Mapping[bytes, bool]:
    """What jing says of each document of this module."""
    if verdicts.JING is None:
        pytest.skip("jing is not installed")
    every = dict.fromkeys(corpus)
    every.update(dict.fromkeys(known.example for known in verdicts.DEVIATIONS))
    for file in VALID + INVALID:
        every.update(dict.fromkeys(fragments(file.read_bytes())))
    refused = verdicts.refused_by_jing(every, tmp_path_factory.mktemp("jing"))
    return {data: data not in refused for data in every}


def disagreements(validator: str, verdict: verdicts.Verdict, corpus: list[bytes]) -> str:
    """The documents on which ``validator`` errs, shortest first, as a message; "" for none."""
    wrong = [
        data
        for data in corpus
        if verdict(data) != verdicts.model_verdict(data) and not verdicts.is_known(validator, data)
    ]
    shown = sorted(wrong, key=len)[:5]
    return "".join(
        f"\n{validator} {'takes' if verdict(data) else 'refuses'}: {data!r}" for data in shown
    )


def test_corpus_is_large_and_mixed(corpus: list[bytes]) -> None:
    valid = sum(map(verdicts.model_verdict, corpus))
    assert len(corpus) > 2000
    assert 0.25 < valid / len(corpus) < 0.75


@pytest.mark.parametrize("validator", verdicts.IN_PROCESS)
def test_corpus_by_validator(validator: str, corpus: list[bytes]) -> None:
    problems = disagreements(validator, verdicts.IN_PROCESS[validator], corpus)
    assert not problems, problems


def test_corpus_by_jing(jing: Mapping[bytes, bool], corpus: list[bytes]) -> None:
    problems = disagreements(verdicts.RNG_JING, jing.__getitem__, corpus)
    assert not problems, problems


@settings(max_examples=200, deadline=None)
@given(documents())
def test_new_documents(data: bytes) -> None:
    """Other documents in every run; Hypothesis shrinks what fails here."""
    expected = verdicts.model_verdict(data)
    for validator, verdict in verdicts.IN_PROCESS.items():
        if not verdicts.is_known(validator, data):
            assert verdict(data) == expected, validator


@pytest.mark.parametrize("known", verdicts.DEVIATIONS, ids=lambda known: known.name)
def test_known_deviation_still_deviates(known: verdicts.Deviation) -> None:
    """One that fails here was fixed: take its validator, or all of it, off the table."""
    assert known.applies(known.example)
    right = verdicts.model_verdict(known.example)
    for validator, verdict in verdicts.IN_PROCESS.items():
        errs = validator in known.validators
        assert verdict(known.example) == (right != errs), validator


@pytest.mark.parametrize("known", verdicts.DEVIATIONS, ids=lambda known: known.name)
def test_jing_does_not_deviate(known: verdicts.Deviation, jing: Mapping[bytes, bool]) -> None:
    assert jing[known.example] == verdicts.model_verdict(known.example)


@pytest.mark.parametrize("file", VALID, ids=lambda file: file.name)
def test_valid_fixture(file: Path, jing: Mapping[bytes, bool]) -> None:
    for fragment in fragments(file.read_bytes()):
        assert takers(fragment, jing) == everyone(fragment)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.name)
def test_invalid_fixture(file: Path, jing: Mapping[bytes, bool]) -> None:
    broken = [f for f in fragments(file.read_bytes()) if not verdicts.model_verdict(f)]
    assert broken, "the model finds nothing wrong"
    for fragment in broken:
        assert takers(fragment, jing) == set()


def takers(fragment: bytes, jing: Mapping[bytes, bool]) -> set[str]:
    """Who takes ``fragment``, those aside who are known to err on it."""
    judges = {
        "the model": verdicts.model_verdict,
        verdicts.RNG_JING: jing.__getitem__,
        **verdicts.IN_PROCESS,
    }
    return {
        name
        for name, verdict in judges.items()
        if verdict(fragment) and not verdicts.is_known(name, fragment)
    }


def everyone(fragment: bytes) -> set[str]:
    names = {"the model", verdicts.RNG_JING, *verdicts.IN_PROCESS}
    return {name for name in names if not verdicts.is_known(name, fragment)}
