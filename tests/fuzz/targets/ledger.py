"""Any bytes as a book, also with a checksum that is right."""

from collections.abc import Iterator
from typing import Final

from tests.fakes.host import BOOT, uuid
from xmlresource.promises.ledger import (
    Ledger,
    LedgerError,
    NewerLedgerError,
    decode,
    ledger_of,
    trailer_of,
)
from xmlresource.promises.promise import (
    HugepageShare,
    Key,
    NodeShare,
    Process,
    Promise,
    PromiseState,
)

SMALL: Final = Promise(uuid(1), "a", "qemu", 4096, PromiseState.STARTING)
LARGE: Final = Promise(
    uuid=uuid(2),
    name="db\n1\u202e",
    driver="lxc",
    size=1 << 40,
    state=PromiseState.RUNNING,
    shares=(NodeShare(frozenset({0, 1}), 4096),),
    hugepages=(HugepageShare(2 << 20, 4 << 20, None), HugepageShare(1 << 30, 0, frozenset({1}))),
    process=Process(7, 1000),
    cgroup="/machine/a",
    parent=uuid(1),
    partition="/machine",
    caller=Process(8, 900),
    since=5,
    soft=4096,
)


def seeds() -> Iterator[bytes]:
    for promises in ((), (SMALL,), (SMALL, LARGE)):
        yield ledger_of(BOOT, promises).encode()
    yield ledger_of(BOOT, [SMALL]).encode().replace(b'"version":1', b'"version":2')
    yield ledger_of(BOOT, [SMALL]).encode().replace(b'"size"', b'"new":[{}],"size"')


def one(data: bytes) -> None:
    """Decodes or is refused; what decodes keeps its sums through every change."""
    _read(data)
    begin = data.find(b"\n") + 1
    end = data.rfind(b"\n", 0, -1) + 1
    _read(data[:end] + trailer_of(data[:begin], data[begin:end]))


def _read(data: bytes) -> None:
    try:
        ledger = decode(data)
    except (LedgerError, NewerLedgerError):
        return
    assert decode(ledger.encode()) == ledger
    try:
        promises = ledger.all()
    except LedgerError:
        promises = None
    for key in (("qemu", uuid(1)), ("lxc", uuid(1)), ("lxc", uuid(2))):
        try:
            _change(ledger, key, sound=promises is not None)
        except LedgerError:
            assert promises is None or all(each.key != key for each in promises)
    if promises is not None:
        assert ledger_of(ledger.boot_id, promises).all() == promises


def _change(ledger: Ledger, key: Key, *, sound: bool) -> None:
    """Look and change; a ledger whose lines contradict each other is only found out by `all`."""
    found = ledger.get(key)
    dropped = ledger.drop(key)
    confirmed = ledger.confirm(key)
    put = ledger.put(SMALL)
    if sound:
        assert dropped.total == ledger.total - (0 if found is None else found.size)
        assert dropped.promises == ledger.promises - (found is not None)
        assert dropped.get(key) is None
        assert (confirmed.get(key) is None) == (found is None)
        assert put.get(SMALL.key) == SMALL
