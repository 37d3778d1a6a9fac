"""Files that others read meanwhile: whole or not at all, and readable."""

import os
from pathlib import Path

import pytest

from xmlresource.system.files.shared_files import write_whole


def test_a_new_file_is_readable_by_all(tmp_path: Path) -> None:
    file = tmp_path / "x.prom"
    before = os.umask(0o027)
    try:
        write_whole(str(file), b"one\n")
    finally:
        os.umask(before)
    assert file.read_bytes() == b"one\n"
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in tmp_path.iterdir()] == ["x.prom"]


def test_an_old_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "x.prom"
    file.write_bytes(b"old")
    file.chmod(0o604)
    with file.open("rb") as reader:
        write_whole(str(file), b"new")
        assert reader.read() == b"old"
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o604


def test_nothing_is_left_of_what_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(str(tmp_path / "x.prom"), b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no ordinary file"):
        write_whole(str(tmp_path), b"new")
    with pytest.raises(FileNotFoundError):
        write_whole(str(tmp_path / "missing" / "x"), b"new")
