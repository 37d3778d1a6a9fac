import json
import re
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.io_promise import DiskPart, IoPromise
from xmlresource.promises.ledger import (
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
from xmlresource.promises.promise import (
    HugepageShare,
    Key,
    NodeShare,
    Process,
    Promise,
    PromiseState,
)
from xmlresource.record import replace

UUIDS = [f"{number:08x}-0000-4000-8000-{number:012x}" for number in range(4)]
A, B, *_ = UUIDS
KEYS = [(driver, uuid) for driver in ("qemu", "lxc", "") for uuid in UUIDS]
OF_A = ("qemu", A)

COUNTS = st.integers(0, 1 << 62)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=20)
NODES = st.frozensets(st.integers(0, 1000))
PROCESSES = st.builds(Process, COUNTS, COUNTS)
DISKS = st.builds("{}:{}".format, COUNTS, COUNTS)
PARTS = st.lists(st.builds(DiskPart, DISKS, COUNTS), max_size=3).map(tuple)
PROMISES = st.builds(
    Promise,
    uuid=st.sampled_from(UUIDS),
    name=TEXTS,
    driver=st.sampled_from(("qemu", "lxc", "")),
    size=COUNTS,
    state=st.sampled_from(PromiseState),
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
    cpu=st.none() | st.builds(CpuPromise, COUNTS, st.none() | NODES, COUNTS, st.none() | TEXTS),
    io=st.none() | st.builds(IoPromise, PARTS, COUNTS, st.none() | TEXTS),
)


def promise(uuid: str = A, size: int = 5) -> Promise:
    return Promise(uuid, "n", "qemu", size, PromiseState.STARTING)


class LedgerAgainstDict(RuleBasedStateMachine):
    """The ledger does what a dict of promises does, through any number of rewrites."""

    @initialize()
    def start(self) -> None:
        self.ledger = Ledger("boot")
        self.model: dict[Key, Promise] = {}

    @rule(promise=PROMISES)
    def put(self, promise: Promise) -> None:
        self.ledger = self.ledger.put(promise)
        self.model.pop(promise.key, None)
        self.model[promise.key] = promise

    @rule(key=st.sampled_from(KEYS), process=PROCESSES, cgroup=TEXTS.filter(bool))
    def confirm(self, key: Key, process: Process, cgroup: str) -> None:
        self.ledger = self.ledger.confirm(key, process, cgroup)
        if key in self.model:
            old = self.model.pop(key)
            self.model[key] = replace(
                old, state=PromiseState.RUNNING, process=process, cgroup=cgroup, at_once=0
            )

    @rule(key=st.sampled_from(KEYS))
    def drop(self, key: Key) -> None:
        self.ledger = self.ledger.drop(key)
        self.model.pop(key, None)

    @rule(keys=st.frozensets(st.sampled_from(KEYS)))
    def keep(self, keys: frozenset[Key]) -> None:
        self.ledger = self.ledger.keep(keys)
        self.model = {key: value for key, value in self.model.items() if key in keys}

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
        for key in KEYS:
            assert self.ledger.get(key) == self.model.get(key)


TestLedgerAgainstDict = LedgerAgainstDict.TestCase
TestLedgerAgainstDict.settings = settings(stateful_step_count=25)


def test_a_part_of_a_uuid_is_nobodys() -> None:
    ledger = ledger_of("b", [promise()])
    for part in ("", A[:-1]):
        assert ledger.get(("qemu", part)) is None
        assert ledger.drop(("qemu", part)) == ledger


def test_confirming_keeps_what_is_not_said() -> None:
    known = replace(promise(), process=Process(1, 2), cgroup="/a", pinned=3)
    confirmed = ledger_of("b", [known]).confirm(OF_A).get(OF_A)
    assert confirmed == replace(known, state=PromiseState.RUNNING)


def test_a_guest_that_runs_has_taken_what_it_takes_at_once() -> None:
    starting = ledger_of("b", [replace(promise(size=5), at_once=9, pinned=7), promise(B, 2)])
    assert starting.total == 9 + 2
    running = starting.confirm(OF_A)
    assert running.total == 7 + 2
    assert running.confirm(OF_A, pinned=8).total == 8 + 2
    assert running.confirm(OF_A, pinned=0).total == 5 + 2
    assert running.keep({OF_A}).total == 7
    assert running.drop(OF_A).total == 2


def test_each_driver_has_uuids_of_its_own() -> None:
    container = replace(promise(A, 3), driver="lxc")
    ledger = ledger_of("b", [promise(A, 5), container])
    assert ledger.total == 5 + 3
    assert ledger.get(("lxc", A)) == container
    assert ledger.put(replace(container, size=1)).total == 5 + 1
    assert ledger.drop(("lxc", A)).all() == (promise(A, 5),)
    assert ledger.drop(OF_A).all() == (container,)
    assert ledger.drop(("xen", A)) is ledger


def test_a_line_of_old_that_names_no_driver_is_a_qemu_guests() -> None:
    """Wherever the driver stands in it."""
    old = line(driver="")
    moved = json.dumps({"uuid": B, **json.loads(line(uuid=""))}, separators=(",", ":"))
    ledger = decode(with_crc(header(promises=2, bytes=10), old, moved))
    assert [each.key for each in ledger.all()] == [("qemu", A), ("qemu", B)]
    assert ledger.get(OF_A) == replace(promise(), state=PromiseState.RUNNING)
    assert ledger.drop(OF_A).drop(("qemu", B)).promises == 0
    assert ledger.keep({OF_A}).promises == 1
    assert ledger.put(promise(A, 7)).all()[-1].driver == "qemu"


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
    again = decode(ledger.put(promise(B)).confirm(OF_A).encode())
    assert again.extra == {"policy": {"x": [1]}}
    assert b'"priority":3' in again.lines
    assert again.for_boot("c").extra == {"policy": {"x": [1]}}
    # A new start is a new promise: what was said of the old one is not true of it.
    assert b"priority" not in again.put(promise(A)).lines


def test_it_holds_until_the_host_is_booted_anew() -> None:
    ledger = ledger_of("b", [promise(A)])
    assert ledger.for_boot("b") == ledger
    assert ledger.for_boot("c") == ledger_of("c", [])


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
        {"driver": 1},
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
    assert ledger.get(OF_A) is None
    assert ledger.drop(OF_A) is ledger
    assert ledger.confirm(OF_A) is ledger


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
    kept = ledger.get(OF_A)
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


def test_promises_by_line_are_read_once() -> None:
    before = ledger_of("boot", [promise(A), promise(B, 7)])
    known = before.by_line({})
    assert tuple(known.values()) == before.all()
    after = before.put(promise(UUIDS[2], 9)).drop(promise(A).key)
    found = after.by_line(known)
    assert tuple(found.values()) == after.all()
    assert next(iter(found.values())) is known[next(iter(found))]
    with pytest.raises(LedgerError, match="as many as its header says"):
        replace(after, promises=3).by_line(known)


def test_lines_are_taken_out() -> None:
    ledger = ledger_of("boot", [promise(A), promise(B, 7), promise(UUIDS[2], 9)])
    first, second, third = ledger.by_line({})
    assert ledger.without({first, third, b"another"}) == ledger_of("boot", [promise(B, 7)])
    assert ledger.without({first, second, third}) == Ledger("boot")
    assert ledger.without(()) == ledger


def test_a_line_of_a_version_without_cpu_time_and_disks_is_read_and_kept() -> None:
    line = b'{"uuid":"%s","name":"n","driver":"qemu","size":5,"state":"running"}\n' % A.encode()
    ledger = replace(Ledger("boot"), promises=1, total=5, lines=line)
    assert ledger.all() == (Promise(A, "n", "qemu", 5, PromiseState.RUNNING),)
    assert ledger.confirm(OF_A, beside=("/machine/n", "/machine/n")).all() == ledger.all()
    assert ledger_of("boot", ledger.all()).lines == line


def test_where_the_cpu_time_is_counted_is_confirmed() -> None:
    wanted = replace(promise(), cpu=CpuPromise(1500, frozenset({1, 0}), 200))
    ledger = Ledger("boot").put(wanted)
    assert b'"cpu":{"time":1500,"share":200,"cpus":[0,1]}' in ledger.lines
    (known,) = ledger.confirm(OF_A, beside=("/machine/n", "/machine/n")).all()
    assert known.cpu == CpuPromise(1500, frozenset({0, 1}), 200, "/machine/n")
    (known,) = ledger.confirm(OF_A).all()
    assert known.cpu == wanted.cpu
    assert known.cpu_time == 1500
    assert promise().cpu_time == 0


@pytest.mark.parametrize(
    "cpu",
    [
        5,
        {},
        {"time": -1, "share": 1},
        {"time": 1, "share": "x"},
        {"time": 1, "share": 1, "cpus": 3},
    ],
)
def test_cpu_time_that_makes_no_sense(cpu: object) -> None:
    fields = {"uuid": A, "name": "n", "driver": "qemu", "size": 0, "state": "running", "cpu": cpu}
    ledger = replace(Ledger("boot"), promises=1, lines=json.dumps(fields).encode() + b"\n")
    with pytest.raises(LedgerError):
        ledger.all()


def test_where_the_io_is_counted_is_confirmed() -> None:
    wanted = replace(promise(), io=IoPromise((DiskPart("8:0", 60_000), DiskPart("8:16", 5)), 200))
    ledger = Ledger("boot").put(wanted)
    assert b'"io":{"disks":[["8:0",60000],["8:16",5]],"share":200}' in ledger.lines
    (known,) = ledger.confirm(OF_A, beside=(None, "/machine/n")).all()
    assert wanted.io is not None
    assert known.io == replace(wanted.io, cgroup="/machine/n")
    assert (known.part_of("8:0"), known.part_of("8:16"), known.part_of("8:32")) == (60_000, 5, 0)
    assert ledger.confirm(OF_A).all()[0].io == wanted.io
    assert promise().part_of("8:0") == 0


@pytest.mark.parametrize(
    "io",
    [
        5,
        {},
        {"disks": [["8:0", -1]], "share": 1},
        {"disks": [["8:0", 1]], "share": "x"},
        {"disks": [["sda", 1]], "share": 1},
        {"disks": [["8:", 1]], "share": 1},
        {"disks": [[8, 1]], "share": 1},
        {"disks": [["8:0"]], "share": 1},
    ],
)
def test_parts_of_disks_that_make_no_sense(io: object) -> None:
    fields = {"uuid": A, "name": "n", "driver": "qemu", "size": 0, "state": "running", "io": io}
    ledger = replace(Ledger("boot"), promises=1, lines=json.dumps(fields).encode() + b"\n")
    with pytest.raises(LedgerError):
        ledger.all()


def test_of_two_promises_of_disks_the_larger_part_counts() -> None:
    a = IoPromise((DiskPart("8:0", 5), DiskPart("8:16", 9)), 200, "/a")
    b = IoPromise((DiskPart("8:0", 7), DiskPart("8:32", 1)), 100, "/b")
    more = (DiskPart("8:0", 7), DiskPart("8:16", 9), DiskPart("8:32", 1))
    assert a.at_least(b) == IoPromise(more, 200, "/a")
    assert a.at_least(None) == a


def test_where_no_cgroup_is_known_the_cpu_time_counts_everywhere() -> None:
    at = replace(promise(), cpu=CpuPromise(1, cgroup="/machine/a"))
    assert at.uses_time_of("/machine")
    assert not at.uses_time_of("/other")
    assert replace(promise(), cpu=CpuPromise(1)).uses_time_of("/other")
    assert promise().uses_time_of("/other")


def test_a_promise_of_nothing_is_empty() -> None:
    nothing = replace(promise(), size=0, soft=0)
    assert nothing.is_empty
    assert not promise().is_empty
    assert not replace(nothing, soft=1).is_empty
    assert not replace(nothing, cpu=CpuPromise(1)).is_empty
    assert not replace(nothing, io=IoPromise((DiskPart("8:0", 1),))).is_empty
