"""The ledger's file: safe to trust, and whole after any fault at any step."""

import contextlib
import errno
import fcntl
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import pytest

from xmlresource.promises.ledger import Ledger, decode
from xmlresource.promises.promise import Promise, PromiseState
from xmlresource.system.state.state_folder import (
    CORRUPT,
    FRESH,
    LEDGER,
    LOCK,
    MOST_CORRUPT,
    LockTimeoutError,
    StateError,
    StateFolder,
)
from xmlresource.system.syscalls import Syscalls

BOOT = "boot"
ME = os.geteuid()


def promise(number: int, size: int = 1) -> Promise:
    uuid = f"{number:08x}-0000-4000-8000-{number:012x}"
    return Promise(uuid, f"guest {number}", "qemu", size, PromiseState.STARTING)


OLD, NEW = promise(1, 100), promise(2, 50)


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(str(tmp_path / "state"), ME)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def add(state: StateFolder, added: Promise) -> None:
    with state.transaction(BOOT) as transaction:
        transaction.ledger = transaction.ledger.put(added)


def test_the_first_transaction_makes_everything(state: StateFolder, tmp_path: Path) -> None:
    with state.transaction(BOOT) as transaction:
        assert transaction.is_new
        assert transaction.damage is None
        transaction.ledger = transaction.ledger.put(OLD)
    folder = tmp_path / "state"
    assert names_in(folder) == [LEDGER, LOCK]
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / LEDGER).stat().st_mode & 0o777 == 0o600
    with state.transaction(BOOT) as transaction:
        assert not transaction.is_new
        assert transaction.ledger.all() == (OLD,)
    assert state.snapshot(BOOT).all() == (OLD,)


def test_a_look_makes_nothing(state: StateFolder, tmp_path: Path) -> None:
    assert state.snapshot(BOOT) == Ledger(BOOT)
    assert not (tmp_path / "state").exists()
    (tmp_path / "state").mkdir(0o700)
    assert state.snapshot(BOOT) == Ledger(BOOT)


def test_nothing_is_written_where_nothing_changed(state: StateFolder, tmp_path: Path) -> None:
    add(state, OLD)
    before = (tmp_path / "state" / LEDGER).stat().st_ino
    add(state, OLD)
    assert (tmp_path / "state" / LEDGER).stat().st_ino == before


def test_an_exception_leaves_the_old_ledger(state: StateFolder) -> None:
    add(state, OLD)
    with contextlib.suppress(ZeroDivisionError), state.transaction(BOOT) as transaction:
        transaction.ledger = transaction.ledger.put(NEW)
        raise ZeroDivisionError
    assert state.snapshot(BOOT).all() == (OLD,)
    add(state, NEW)  # the lock is free again


def test_another_boot_starts_anew(state: StateFolder) -> None:
    add(state, OLD)
    with state.transaction("next boot") as transaction:
        assert transaction.is_new
        assert transaction.ledger == Ledger("next boot")
    assert state.snapshot("next boot") == Ledger("next boot")


def test_a_damaged_ledger_is_kept_aside(state: StateFolder, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    for number in range(1, MOST_CORRUPT + 3):
        add(state, OLD)
        (folder / LEDGER).write_bytes(b"damage %d" % number)
        with pytest.raises(StateError, match="damaged"):
            state.snapshot(BOOT)
        with state.transaction(BOOT) as transaction:
            assert transaction.is_new
            assert transaction.damage is not None
            kept = CORRUPT.format(min(number, MOST_CORRUPT))
            assert transaction.damage.endswith(f"it is kept as {folder}/{kept}")
            assert transaction.ledger == Ledger(BOOT)
            transaction.ledger = transaction.ledger.put(NEW)
        assert (folder / kept).read_bytes() == b"damage %d" % number
        assert state.snapshot(BOOT).all() == (NEW,)
    assert len(names_in(folder)) == 2 + MOST_CORRUPT


def test_a_caller_can_find_damage_too(state: StateFolder, tmp_path: Path) -> None:
    add(state, OLD)
    with state.transaction(BOOT) as transaction:
        transaction.set_aside("a promise makes no sense")
        assert transaction.damage
    assert state.snapshot(BOOT) == Ledger(BOOT)
    assert decode((tmp_path / "state" / CORRUPT.format(1)).read_bytes()).all() == (OLD,)


def test_a_damaged_ledger_that_is_too_large(state: StateFolder, tmp_path: Path) -> None:
    add(state, OLD)
    os.truncate(tmp_path / "state" / LEDGER, 1 << 40)
    with state.transaction(BOOT) as transaction:
        assert "larger" in (transaction.damage or "")


def test_a_later_ledger_is_left_alone(state: StateFolder, tmp_path: Path) -> None:
    add(state, OLD)
    text = b'{"format":"xmlresource-ledger","version":2}\n'
    (tmp_path / "state" / LEDGER).write_bytes(text)
    with pytest.raises(StateError, match="later xmlresource"), state.transaction(BOOT):
        pass
    with pytest.raises(StateError, match="later xmlresource"):
        state.snapshot(BOOT)
    assert (tmp_path / "state" / LEDGER).read_bytes() == text


def spoil_folder_mode(folder: Path) -> None:
    folder.chmod(0o755)


def spoil_folder_link(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.symlink_to("elsewhere")


def spoil_folder_file(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))
    folder.write_text("")


def spoil_ledger_mode(folder: Path) -> None:
    (folder / LEDGER).chmod(0o666)


def spoil_ledger_link(folder: Path) -> None:
    (folder / LEDGER).rename(folder / "elsewhere")
    (folder / LEDGER).symlink_to("elsewhere")


def spoil_ledger_fifo(folder: Path) -> None:
    (folder / LEDGER).unlink()
    os.mkfifo(folder / LEDGER, 0o600)


SPOILERS = [
    spoil_folder_mode,
    spoil_folder_link,
    spoil_folder_file,
    spoil_ledger_mode,
    spoil_ledger_link,
    spoil_ledger_fifo,
]


@pytest.mark.parametrize("spoil", SPOILERS)
def test_what_others_could_have_made_is_refused(
    state: StateFolder, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    add(state, OLD)
    spoil(tmp_path / "state")
    with pytest.raises(StateError, match=str(tmp_path)):
        add(state, NEW)
    with pytest.raises(StateError, match=str(tmp_path)):
        state.snapshot(BOOT)


def test_a_lock_that_is_a_link_is_refused(state: StateFolder, tmp_path: Path) -> None:
    add(state, OLD)
    (tmp_path / "state" / LOCK).unlink()
    (tmp_path / "state" / LOCK).symlink_to(tmp_path / "victim")
    with pytest.raises(StateError):
        add(state, NEW)
    assert not (tmp_path / "victim").exists()


def test_a_link_in_place_of_the_new_ledger_is_removed_not_followed(
    state: StateFolder, tmp_path: Path
) -> None:
    add(state, OLD)
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "state" / FRESH).symlink_to(tmp_path / "victim")
    add(state, NEW)
    assert (tmp_path / "victim").read_text() == "mine"


def test_another_owner_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(0o700)
    with pytest.raises(StateError, match="does not belong to user"):
        add(StateFolder(str(tmp_path / "state"), ME + 1), OLD)


# Waiting for the lock.


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def open_descriptors() -> int:
    return len(names_in(Path("/proc/self/fd")))


@pytest.mark.parametrize("timeout", [0, 0.05])
def test_waiting_ends(state: StateFolder, tmp_path: Path, timeout: float) -> None:
    add(state, OLD)
    before = open_descriptors()
    with (
        locked(tmp_path / "state" / LOCK),
        pytest.raises(LockTimeoutError, match="lock_timeout"),
        state.transaction(BOOT, timeout),
    ):
        pass
    assert open_descriptors() == before
    add(state, NEW)


def test_waiting_pays(state: StateFolder, tmp_path: Path) -> None:
    add(state, OLD)
    lock = os.open(tmp_path / "state" / LOCK, os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    timer = threading.Timer(0.1, os.close, [lock])
    timer.start()
    add(state, NEW)
    timer.join()
    assert state.snapshot(BOOT).total == 150


@pytest.mark.parametrize("timeout", [0.05, 30])
def test_waiting_in_another_thread(state: StateFolder, tmp_path: Path, timeout: float) -> None:
    add(state, OLD)
    outcome: list[object] = []

    def run() -> None:
        try:
            with state.transaction(BOOT, timeout) as transaction:
                outcome.append(transaction.ledger.total)
        except LockTimeoutError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    with locked(tmp_path / "state" / LOCK):
        thread.start()
        thread.join(0.2)
    thread.join()
    assert (outcome == [100]) == (timeout == 30)


def start_one(path: str, number: int, budget: int) -> None:
    """What a start does: add a promise if it still fits."""
    with StateFolder(path, ME).transaction(BOOT) as transaction:
        if transaction.ledger.total + 1 <= budget:
            transaction.ledger = transaction.ledger.put(promise(number))


def test_of_many_processes_only_as_many_get_in_as_fit(tmp_path: Path) -> None:
    context = get_context("fork")
    path = str(tmp_path / "state")
    starts = [context.Process(target=start_one, args=(path, number, 7)) for number in range(24)]
    for each in starts:
        each.start()
    for each in starts:
        each.join()
    assert [each.exitcode for each in starts] == [0] * len(starts)
    ledger = StateFolder(path, ME).snapshot(BOOT)
    assert (ledger.promises, ledger.total, len(ledger.all())) == (7, 7, 7)


# Faults and kill -9 at every step.

KILLED: Final = 9
STEPS: Final = [name for name in vars(Syscalls) if not name.startswith("_")]


class Faulty(Syscalls):
    """Does something in place of, or right after, the call number ``at``."""

    def __init__(self, at: int, strike: Callable[[], None], *, after: bool = False) -> None:
        self.at = at
        self.strike = strike
        self.after = after
        self.made = 0
        self.last = ""

    def __getattribute__(self, name: str) -> Any:
        attribute = super().__getattribute__(name)
        if name not in STEPS:
            return attribute

        def call(*arguments: Any) -> Any:
            self.made += 1
            strikes = self.made == self.at
            if strikes:
                self.last = name
            if strikes and not self.after:
                self.strike()
            try:
                return attribute(*arguments)
            finally:
                if strikes and self.after:
                    self.strike()

        return call


class ShortCalls(Syscalls):
    def write(self, descriptor: int, chunks: Sequence[bytes | memoryview]) -> int:
        return super().write(descriptor, [chunks[0][:3]])

    def read(self, descriptor: int, size: int) -> bytes:
        return super().read(descriptor, min(size, 3))


def test_short_reads_and_writes_make_a_whole_ledger(tmp_path: Path) -> None:
    state = StateFolder(str(tmp_path / "state"), ME, ShortCalls())
    add(state, OLD)
    add(state, NEW)
    assert state.snapshot(BOOT).all() == (OLD, NEW)


def prepare(path: Path, scene: str) -> tuple[set[tuple[Promise, ...]], tuple[Promise, ...]]:
    """Set a scene: what may be in the ledger after a fault, and what after a success."""
    state = StateFolder(str(path), ME)
    if scene == "nothing":
        return {(), (NEW,)}, (NEW,)
    add(state, OLD)
    if scene == "leftover":
        (path / FRESH).write_text("half a led")
    if scene == "damaged":
        (path / LEDGER).write_text("damage")
        return {(), (NEW,)}, (NEW,)
    return {(OLD,), (OLD, NEW)}, (OLD, NEW)


def calls_made(path: Path, scene: str) -> int:
    prepare(path, scene)
    counting = Faulty(0, lambda: None)
    add(StateFolder(str(path), ME, counting), NEW)
    return counting.made


SCENES = ["nothing", "usual", "leftover", "damaged"]


def check_after(path: Path, possible: set[tuple[Promise, ...]], scene: str, what: str) -> None:
    state = StateFolder(str(path), ME)
    with state.transaction(BOOT, timeout=0) as transaction:
        found = transaction.ledger.all()
        assert found in possible, what
        if not found and scene == "damaged":
            assert transaction.is_new, what  # so that the caller rebuilds
        transaction.ledger = transaction.ledger.put(NEW)
    assert NEW in state.snapshot(BOOT).all(), what
    assert not (path / FRESH).exists(), what


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("scene", SCENES)
def test_killed_at_every_step(tmp_path: Path, scene: str, after: bool) -> None:
    total = calls_made(tmp_path / "count", scene)
    assert total > 10
    for at in range(1, total + 1):
        path = tmp_path / f"at-{at}"
        possible, _ = prepare(path, scene)
        child = os.fork()
        if not child:
            calls = Faulty(at, lambda: os._exit(KILLED), after=after)
            add(StateFolder(str(path), ME, calls), NEW)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == KILLED
        check_after(path, possible, scene, f"killed at call {at} of {total}")


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("scene", SCENES)
def test_a_fault_at_every_step(tmp_path: Path, scene: str, number: int) -> None:
    def strike() -> None:
        raise OSError(number, os.strerror(number))

    total = calls_made(tmp_path / "count", scene)
    for at in range(1, total + 1):
        path = tmp_path / f"at-{at}"
        possible, _ = prepare(path, scene)
        before = open_descriptors()
        calls = Faulty(at, strike)
        with pytest.raises((StateError, OSError)) as caught:
            add(StateFolder(str(path), ME, calls), NEW)
        # Only giving back a descriptor may fail in the kernel's own words.
        assert isinstance(caught.value, StateError) or calls.last == "close", calls.last
        if calls.last != "close":  # which the test did not do, so that it leaks
            assert open_descriptors() == before, calls.last
            check_after(path, possible, scene, f"{calls.last}, call {at} of {total}")


def test_what_is_promised_is_on_disk_before_it_has_its_name(tmp_path: Path) -> None:
    """And its name is, before anybody is told that it may start."""

    class Told(Syscalls):
        done: Final[list[str]] = []

        def sync(self, descriptor: int) -> None:
            name = Path(f"/proc/self/fd/{descriptor}").readlink().name
            self.done.append(f"sync {name}")
            super().sync(descriptor)

        def rename(self, old: str, new: str, folder: int) -> None:
            self.done.append(f"rename {old} {new}")
            super().rename(old, new, folder)

    state = StateFolder(str(tmp_path / "state"), ME, Told())
    add(state, OLD)
    assert Told.done == [f"sync {FRESH}", f"rename {FRESH} {LEDGER}", "sync state"]


def test_two_starts_make_the_folder_at_once(tmp_path: Path) -> None:
    path = tmp_path / "state"

    class Late(Syscalls):
        def make_folder(self, path: str, mode: int) -> None:
            super().make_folder(path, mode)
            super().make_folder(path, mode)

    add(StateFolder(str(path), ME, Late()), OLD)
    assert StateFolder(str(path), ME).snapshot(BOOT).all() == (OLD,)
