import os
import stat

import pytest

from xmlresource.system import textfiles
from xmlresource.system.textfiles import Replacement, replace_files, write_new


def replace_file(path, data, unchanged=None):
    replace_files([Replacement(path, data, unchanged)])


def test_a_file_is_replaced_with_its_mode_and_owner(tmp_path):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
    before = path.stat()
    replace_file(str(path), b"new", unchanged=b"old")
    after = path.stat()
    assert path.read_bytes() == b"new"
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino
    assert [found.name for found in tmp_path.iterdir()] == ["guest.xml"]


def test_extended_attributes_stay(tmp_path):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.origin", b"git")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    replace_file(str(path), b"new")
    assert os.getxattr(path, "user.origin") == b"git"


def test_no_extended_attributes_are_no_hindrance(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError

    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "listxattr", lambda _path: ["security.x"])
    monkeypatch.setattr(os, "getxattr", unsupported)
    replace_file(str(path), b"new")
    monkeypatch.setattr(os, "listxattr", unsupported)
    replace_file(str(path), b"newer")
    assert path.read_bytes() == b"newer"


def test_a_link_stays_a_link(tmp_path):
    target = tmp_path / "real.xml"
    target.write_bytes(b"old")
    link = tmp_path / "link.xml"
    link.symlink_to("real.xml")
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_another_persons_change_is_not_lost(tmp_path):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"theirs")
    with pytest.raises(OSError, match="changed by someone else"):
        replace_file(str(path), b"mine", unchanged=b"old")
    assert path.read_bytes() == b"theirs"


def test_only_ordinary_files_are_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match="no ordinary file"):
        replace_file(str(pipe), b"new")
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "missing"), b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("failing", ["write", "fsync", "rename", "fchmod"])
def test_whatever_fails_the_old_file_is_as_it_was(tmp_path, monkeypatch, failing):
    def fail(*_):
        raise OSError(28, "No space left on device")

    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    monkeypatch.setattr(textfiles.os, failing, fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["guest.xml"]


def test_a_new_file_and_an_old_one(tmp_path):
    path = tmp_path / "out.xml"
    write_new(str(path), b"one")
    write_new(str(path), b"two")
    assert path.read_bytes() == b"two"


@pytest.mark.parametrize("count", [2, 20])
def test_of_many_files_all_or_none_are_replaced(tmp_path, count):
    paths = [tmp_path / f"{number}.xml" for number in range(count)]
    for path in paths:
        path.write_bytes(b"old")
    paths[-1].write_bytes(b"theirs")
    changes = [Replacement(str(path), b"new", b"old") for path in paths]
    with pytest.raises(OSError, match="changed by someone else"):
        replace_files(changes)
    assert {path.read_bytes() for path in paths} == {b"old", b"theirs"}
    replace_files(changes[:-1])
    assert {path.read_bytes() for path in paths[:-1]} == {b"new"}
    assert len(list(tmp_path.iterdir())) == count
