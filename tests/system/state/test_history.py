"""The history's files: whatever happens to one writer, the others' records are there."""

import fcntl
import json
import os
from multiprocessing import get_context
from pathlib import Path

import pytest

from xmlresource.model.events import ADMITTED, Event, as_record, read_record
from xmlresource.system.state import history
from xmlresource.system.state.state_folder import StateError, StateFolder
from xmlresource.system.syscalls import Syscalls

MOST = 1 << 16


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(str(tmp_path / "state"), owner=os.geteuid())


def line(number: int, padding: int = 0) -> bytes:
    return as_record(Event(ADMITTED, "x" * padding, guest=str(number)).fields(), number)


def found(state: StateFolder) -> list[int]:
    lines = [each for each in history.read(state).splitlines() if each]
    return [int(record["guest"]) for each in lines if (record := read_record(each))]


def size(state: StateFolder) -> int:
    return sum(each.stat().st_size for each in Path(state.path).iterdir())


def test_records_come_back_in_order(state: StateFolder) -> None:
    assert history.read(state) == b""
    for number in range(3):
        assert history.append(state, line(number), MOST)
    assert found(state) == [0, 1, 2]
    assert (Path(state.path) / history.NAME).stat().st_mode & 0o777 == 0o600


def test_the_size_is_kept_and_the_last_ones_are(state: StateFolder) -> None:
    for number in range(1000):
        assert history.append(state, line(number, 200), MOST)
        assert size(state) <= MOST
    numbers = found(state)
    assert numbers == list(range(1000 - len(numbers), 1000))
    assert len(numbers) > MOST // 2 // 400


def test_a_record_that_is_larger_than_a_file_is_not_kept(state: StateFolder) -> None:
    assert not history.append(state, line(1, 3000), 4096)
    assert not Path(state.path).exists()


def test_a_torn_record_costs_no_other(state: StateFolder) -> None:
    history.append(state, line(1), MOST)
    with (Path(state.path) / history.NAME).open("ab") as file:
        file.write(line(2)[:20])
    history.append(state, line(3), MOST)
    assert found(state) == [1, 3]


@pytest.mark.parametrize("name", ["history", "history.old"])
def test_what_others_may_have_written_is_not_trusted(state: StateFolder, name: str) -> None:
    history.append(state, line(1), MOST)
    file = Path(state.path) / name
    file.touch()
    file.chmod(0o666)
    with pytest.raises(StateError, match=name):
        history.read(state)
    if name == history.NAME:
        assert not history.append(state, line(2), MOST)


def test_a_link_or_a_fifo_in_its_place_hurts_nobody(state: StateFolder, tmp_path: Path) -> None:
    history.append(state, line(1), MOST)
    file = Path(state.path) / history.NAME
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    assert not history.append(state, line(2), MOST)
    assert not (tmp_path / "elsewhere").exists()
    file.unlink()
    os.mkfifo(file, 0o600)
    assert not history.append(state, line(2), MOST)


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    state = StateFolder(str(tmp_path / "state"), owner=os.geteuid() + 1)
    assert not history.append(state, line(1), MOST)
    with pytest.raises(StateError):
        history.read(state)


def test_somebody_who_holds_the_lock_makes_nobody_wait(state: StateFolder) -> None:
    history.append(state, line(0), MOST)
    file = Path(state.path) / history.NAME
    with file.open("ab") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        for number in range(1, 400):
            assert history.append(state, line(number, 200), MOST)
        assert not (Path(state.path) / history.OLD).exists()
    assert found(state) == list(range(400))
    history.append(state, line(400), MOST)
    assert (Path(state.path) / history.OLD).exists()
    assert found(state) == list(range(401))


class _Beaten(Syscalls):
    """Somebody else has renamed the file just before we have the lock."""

    def try_lock(self, descriptor: int) -> bool:
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        if file.stat().st_size > MOST // 2 - 500:
            file.rename(f"{file}.old")
            file.write_bytes(line(7777))
            file.chmod(0o600)
        return super().try_lock(descriptor)


def test_a_file_is_renamed_once(tmp_path: Path) -> None:
    path, owner = str(tmp_path / "state"), os.geteuid()
    state, beaten = StateFolder(path, owner), StateFolder(path, owner, _Beaten())
    number = 0
    while not (Path(path) / history.OLD).exists():
        number += 1
        assert history.append(beaten, line(number, 200), MOST)
    assert found(state) == [*range(1, number), 7777, number]


def test_a_rename_while_it_is_read_shows_nothing_twice(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.append(state, line(1), MOST)
    file = Path(state.path) / history.NAME
    read = StateFolder.snapshot_file

    def renaming(self: StateFolder, name: str) -> bytes | None:
        content = read(self, name)
        if name == history.NAME:
            file.rename(Path(state.path) / history.OLD)
        return content

    monkeypatch.setattr(StateFolder, "snapshot_file", renaming)
    assert found(state) == [1]


class _Full(Syscalls):
    def write(self, descriptor: int, chunks: object) -> int:  # type: ignore[override]
        (chunk,) = chunks  # type: ignore[misc, attr-defined]
        return os.write(descriptor, chunk[:10])


def test_a_short_write_is_no_record(tmp_path: Path) -> None:
    path, owner = str(tmp_path / "state"), os.geteuid()
    assert not history.append(StateFolder(path, owner, _Full()), line(1), MOST)
    state = StateFolder(path, owner)
    assert history.append(state, line(2), MOST)
    assert found(state) == [2]


def _write_many(path: str, first: int) -> None:
    state = StateFolder(path, os.geteuid())
    for number in range(first, first + 200):
        history.append(state, line(number, 150), 1 << 20)


def test_writers_beside_each_other_lose_nothing(state: StateFolder) -> None:
    context = get_context("fork")
    writers = [
        context.Process(target=_write_many, args=(state.path, 1000 * each)) for each in range(6)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(found(state)) == sorted(
        1000 * each + one for each in range(6) for one in range(200)
    )
    assert all(json.loads(each) for each in history.read(state).splitlines() if each)
