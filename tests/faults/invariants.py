"""What must hold on a host whatever went wrong."""

import os

from tests.fakes.host import MIB, FakeHost, uuid
from tests.faults import scenes
from tests.faults.scenes import GUEST, NAMED, OTHER
from tests.faults.systemd import LEFT, SLICE, SystemdHost
from xmlresource.model.events import read_record
from xmlresource.promises.ledger import LedgerError
from xmlresource.system.state import history
from xmlresource.system.state.state_folder import StateFolder
from xmlresource.system.systemd.unit_properties import left_in_force

# A folder of plain files keeps "-1" as it was written; the kernel makes a size of it.
_UNLIMITED = {"max", "-1", "9223372036854771712"}


def value(host: FakeHost, path: str) -> int | None:
    """What a kernel file has; ``None`` for no limit."""
    text = host.read(path).strip()
    return None if text in _UNLIMITED else int(text)


def right_after(host: FakeHost, *, damaged: bool) -> list[str]:
    """The violations while nobody has looked after it yet."""
    found = []
    try:
        transaction = scenes.ledger(host)
        if sum(each.size for each in transaction.all()) > scenes.BUDGET:
            found.append("more is promised than there is")
    except LedgerError as error:
        if not damaged:
            found.append(f"the ledger is damaged: {error}")
    return found + _values(host)


def history_of(host: FakeHost) -> bytes:
    """All that the history has; raises where it can't be read."""
    return history.read(StateFolder(str(host.root / "run/xmlresource"), os.geteuid()))


def in_the_end(host: FakeHost) -> list[str]:
    """The violations once the next event has been answered."""
    promises = {each.uuid: each for each in scenes.ledger(host).all()}
    found = []
    if sum(each.size for each in promises.values()) > scenes.BUDGET:
        found.append("more is promised than there is")
    for key, promise in promises.items():
        name, *_ = guest = NAMED[key]
        if promise.size != guest[2] * MIB:
            found.append(f"{name} was promised {promise.size}")
        starting = promise.state.value == "starting" and guest not in {GUEST, OTHER}
        if not scenes.runs(host, guest) and not starting:
            found.append(f"a promise to {name}, which does not run")
    found += [
        f"{guest[0]} runs without its promise"
        for guest in (GUEST, OTHER)
        if scenes.runs(host, guest) and uuid(guest[1]) not in promises
    ]
    found += _values(host)
    torn = [line for line in history_of(host).splitlines() if line and read_record(line) is None]
    if len(torn) > 1:
        found.append(f"more than one line of the history is torn: {torn}")
    if host.version == 2:
        running = [each.size for each in promises.values() if each.cgroup is not None]
        above = value(host, f"{scenes.above(host)}/memory.min")
        if above != sum(running):
            found.append(f"above the guests {above} is protected, promised is {sum(running)}")
    if isinstance(host, SystemdHost):
        found += _drop_ins(host)
    return found


def _drop_ins(host: FakeHost) -> list[str]:
    """What a ``systemctl daemon-reload`` would make of the slice is what it is."""
    found = []
    ours = left_in_force(host.machine, "/machine.slice").get("memory.min", 0)
    now = value(host, f"{SLICE}/memory.min")
    if ours != now:
        found.append(f"the drop-in gives {ours} to the slice, which has {now}")
    left = host.root / LEFT[1:]
    # Until the next value is set it may stay, where it says the same.
    return found + [
        f"systemd's own drop-in was left: {path.read_text()!r}, has {now}"
        for path in (left.iterdir() if left.exists() else ())
        if not path.read_text().endswith(f"={now}\n")
    ]


def _values(host: FakeHost) -> list[str]:
    """The kernel's values are those of the plan or of before."""
    found = []
    for guest in (GUEST, OTHER):
        folder = scenes.folder_of(host, guest)
        if not (host.root / folder[1:]).exists():
            continue
        if isinstance(host, SystemdHost):
            scope = value(host, f"{scenes.top_of(host, guest)}/memory.min")
            if scope not in {0, guest[2] * MIB}:
                found.append(f"memory.min of the scope of {guest[0]} is {scope}")
        for file, planned, before in _expected(host.version, guest[2]):
            now = value(host, f"{folder}/{file}")
            if now not in {planned, before}:
                found.append(f"{file} of {guest[0]} is {now}")
    if host.version == 2:
        above = value(host, f"{scenes.above(host)}/memory.min")
        sums = {0, OTHER[2] * MIB, GUEST[2] * MIB, (OTHER[2] + GUEST[2]) * MIB}
        if above not in sums:
            found.append(f"memory.min above the guests is {above}")
    return found


def _expected(version: int, mib: int) -> list[tuple[str, int, int | None]]:
    """File, value of the plan, value of before."""
    limit, total = (mib + 500) * MIB, (mib + 1000) * MIB
    if version == 1:
        return [
            ("memory.limit_in_bytes", limit, None),
            ("memory.memsw.limit_in_bytes", total, None),
        ]
    return [
        ("memory.min", mib * MIB, 0),
        ("memory.max", limit, None),
        ("memory.swap.max", total - limit, None),
    ]
