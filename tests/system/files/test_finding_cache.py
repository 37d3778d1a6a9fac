"""What earlier runs found: never wrong, never in the way."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.relaxng.loading import files
from xmlresource.system.files import finding_cache
from xmlresource.system.files.finding_cache import UNKNOWN, FindingCache, digest

LONG_AGO = 10**18
FOUND = (True, (("XR101", "error", "a message", (1, 2, 3, 4, 5, 6), "/a", None, ()),))


@pytest.fixture(autouse=True)
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return tmp_path / "caches" / "xmlresource" / "validate"


@pytest.fixture
def schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "domain.rng"
    path.write_text("<a/>")
    monkeypatch.setattr(finding_cache, "JUST_NOW", -LONG_AGO)  # as if it had been there for long
    return path


def kept(schema: Path, files: list[str] | None = None) -> Path:
    """Remember two documents by a schema; the file that says so."""
    run = FindingCache(str(schema))
    run.note(digest(b"good"), ())
    run.note(digest(b"bad"), FOUND)
    run.save([str(schema)] if files is None else files)
    (path,) = (Path(os.environ["XDG_CACHE_HOME"]) / "xmlresource" / "validate").iterdir()
    return path


def is_known(schema: Path | str) -> bool:
    run = FindingCache(str(schema))
    entries = [run.found(digest(data)) for data in (b"good", b"bad", b"other")]
    assert entries in ([(), FOUND, UNKNOWN], [UNKNOWN] * 3)
    return entries[0] == ()


def test_a_later_run_knows(schema: Path) -> None:
    assert not is_known(schema)
    path = kept(schema)
    assert is_known(schema)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_nothing_new_writes_nothing(schema: Path) -> None:
    path = kept(schema)
    before = path.stat()
    run = FindingCache(str(schema))
    run.found(digest(b"good"))
    run.save([str(schema)])
    after = path.stat()  # to be read is no change, though it is a later time of access
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_run_that_needed_no_schema_keeps_what_is_known_of_it(schema: Path) -> None:
    kept(schema)
    run = FindingCache(str(schema))
    run.note(digest(b"more"), ())
    run.save(None)
    assert is_known(schema)
    schema.write_text("<b/>")
    assert not is_known(schema)


def test_a_changed_schema_is_noticed(schema: Path) -> None:
    kept(schema)
    times = schema.stat()
    schema.write_text("<b/>")  # of the same size
    os.utime(schema, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not is_known(schema)


def test_a_vanished_schema_is_noticed(schema: Path) -> None:
    kept(schema)
    schema.unlink()
    assert not is_known(schema)


def test_a_schema_that_changed_just_now_may_change_again(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_cache, "JUST_NOW", LONG_AGO)
    run = FindingCache(str(schema))
    run.note(digest(b"good"), ())
    run.save([str(schema)])
    assert not is_known(schema)


@pytest.mark.parametrize("name", ["missing.rng", "a\0b"])
def test_files_of_a_schema_that_are_not_there_are_not_relied_on(schema: Path, name: str) -> None:
    run = FindingCache(str(schema))
    run.note(digest(b"good"), ())
    run.save([str(schema), name])
    assert not is_known(schema)


def test_another_schema_has_findings_of_its_own(schema: Path) -> None:
    kept(schema)
    assert not is_known("")
    assert not is_known(schema.with_name("other.rng"))


def test_the_same_file_for_two_schemas_is_one_of_them(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding_cache, "crc32", lambda _: 0)
    kept(schema)
    assert not is_known(schema.with_name("other.rng"))


def test_other_code_looks_again(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(schema)
    code = finding_cache.program_files()
    assert {"finding_cache.py", "automaton.py", "codes.py"} <= {Path(one[0]).name for one in code}
    path, time, size = code[0]
    monkeypatch.setattr(finding_cache, "program_files", lambda: [(path, time + 1, size), *code[1:]])
    assert not is_known(schema)


def test_code_in_an_archive_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    archive = "/nowhere/archive.zip/xmlresource/system/files/x.py"
    monkeypatch.setattr(finding_cache, "__file__", archive)
    assert finding_cache.program_files() == []


@given(place=st.floats(0, 1), width=st.integers(0, 200), new=st.binary(max_size=20))
def test_damage_is_never_believed(
    tmp_path_factory: pytest.TempPathFactory, place: float, width: int, new: bytes
) -> None:
    folder = tmp_path_factory.mktemp("damage")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_CACHE_HOME", str(folder / "caches"))
        patched.setattr(finding_cache, "JUST_NOW", -LONG_AGO)
        schema = folder / "domain.rng"
        schema.write_text("<a/>")
        path = kept(schema)
        data = path.read_bytes()
        start = int(place * len(data))
        damaged = data[:start] + new + data[start + width :]
        path.write_bytes(damaged)
        assert is_known(schema) == (damaged == data)
        assert kept(schema).read_bytes()
        assert is_known(schema)


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_believed(schema: Path, mode: int) -> None:
    kept(schema).chmod(mode)
    assert not is_known(schema)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_believed(schema: Path) -> None:
    os.chown(kept(schema), 12345, 12345)
    assert not is_known(schema)


def test_a_link_is_not_followed(schema: Path) -> None:
    path = kept(schema)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    assert not is_known(schema)


def test_a_folder_in_its_place_is_no_matter(schema: Path) -> None:
    path = kept(schema)
    path.unlink()
    path.mkdir()
    descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 -- names alone
    assert not is_known(schema)
    assert kept(schema) == path  # nothing can be kept, and nothing is left beside it
    assert len(os.listdir("/proc/self/fd")) == descriptors  # noqa: PTH208


def test_a_folder_that_cannot_be_used_is_harmless(
    schema: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for unusable in (str(tmp_path / "file"), "/proc/nowhere", "/dev/null"):
        monkeypatch.setenv("XDG_CACHE_HOME", unusable)
        run = FindingCache(str(schema))
        run.note(digest(b"good"), ())
        run.save([str(schema)])
        assert not is_known(schema)


def test_without_a_folder_nothing_is_remembered(
    schema: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "relative")
    run = FindingCache(str(schema))
    run.note(digest(b"good"), ())
    run.save([str(schema)])
    assert not is_known(schema)


class FullDisk:
    """A file on a disk without any space left."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self.descriptor)

    def write(self, _: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_what_was(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(schema)
    before = path.read_bytes()
    run = FindingCache(str(schema))
    run.note(digest(b"more"), ())
    with monkeypatch.context() as patched:
        patched.setattr(files.os, "fdopen", lambda number, _: FullDisk(number))
        run.save([str(schema)])
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before


def test_what_is_too_large_is_not_kept(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    run = FindingCache(str(schema))
    run.note(digest(b"good"), "x" * 100)
    run.save([str(schema)])
    assert not is_known(schema)


def test_of_many_the_last_asked_for_are_kept(schema: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding_cache, "MOST_ENTRIES", 10)
    keys = [digest(b"%d" % number) for number in range(16)]
    run = FindingCache(str(schema))
    run.add(dict.fromkeys(keys[:8], ()))
    run.save([str(schema)])
    run = FindingCache(str(schema))
    assert run.found(keys[7]) == ()
    run.add(dict.fromkeys(keys[8:13], ()))
    run.save([str(schema)])
    run = FindingCache(str(schema))
    known = [number for number, key in enumerate(keys) if run.found(key) == ()]
    assert len(known) == 10
    assert {7, 8, 9, 10, 11, 12} <= set(known)


def test_new_findings_are_handed_over_once() -> None:
    run = FindingCache("")
    run.note(b"1", ())
    assert run.take_new() == {b"1": ()}
    assert run.take_new() == {}


WRITER = """
import sys
from xmlresource.system.files.finding_cache import FindingCache, digest
for number in range(30):
    run = FindingCache(sys.argv[1])
    run.note(digest(b"good"), ())
    run.note(digest(b"%s %d" % (sys.argv[2].encode(), number)), ())
    run.save([sys.argv[1]])
"""


def test_many_at_once(caches: Path) -> None:
    schema = os.__file__  # that has been there for long, as far as other processes can tell
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, schema, name])  # noqa: S603 -- this Python
        for name in "abc"
    ]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    run = FindingCache(schema)
    assert run.found(digest(b"good")) == ()
    assert len(list(caches.iterdir())) == 1
