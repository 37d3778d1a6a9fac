"""A report written and read back, and what is no report."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.reports import report, reports
from xmlresource.fleet.checked_json import PublishedError
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.report_reader import MOST_BYTES, report_of

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas/fleet-host.schema.json").read_text())


@given(reports)
def test_what_is_written_is_read_back(made: HostReport) -> None:
    fields = report_as_fields(made)
    assert report_of(json.dumps(fields)) == made
    jsonschema.validate(fields, SCHEMA)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def places(value: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Every place in a JSON value."""
    inner: list[tuple[object, object]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    if isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(place for key, each in inner for place in places(each, (*path, key)))]


@given(reports, st.data())
def test_whatever_stands_anywhere_is_a_report_or_an_error(
    made: HostReport, data: st.DataObject
) -> None:
    fields = report_as_fields(made)
    *above, last = data.draw(st.sampled_from(places(fields)[1:]))
    at: Any = fields
    for key in above:
        at = at[key]
    at[last] = data.draw(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text() | st.just([{}])
    )
    text = json.dumps(fields)
    try:
        found = report_of(text)
    except PublishedError as error:
        assert str(error)  # noqa: PT017 -- either is fine
        return
    jsonschema.validate(fields, SCHEMA)
    assert report_of(json.dumps(report_as_fields(found))) == found


@given(st.text() | st.binary())
def test_any_text_is_a_report_or_an_error(text: str | bytes) -> None:
    with pytest.raises(PublishedError):
        report_of(text)


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    fields = report_as_fields(report())
    change(fields)
    return json.dumps(fields)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda it: it.update(format="other"), "format: not 'xmlresource-host'"),
        (
            lambda it: it.update(version=2),
            "version: a later one than 1: update xmlresource here first",
        ),
        (lambda it: it.pop("name"), "lacks 'name'"),
        (lambda it: it.update(name="a b"), "name: 'a b' is no name of a host"),
        (lambda it: it.update(name=1), "name: no text"),
        (lambda it: it.update(name="x" * 5000), "name: 5000 characters, at most 4096 are taken"),
        (lambda it: it.update(root="\0"), "root: a character that no text can hold"),
        (lambda it: it.update(root="\ud800"), "root: a character that no text can hold"),
        (lambda it: it.update(root="/a" * 65), "root: deeper than 64 levels"),
        (lambda it: it.update(root=None), "root: no text"),
        (lambda it: it.update(cpu=None), "cpu: no object"),
        (lambda it: it.update(sequence=-1), "sequence: below 0"),
        (lambda it: it.update(sequence=1 << 63), "sequence: above 30000000000000000"),
        (lambda it: it.update(sequence=1.5), "sequence: no whole number"),
        (lambda it: it.update(sequence=True), "sequence: no whole number"),
        (lambda it: it.update(memory=[]), "memory: no object"),
        (lambda it: it.update(nodes={}), "nodes: no list"),
        (lambda it: it.update(guests=[{}] * 10_001), "guests: 10001 entries, at most 10000"),
        (lambda it: it["terms"].update(count_unpromised=1), "neither true nor false"),
        (
            lambda it: it["terms"].update(partitions={str(n): 1 for n in range(4097)}),
            "terms.partitions: 4097 entries, at most 4096 are taken",
        ),
        (
            lambda it: it["terms"].update(partitions={"/a": "much"}),
            'terms.partitions["/a"]: no whole number',
        ),
        (lambda it: it.update(guests=[{"state": "gone"}]), "guests[0].state: 'gone' is no state"),
        (
            lambda it: it.update(guests=[{"state": "running", "uuid": "x"}]),
            "guests[0].uuid: no uuid as libvirt writes it",
        ),
        (lambda it: it.update(cpu={"online": []}), "cpu.online: no CPUs"),
    ],
)
def test_an_error_names_the_place(change: Callable[[dict[str, Any]], object], told: str) -> None:
    with pytest.raises(PublishedError) as caught:
        report_of(changed(change))
    assert told in str(caught.value)
    assert str(caught.value.of("host1.json")).startswith("host1.json: ")


def guest(**fields: object) -> str:
    plain = {
        "uuid": "00000000-0000-0000-0000-000000000001",
        "name": "a",
        "driver": "qemu",
        "size": 1,
        "state": "running",
        "charged": 0,
        "reclaimable": 0,
    }
    return changed(lambda it: it.update(guests=[plain | fields]))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"shares": [[[0]]]}, "guests[0].shares[0]: no pair"),
        ({"hugepages": [[1, 2]]}, "guests[0].hugepages[0]: no triple"),
        ({"shares": [[[1024], 1]]}, "guests[0].shares[0][0][0]: above 1023"),
        ({"driver": "../x"}, "guests[0].driver: '../x' is no driver"),
    ],
)
def test_a_guest_that_makes_no_sense(fields: dict[str, object], told: str) -> None:
    with pytest.raises(PublishedError) as caught:
        report_of(guest(**fields))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"a": NaN}', "no JSON: NaN is no number"),
        ('{"a": 1, "a": 2}', "no JSON: a key stands twice in an object"),
        ("{", "no JSON: "),
        (" " * (MOST_BYTES + 1), "larger than 8388608 bytes"),
        ("9" * 5000, "no JSON: "),
    ],
)
def test_what_is_no_json(text: str, told: str) -> None:
    with pytest.raises(PublishedError) as caught:
        report_of(text)
    assert told in str(caught.value)


def test_a_key_of_a_later_version_is_passed_over() -> None:
    assert report_of(changed(lambda it: it.update(new={"a": 1}))) == report()
