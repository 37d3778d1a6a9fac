import json
import re
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from xmlresource.ledger import (
    LONGEST_NAME,
    VERSION,
    LargePromiseError,
    Ledger,
    LedgerError,
    NewerLedgerError,
    canonical_uuid,
    decode,
    ledger_of,
)
from xmlresource.model.promise import HugepageShare, NodeShare, Process, Promise, State
from xmlresource.record import replace

UUIDS = [f"{number:08x}-0000-4000-8000-{number:012x}" for number in range(4)]
A, B, *_ = UUIDS

COUNTS = st.integers(0, 1 << 62)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
NODES = st.frozensets(st.integers(0, 1000))
PROCESSES = st.builds(Process, COUNTS, COUNTS)
PROMISES = st.builds(
    Promise,
    uuid=st.sampled_from(UUIDS),
    name=TEXTS,
    driver=TEXTS,
    size=COUNTS,
    state=st.sampled_from(State),
    shares=st.lists(st.builds(NodeShare, NODES, COUNTS), max_size=2).map(tuple),
    hugepages=st.lists(st.builds(HugepageShare, COUNTS, COUNTS, st.none() | NODES), max_size=2).map(
        tuple
    ),
    process=st.none() | PROCESSES,
    cgroup=st.none() | TEXTS,
    parent=st.none() | TEXTS,
    partition=st.none() | TEXTS,
    caller=st.none() | PROCESSES,
    since=st.none() | COUNTS,
    soft=st.just(0) | COUNTS,
    at_once=st.just(0) | COUNTS,
    pinned=st.just(0) | COUNTS,
)


def promise(uuid: str = A, size: int = 5) -> Promise:
    return Promise(uuid, "n", "qemu", size, State.STARTING)


class LedgerAgainstDict(RuleBasedStateMachine):
    """The ledger does what a dict of promises does, through any number of rewrites."""

    @initialize()
    def start(self) -> None:
        self.ledger = Ledger("boot")
        self.model: dict[str, Promise] = {}

    @rule(promise=PROMISES)
    def put(self, promise: Promise) -> None:
        self.ledger = self.ledger.put(promise)
        self.model.pop(promise.uuid, None)
        self.model[promise.uuid] = promise

    @rule(uuid=st.sampled_from(UUIDS), process=PROCESSES, cgroup=TEXTS.filter(bool))
    def confirm(self, uuid: str, process: Process, cgroup: str) -> None:
        self.ledger = self.ledger.confirm(uuid, process, cgroup)
        if uuid in self.model:
            old = self.model.pop(uuid)
            self.model[uuid] = replace(
                old, state=State.RUNNING, process=process, cgroup=cgroup, at_once=0
            )

    @rule(uuid=st.sampled_from(UUIDS))
    def drop(self, uuid: str) -> None:
        self.ledger = self.ledger.drop(uuid)
        self.model.pop(uuid, None)

    @rule(uuids=st.frozensets(st.sampled_from(UUIDS)))
    def keep(self, uuids: frozenset[str]) -> None:
        self.ledger = self.ledger.keep(uuids)
        self.model = {key: value for key, value in self.model.items() if key in uuids}

    @rule()
    def reread(self) -> None:
        self.ledger = decode(self.ledger.encode())

    @rule()
    def reboot(self) -> None:
        self.ledger = self.ledger.for_boot(self.ledger.boot_id + "'")
        self.model = {}

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "model"):
            return
        assert self.ledger.all() == tuple(self.model.values())
        assert self.ledger.promises == len(self.model)
        assert self.ledger.total == sum(each.needed for each in self.model.values())
        for uuid in UUIDS:
            assert self.ledger.get(uuid) == self.model.get(uuid)


TestLedgerAgainstDict = LedgerAgainstDict.TestCase
TestLedgerAgainstDict.settings = settings(stateful_step_count=25)


def test_a_part_of_a_uuid_is_nobodys() -> None:
    ledger = ledger_of("b", [promise()])
    for part in ("", A[:-1]):
        assert ledger.get(part) is None
        assert ledger.drop(part) == ledger


def test_confirming_keeps_what_is_not_said() -> None:
    known = replace(promise(), process=Process(1, 2), cgroup="/a", pinned=3)
    confirmed = ledger_of("b", [known]).confirm(A).get(A)
    assert confirmed == replace(known, state=State.RUNNING)


def test_a_guest_that_runs_has_taken_what_it_takes_at_once() -> None:
    starting = ledger_of("b", [replace(promise(size=5), at_once=9, pinned=7), promise(B, 2)])
    assert starting.total == 9 + 2
    running = starting.confirm(A)
    assert running.total == 7 + 2
    assert running.confirm(A, pinned=8).total == 8 + 2
    assert running.confirm(A, pinned=0).total == 5 + 2
    assert running.keep({A}).total == 7
    assert running.drop(A).total == 2


def test_of_each_guest_the_last_promise_holds() -> None:
    assert ledger_of("b", [promise(A, 1), promise(B, 2), promise(A, 3)]).total == 5


def test_the_text() -> None:
    full = replace(
        promise(),
        shares=(NodeShare(frozenset({1, 0}), 4),),
        hugepages=(HugepageShare(2048, 4096), HugepageShare(1024, 1024, frozenset({1}))),
        process=Process(7, 70),
        since=3,
        soft=1,
        at_once=4,
        pinned=2,
    )
    assert ledger_of("b", [full]).encode().decode() == (
        '{"format":"xmlresource-ledger","version":1,"boot_id":"b","promises":1,"bytes":5}\n'
        f'{{"uuid":"{A}","name":"n","driver":"qemu","size":5,"state":"starting",'
        '"shares":[[[0,1],4]],"hugepages":[[2048,4096,null],[1024,1024,[1]]],'
        '"soft":1,"at_once":4,"pinned":2,"process":[7,70],"since":3}\n'
        "crc32 b8d72a46\n"
    )


def with_crc(*lines: str) -> bytes:
    text = "".join(line + "\n" for line in lines).encode()
    return text + b"crc32 %08x\n" % crc32(text)


def header(**fields: object) -> str:
    usual: dict[str, object] = {
        "format": "xmlresource-ledger",
        "version": VERSION,
        "boot_id": "b",
        "promises": 0,
        "bytes": 0,
    }
    return json.dumps({name: value for name, value in (usual | fields).items() if value != ""})


def line(**fields: object) -> str:
    usual: dict[str, object] = {
        "uuid": A,
        "name": "n",
        "driver": "qemu",
        "size": 5,
        "state": "running",
    }
    return json.dumps(
        {name: value for name, value in (usual | fields).items() if value != ""},
        separators=(",", ":"),
    )


def test_fields_of_a_later_version_are_kept() -> None:
    ledger = decode(
        with_crc(
            header(promises=1, bytes=5, policy={"x": [1]}),
            line(state="starting", priority=3),
        )
    )
    again = decode(ledger.put(promise(B)).confirm(A).encode())
    assert again.extra == {"policy": {"x": [1]}}
    assert b'"priority":3' in again.lines
    assert again.for_boot("c").extra == {"policy": {"x": [1]}}
    # A new start is a new promise: what was said of the old one is not true of it.
    assert b"priority" not in again.put(promise(A)).lines


def test_a_later_version_is_refused_whatever_its_checksum() -> None:
    for text in (with_crc(header(version=2)), header(version=2).encode() + b"\nsha256 0\n"):
        with pytest.raises(NewerLedgerError, match=re.escape("version 2; this program knows 1")):
            decode(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"1\n", "no JSON object"),
        (with_crc(header(format="x")), "first line"),
        (with_crc(header(version="")), "version"),
        (with_crc(header(version=True)), "version"),
        (with_crc(header()) + b"\n", "checksum"),
        (with_crc(header())[:-1], "checksum"),
        (with_crc(header(boot_id=1)), "lacks a field"),
        (with_crc(header(promises=-1)), "lacks a field"),
        (with_crc(header(bytes="")), "lacks a field"),
        (with_crc(header(promises=1)), "as many"),
        (with_crc(header(), "{}"), "as many"),
    ],
)
def test_damage_is_seen(text: bytes, reason: str) -> None:
    with pytest.raises(LedgerError, match=reason):
        decode(text)


def test_lines_must_end() -> None:
    text = header(promises=1).encode() + b"\n{}\n{}"
    with pytest.raises(LedgerError, match="as many"):
        decode(text + b"crc32 %08x\n" % crc32(text))


@given(st.data())
def test_no_flipped_bit_goes_unseen(data: st.DataObject) -> None:
    text = bytearray(ledger_of("b", [promise(A), promise(B)]).encode())
    at = data.draw(st.integers(0, len(text) - 1))
    text[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((LedgerError, NewerLedgerError)):
        decode(bytes(text))


@pytest.mark.parametrize("end", range(0, 300, 7))
def test_no_missing_end_goes_unseen(end: int) -> None:
    with pytest.raises(LedgerError):
        decode(ledger_of("b", [promise(A), promise(B)]).encode()[:end])


@given(st.binary())
def test_any_bytes_are_a_ledger_or_an_error(text: bytes) -> None:
    with pytest.raises((LedgerError, NewerLedgerError)):
        decode(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"uuid": 1},
        {"name": ""},
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"state": "flying"},
        {"shares": [[1, 2]]},
        {"shares": [[[0]]]},
        {"hugepages": [[1, 2]]},
        {"process": 5},
        {"process": [1]},
        {"caller": {"pid": 1}},
        {"cgroup": 1},
        {"since": -1},
        {"at_once": -1},
        {"pinned": "1"},
    ],
)
def test_a_promise_that_makes_no_sense(wrong: dict[str, object]) -> None:
    ledger = decode(with_crc(header(promises=1, bytes=5), line(**wrong)))
    with pytest.raises(LedgerError):
        ledger.all()


def test_promises_that_do_not_agree_with_the_header() -> None:
    with pytest.raises(LedgerError, match="add up"):
        decode(with_crc(header(promises=1, bytes=6), line())).all()
    with pytest.raises(LedgerError, match="as many"):
        decode(with_crc(header(promises=1, bytes=5), line(), line())).all()
    with pytest.raises(LedgerError, match="two promises"):
        decode(with_crc(header(promises=2, bytes=10), line(), line())).all()


def test_only_canonical_uuids_and_real_sizes_get_in() -> None:
    with pytest.raises(ValueError, match="canonical uuid"):
        Ledger("b").put(promise("X"))
    with pytest.raises(ValueError, match="negative"):
        Ledger("b").put(promise(size=-1))


def test_a_name_cannot_pose_as_another_guest() -> None:
    posing = replace(promise(B), name=f'\n{{"uuid":"{A}","size":1')
    ledger = ledger_of("b", [posing])
    assert ledger.get(A) is None
    assert ledger.drop(A) is ledger
    assert ledger.confirm(A) is ledger


def test_canonical_uuids() -> None:
    assert canonical_uuid("00000001 00004000-8000000000000001".replace(" ", "")) == (
        "00000001-0000-4000-8000-000000000001"
    )
    assert canonical_uuid(A.upper()) == A
    assert canonical_uuid("") is None
    assert canonical_uuid("g" * 32) is None
    assert canonical_uuid("\u0661" * 32) is None


def test_a_long_name_is_cut() -> None:
    """None that runs has so long a one."""
    long = replace(promise(), name="\x85" * 10_000)
    ledger = Ledger("boot").put(long)
    kept = ledger.get(A)
    assert kept is not None
    assert kept.name == "\x85" * LONGEST_NAME
    assert len(ledger.lines) < 10 * LONGEST_NAME


def test_a_promise_that_would_fill_the_book_is_refused() -> None:
    many = tuple(NodeShare(frozenset(range(number)), 1) for number in range(400))
    with pytest.raises(LargePromiseError, match="too many sets of nodes"):
        Ledger("boot").put(replace(promise(), shares=many))


@pytest.mark.parametrize("broken", ["a\rb", "a\nb", 'a","uuid":"b'])
def test_a_line_that_was_broken_by_hand(broken: str) -> None:
    text = ledger_of("boot", [replace(promise(), cgroup="X")]).encode()
    lines = text.splitlines(keepends=True)[1].replace(b'"X"', b'"%s"' % broken.encode())
    damaged = Ledger("boot", 1, 5, lines)
    with pytest.raises(LedgerError):
        damaged.all()


def test_a_uuid_that_is_none() -> None:
    lines = ledger_of("boot", [promise()]).lines.replace(A.encode(), A[:-1].encode())
    with pytest.raises(LedgerError, match="is no uuid"):
        Ledger("boot", 1, 5, lines).all()
