import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from xmlresource.system.files import exchange, textfiles
from xmlresource.system.files.textfiles import Replacement, replace_files, write_new


@pytest.fixture(params=["swapped", "renamed"])
def way(request, monkeypatch):
    """Whether the file system can swap files; all of this holds where it can't."""
    if request.param == "renamed":
        monkeypatch.setattr(textfiles, "exchanged", lambda *_: False)
    return request.param


def replace_file(path, data, unchanged=None):
    replace_files([Replacement(path, data, unchanged)])


@pytest.mark.usefixtures("way")
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


@pytest.mark.usefixtures("way")
def test_a_link_stays_a_link(tmp_path):
    target = tmp_path / "real.xml"
    target.write_bytes(b"old")
    link = tmp_path / "link.xml"
    link.symlink_to("real.xml")
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@pytest.mark.usefixtures("way")
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


@pytest.mark.parametrize("failing", ["write", "fsync", "rename", "fchmod", "exchanged"])
def test_whatever_fails_the_old_file_is_as_it_was(tmp_path, monkeypatch, failing):
    def fail(*_):
        raise OSError(28, "No space left on device")

    if failing == "rename":
        monkeypatch.setattr(textfiles, "exchanged", lambda *_: False)

    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    monkeypatch.setattr(textfiles if failing == "exchanged" else textfiles.os, failing, fail)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert [found.name for found in tmp_path.iterdir()] == ["guest.xml"]


def test_a_new_file_and_an_old_one(tmp_path):
    path = tmp_path / "out.xml"
    write_new(str(path), b"one")
    write_new(str(path), b"two")
    assert path.read_bytes() == b"two"


def test_a_new_file_that_cant_be_written_is_none(tmp_path):
    """A full file system: ``/dev/full`` says so to whoever writes."""
    path = tmp_path / "out.xml"

    def full(_path, mode):
        path.touch()
        return Path("/dev/full").open(mode.replace("x", "w"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(textfiles, "open", full, raising=False)
        with pytest.raises(OSError, match="No space"):
            write_new(str(path), b"new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("way")
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


@pytest.mark.usefixtures("way")
def test_a_change_while_the_disk_is_slow_is_not_lost(tmp_path, monkeypatch):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    fsync = os.fsync

    def slow(descriptor):
        fsync(descriptor)
        path.write_bytes(b"theirs")

    monkeypatch.setattr(textfiles.os, "fsync", slow)
    with pytest.raises(OSError, match="changed by someone else meanwhile; nothing is written"):
        replace_file(str(path), b"new", unchanged=b"old")
    assert path.read_bytes() == b"theirs"
    assert [found.name for found in tmp_path.iterdir()] == ["guest.xml"]


def save(path, data):
    """As an editor does: it writes beside, and renames."""
    beside = path.with_name("editor's")
    beside.write_bytes(data)
    beside.rename(path)


def at_the_last_moment(monkeypatch, *changes):
    """Have somebody change files right before they are swapped, after all that was compared."""
    swap = textfiles.exchanged
    left = list(changes)

    def swapped(one, other):
        if left:
            save(*left.pop(0))
        return swap(one, other)

    monkeypatch.setattr(textfiles, "exchanged", swapped)


def test_a_change_at_the_last_moment_is_not_lost(tmp_path, monkeypatch):
    paths = [tmp_path / f"{number}.xml" for number in range(3)]
    for path in paths:
        path.write_bytes(b"old")
    at_the_last_moment(monkeypatch, (paths[2], b"theirs"))
    with pytest.raises(OSError, match=r"2\.xml has been changed"):
        replace_files([Replacement(str(path), b"new", b"old") for path in paths])
    assert [path.read_bytes() for path in paths] == [b"old", b"old", b"theirs"]
    assert len(list(tmp_path.iterdir())) == 3


def test_nor_is_a_second_one(tmp_path, monkeypatch):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    at_the_last_moment(monkeypatch, (path, b"first"), (path, b"second"))
    with pytest.raises(OSError, match="twice: the later change is in ") as caught:
        replace_file(str(path), b"new", unchanged=b"old")
    kept = str(caught.value).rpartition(" ")[2]
    assert {path.read_bytes(), Path(kept).read_bytes()} == {b"first", b"second"}


def test_a_file_that_is_gone_stays_so(tmp_path, monkeypatch):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    swap = textfiles.exchanged

    def late(one, other):
        path.unlink()
        return swap(one, other)

    monkeypatch.setattr(textfiles, "exchanged", late)
    with pytest.raises(FileNotFoundError):
        replace_file(str(path), b"new", unchanged=b"old")
    assert list(tmp_path.iterdir()) == []


def test_two_of_us_wait_for_each_other(tmp_path, monkeypatch):
    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    monkeypatch.setattr(textfiles, "_PATIENCE", 0.05)
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with pytest.raises(OSError, match="is locked by another program"):
        replace_file(str(path), b"new", unchanged=b"old")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(textfiles, "_PATIENCE", 30.0)
    thread = threading.Timer(0.1, os.close, [folder])
    thread.start()
    replace_file(str(path), b"new", unchanged=b"old")
    thread.join()
    assert path.read_bytes() == b"new"


def test_a_file_system_without_locks_for_folders(tmp_path, monkeypatch):
    def unsupported(*_):
        raise OSError(errno.EBADF, "Bad file descriptor")

    path = tmp_path / "guest.xml"
    path.write_bytes(b"old")
    monkeypatch.setattr(textfiles.fcntl, "flock", unsupported)
    replace_file(str(path), b"new", unchanged=b"old")
    assert path.read_bytes() == b"new"


def test_a_file_system_that_cant_swap(tmp_path, monkeypatch):
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"1")
    other.write_bytes(b"2")
    assert exchange.exchanged(str(one), str(other))
    assert (one.read_bytes(), other.read_bytes()) == (b"2", b"1")
    with pytest.raises(FileNotFoundError):
        exchange.exchanged(str(one), str(tmp_path / "missing"))
    monkeypatch.setattr(exchange, "_EXCHANGE", 1 << 10)  # what no kernel knows
    assert not exchange.exchanged(str(one), str(other))
    assert (one.read_bytes(), other.read_bytes()) == (b"2", b"1")


def test_of_two_edits_at_once_none_is_lost(tmp_path):
    """Real processes: each says that it is done and its change is there, or that it is not."""
    path = tmp_path / "guest.xml"
    program = "import sys; from xmlresource.cli import main; sys.exit(main(sys.argv[1:]))"
    edits = {"hard_limit=1GiB": "HardLimit", "soft_limit=512MiB": "SoftLimit"}
    for _ in range(5):
        path.write_text(
            "<domain type='kvm'>\n  <name>g</name>\n  <memory>65536</memory>\n</domain>\n"
        )
        running = {
            sign: subprocess.Popen(  # noqa: S603
                [sys.executable, "-c", program, "set", "--in-place", str(path), edit],
                stderr=subprocess.PIPE,
                text=True,
            )
            for edit, sign in edits.items()
        }
        said = {sign: process.communicate()[1] for sign, process in running.items()}
        for sign, process in running.items():
            assert (process.returncode == 0) == (sign in path.read_text())
            assert ("changed by someone else" in said[sign]) == (process.returncode != 0)
        assert any(process.returncode == 0 for process in running.values())
