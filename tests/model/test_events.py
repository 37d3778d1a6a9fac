import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.model.events import (
    ADMITTED,
    LONGEST,
    REFUSED,
    URGENT,
    Event,
    as_record,
    as_words,
    read_record,
)

texts = st.text(max_size=3000)
figures = st.dictionaries(st.sampled_from(["asked", "rule", "reckoning"]), st.integers() | texts)
events = st.builds(Event, st.just(REFUSED), texts, texts.map(lambda each: each[:9]), texts, texts)


def test_the_line_of_an_admission() -> None:
    event = Event(ADMITTED, "guest 'db 1' admitted", "prepare", "db 1", "0-1", {"guarantee": 5})
    assert as_words(event.fields()) == (
        'event=admitted operation=prepare guest="db 1" uuid=0-1 guarantee=5 '
        "message=\"guest 'db 1' admitted\""
    )
    assert as_record(event.fields(), 7) == (
        b'\n{"time":7,"event":"admitted","operation":"prepare","guest":"db 1","uuid":"0-1",'
        b'"guarantee":5,"message":"guest \'db 1\' admitted"}\n'
    )


def test_what_is_unknown_is_left_out() -> None:
    assert as_words(Event(ADMITTED, "").fields()) == 'event=admitted message=""'


def test_some_are_urgent() -> None:
    assert not Event(ADMITTED, "").urgent
    assert Event(REFUSED, "").urgent
    assert {"refused", "rolled-back", "warning"} == URGENT


@given(events, figures)
def test_a_line_is_printable_ascii_whatever_the_names(event: Event, more: dict) -> None:  # type: ignore[type-arg]
    words = as_words({**event.fields(), **more})
    assert words.isascii()
    assert words.isprintable()


@given(events, figures, st.integers(0, 2**40))
def test_a_record_is_one_short_line_and_read_back(event: Event, more: dict, time: int) -> None:  # type: ignore[type-arg]
    fields = {**event.fields(), **more}
    record = as_record(fields, time)
    assert len(record) <= LONGEST
    assert record.startswith(b"\n")
    assert record.endswith(b"\n")
    assert record.count(b"\n") == 2
    found = read_record(record.strip())
    assert found is not None
    assert found["time"] == time
    assert found["event"] == event.kind
    if json.dumps(fields).isascii() and len(json.dumps(fields)) < LONGEST // 2:
        assert found == {"time": time, **fields}


@given(events)
def test_a_name_of_any_length_leaves_room_for_the_rest(event: Event) -> None:
    assert len(event.fields().get("guest", "")) <= 128  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b'{"time":7,"event":"adm',
        b"[]",
        b'{"time":7}',
        b'{"event":"admitted"}',
        b'{"event":"admitted","time":true}',
        b'{"event":"admitted","time":-1}',
        b'{"event":1,"time":1}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_torn_and_foreign_lines(line: bytes) -> None:
    assert read_record(line) is None


def test_a_long_record_keeps_its_figures_and_loses_the_reckoning() -> None:
    event = Event(REFUSED, "é" * 5000, "prepare", "a" * 1000, "u", {"reckoning": "r" * 5000})
    record = as_record({**event.fields(), "asked": 5}, 7)
    assert len(record) <= LONGEST
    found = read_record(record.strip())
    assert found is not None
    assert (found["asked"], found["guest"], found["message"]) == (5, "a" * 128, "é" * 200)
    assert "reckoning" not in found
    assert len(record) < len(as_record(event.fields(), 7)) + 20


def test_values_that_are_not_one_word_are_strings_of_json() -> None:
    fields = {"guest": 'a "b"\n', "rule": "", "message": "\x1b[31m"}
    assert as_words(fields) == r'guest="a \"b\"\n" rule="" message="\u001b[31m"'
