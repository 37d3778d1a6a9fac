"""The cache of grammars: never wrong, never in the way."""

from __future__ import annotations

import os
import stat
import time
from typing import TYPE_CHECKING

import pytest

from xmlresource.relaxng import Schema, SchemaError
from xmlresource.relaxng.loading import grammar_cache

if TYPE_CHECKING:
    from pathlib import Path

HEAD = '<grammar xmlns="http://relaxng.org/ns/structure/1.0">'
MAIN = HEAD + '<start><ref name="doc"/></start><include href="part.rng"/></grammar>'
PART = HEAD + '<define name="doc"><element name="{}"><text/></element></define></grammar>'


@pytest.fixture
def schema_path(tmp_path: Path) -> Path:
    (tmp_path / "main.rng").write_text(MAIN)
    (tmp_path / "part.rng").write_text(PART.format("a"))
    return tmp_path / "main.rng"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "deep"


def entry(folder: Path) -> Path:
    (path,) = folder.iterdir()
    return path


def load_without_parsing(
    schema_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Schema | None:
    """Return the schema from the cache; None where it would have to be parsed."""

    def refuse(*_: object) -> None:
        raise SchemaError(parsed)

    parsed = "parsed"
    with monkeypatch.context() as patched:
        patched.setattr("xmlresource.relaxng.loading.simplification.simplify", refuse)
        try:
            return Schema.load(schema_path, cache_dir=folder)
        except SchemaError:
            return None


def test_second_load_reads_the_cache(
    schema_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Schema.load(schema_path, cache_dir=folder)
    second = load_without_parsing(schema_path, folder, monkeypatch)
    assert second is not None
    assert second.is_valid(b"<a/>")
    assert not second.is_valid(b"<b/>")
    assert second.files == first.files
    assert second.diagnose(b"<b/>") == first.diagnose(b"<b/>")


def test_files_are_private_and_nothing_else_is_left(schema_path: Path, folder: Path) -> None:
    Schema.load(schema_path, cache_dir=folder)
    assert stat.S_IMODE(entry(folder).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_changed_include_is_noticed(schema_path: Path, folder: Path) -> None:
    Schema.load(schema_path, cache_dir=folder)
    times = schema_path.with_name("part.rng").stat()
    schema_path.with_name("part.rng").write_text(PART.format("b"))
    os.utime(schema_path.with_name("part.rng"), ns=(times.st_atime_ns, times.st_mtime_ns))
    assert Schema.load(schema_path, cache_dir=folder).is_valid(b"<b/>")


def test_a_vanished_include_is_an_error(schema_path: Path, folder: Path) -> None:
    Schema.load(schema_path, cache_dir=folder)
    schema_path.with_name("part.rng").unlink()
    with pytest.raises(SchemaError, match=r"part\.rng.*No such file"):
        Schema.load(schema_path, cache_dir=folder)


def test_the_same_bytes_elsewhere_are_another_schema(tmp_path: Path, folder: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "part.rng").write_text(PART.format(name))
        schema = Schema.load(MAIN.encode(), base=tmp_path / name, cache_dir=folder)
        assert schema.is_valid(f"<{name}/>".encode())


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "magic", "marshal"])
def test_damage_is_harmless(schema_path: Path, folder: Path, damage: str) -> None:
    Schema.load(schema_path, cache_dir=folder)
    path = entry(folder)
    data = path.read_bytes()
    path.write_bytes({
        "truncate": data[:-10],
        "flip": data[:-10] + bytes([data[-10] ^ 1]) + data[-9:],
        "empty": b"",
        "magic": b"x" + data,
        "marshal": data[: len(grammar_cache.MAGIC)] + bytes(32) + b"\xff" * 100,
    }[damage])  # fmt: skip
    assert Schema.load(schema_path, cache_dir=folder).is_valid(b"<a/>")
    assert path.read_bytes() == data  # mended


def test_another_version_is_not_read(
    schema_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Schema.load(schema_path, cache_dir=folder)
    monkeypatch.setattr(grammar_cache, "MAGIC", b"relaxng 999\n")
    assert load_without_parsing(schema_path, folder, monkeypatch) is None


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_trusted(
    schema_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    Schema.load(schema_path, cache_dir=folder)
    entry(folder).chmod(mode)
    assert load_without_parsing(schema_path, folder, monkeypatch) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_trusted(
    schema_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Schema.load(schema_path, cache_dir=folder)
    os.chown(entry(folder), 12345, 12345)
    assert load_without_parsing(schema_path, folder, monkeypatch) is None


def test_a_link_a_pipe_and_a_folder_are_not_followed(schema_path: Path, folder: Path) -> None:
    Schema.load(schema_path, cache_dir=folder)
    path = entry(folder)
    for make in (lambda: path.symlink_to("/dev/zero"), lambda: os.mkfifo(path), path.mkdir):
        path.unlink()
        make()
        begin = time.process_time()
        assert Schema.load(schema_path, cache_dir=folder).is_valid(b"<a/>")
        assert time.process_time() - begin < 5


def test_an_unusable_folder_is_harmless(schema_path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for unusable in (tmp_path / "file", tmp_path / "file" / "x", "/proc/nowhere", "a\0b"):
        assert Schema.load(schema_path, cache_dir=unusable).is_valid(b"<a/>")


def test_the_default_is_the_users_cache(
    schema_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    Schema.load(schema_path)
    assert len(list((tmp_path / "xdg" / "xmlresource" / "relaxng").iterdir())) == 1
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Schema.load(schema_path)
    assert (tmp_path / "home" / ".cache" / "xmlresource" / "relaxng").is_dir()


def test_no_cache(schema_path: Path, folder: Path, tmp_path: Path) -> None:
    Schema.load(schema_path, cache_dir=None)
    assert not folder.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["main.rng", "part.rng"]
