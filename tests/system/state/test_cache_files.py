"""What is kept between starts is believed only where it is certain to hold."""

import os
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import pytest

from xmlresource.system.machine import Machine
from xmlresource.system.state import cache_files
from xmlresource.system.state.cache_files import identity_of, is_settled, keep, load
from xmlresource.system.state.state_folder import StateFolder

KEY = ["key", 1]
VALUE = {"a": [1, None, "ü"]}


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(str(tmp_path / "state"), os.geteuid())


@pytest.fixture
def file(state: StateFolder) -> Path:
    assert keep(state, "kept", KEY, VALUE)
    return Path(state.path) / "kept"


def test_what_is_kept_is_there(state: StateFolder, file: Path) -> None:
    assert load(state, "kept", KEY) == VALUE
    assert load(state, "kept", ["key", 2]) is None
    assert load(state, "other", KEY) is None
    assert file.stat().st_mode & 0o777 == 0o600
    assert keep(state, "kept", KEY, 5)
    assert load(state, "kept", KEY) == 5


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def _changed(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"null", b"true"))


def _not_json(file: Path) -> None:
    body = b"no JSON"
    file.write_bytes(b"%s %08x\n%s" % (cache_files.MAGIC, crc32(body), body))


def _empty(file: Path) -> None:
    file.write_bytes(b"")


def _readable_by_others(file: Path) -> None:
    file.chmod(0o644)


def _link(file: Path) -> None:
    file.rename(file.with_name("real"))
    file.symlink_to("real")


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file, 0o600)


def _open_folder(file: Path) -> None:
    file.parent.chmod(0o755)


SPOILT = (
    _cut,
    _changed,
    _not_json,
    _empty,
    _readable_by_others,
    _link,
    _folder,
    _pipe,
    _open_folder,
)


@pytest.mark.parametrize("spoil", SPOILT)
def test_what_is_wrong_is_not_believed(
    state: StateFolder, file: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(file)
    assert load(state, "kept", KEY) is None


def test_a_killed_start_left_a_file(state: StateFolder, file: Path) -> None:
    fresh = file.with_name("kept.new")
    fresh.write_bytes(b"half")
    assert not keep(state, "kept", KEY, 5), "somebody else may be about to"
    assert load(state, "kept", KEY) == VALUE
    os.utime(fresh, (1, 1))
    assert not keep(state, "kept", KEY, 5)
    assert not fresh.exists()
    assert keep(state, "kept", KEY, 5)


def test_a_disk_that_is_full(
    state: StateFolder, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(state.calls), "write", lambda *_: 3)
    assert not keep(state, "kept", KEY, 5)
    assert load(state, "kept", KEY) == VALUE
    assert not file.with_name("kept.new").exists()


def test_identities(tmp_path: Path) -> None:
    machine = Machine(str(tmp_path))
    file = tmp_path / "a"
    assert identity_of(machine, "/a") is None
    file.write_bytes(b"1")
    (tmp_path / "link").symlink_to("a")
    first = identity_of(machine, "/a")
    assert first is not None
    assert identity_of(machine, "/link") == first
    assert not is_settled(first), "it may change again, unseen"
    os.utime(file, (1, 1))
    assert not is_settled(identity_of(machine, "/a") or [])
    past = [1, 1, 1, 10**9, 10**9, 0, 0]
    assert is_settled(past)
    file.chmod(0o600)
    assert identity_of(machine, "/a") != first
    file.unlink()
    file.write_bytes(b"2")
    assert identity_of(machine, "/a") != first


def test_the_program_has_an_identity() -> None:
    assert cache_files.program() == cache_files.program()
    assert len(cache_files.program()) >= 2
