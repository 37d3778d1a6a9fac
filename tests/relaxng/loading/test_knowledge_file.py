"""What was learnt, on disk: private, atomic, good for one schema alone, and never in the way."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from xmlresource.relaxng import Schema
from xmlresource.relaxng.loading import knowledge_file

ROOT = Path(__file__).parents[3]
SCHEMA = """
<grammar xmlns="http://relaxng.org/ns/structure/1.0">
  <start><element name="a"><zeroOrMore><ref name="{}"/></zeroOrMore></element></start>
  <define name="b"><element name="b"><optional><attribute name="x"/></optional><text/></element>
  </define>
  <define name="c"><element name="c"><ref name="b"/></element></define>
</grammar>"""
VALID = b"<a><b/><b x=''>1</b></a>"


@pytest.fixture
def schema_path(tmp_path: Path) -> Path:
    path = tmp_path / "schema.rng"
    path.write_text(SCHEMA.format("b"))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def learnt(schema_path: Path, folder: Path) -> Path:
    """Return the file of what was learnt of the schema."""
    teach(schema_path, folder)
    (path,) = folder.glob("*.learnt")
    return path


def teach(schema_path: Path, folder: Path | None) -> None:
    schema = Schema.load(schema_path, cache_dir=folder)
    assert schema.is_valid(VALID)
    assert not schema.is_valid(b"<a><d/></a>")
    schema.keep_learnt()


def derived(schema_path: Path, folder: Path) -> int:
    """Return how much has to be derived to judge the document."""
    schema = Schema.load(schema_path, cache_dir=folder)
    assert schema.is_valid(VALID)
    return schema.automaton.derived


def test_the_next_process_knows(schema_path: Path, folder: Path, learnt: Path) -> None:
    assert derived(schema_path, folder) == 0
    learnt.unlink()
    assert derived(schema_path, folder) > 0


def test_the_file_is_private_and_nothing_else_is_left(folder: Path, learnt: Path) -> None:
    assert stat.S_IMODE(learnt.stat().st_mode) == 0o600
    assert sorted(path.suffix for path in folder.iterdir()) == [".grammar", ".learnt"]


def test_what_is_no_news_is_not_written(schema_path: Path, folder: Path, learnt: Path) -> None:
    before = learnt.stat().st_ino
    teach(schema_path, folder)
    assert learnt.stat().st_ino == before


def test_it_is_good_for_the_same_schema_alone(
    schema_path: Path, folder: Path, learnt: Path
) -> None:
    data = learnt.read_bytes()
    schema_path.write_text(SCHEMA.format("c"))
    assert not Schema.load(schema_path, cache_dir=folder).is_valid(VALID)
    (other,) = set(folder.glob("*.grammar")) - {learnt.with_suffix(".grammar")}
    other.with_suffix(".learnt").write_bytes(data)
    other.with_suffix(".learnt").chmod(0o600)
    schema = Schema.load(schema_path, cache_dir=folder)
    assert not schema.is_valid(VALID)
    assert schema.is_valid(b"<a><c><b/></c></a>")


def test_a_grammar_that_is_made_anew_is_still_known(
    schema_path: Path, folder: Path, learnt: Path
) -> None:
    learnt.with_suffix(".grammar").unlink()
    assert derived(schema_path, folder) == 0


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "magic", "marshal"])
def test_damage_is_harmless(schema_path: Path, folder: Path, learnt: Path, damage: str) -> None:
    data = learnt.read_bytes()
    learnt.write_bytes({
        "truncate": data[:-10],
        "flip": data[:-10] + bytes([data[-10] ^ 1]) + data[-9:],
        "empty": b"",
        "magic": b"x" + data,
        "marshal": data[: len(knowledge_file.MAGIC) + 16] + bytes(4) + b"\xff" * 100,
    }[damage])  # fmt: skip
    assert derived(schema_path, folder) > 0
    teach(schema_path, folder)
    assert learnt.read_bytes() == data  # mended


def test_another_version_is_not_read(
    schema_path: Path, folder: Path, learnt: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert learnt.exists()
    monkeypatch.setattr(knowledge_file, "MAGIC", b"learnt 999\n")
    assert derived(schema_path, folder) > 0


@pytest.mark.parametrize("mode", [0o620, 0o602])
def test_a_file_that_others_can_write_is_not_trusted(
    schema_path: Path, folder: Path, learnt: Path, mode: int
) -> None:
    learnt.chmod(mode)
    assert derived(schema_path, folder) > 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_trusted(
    schema_path: Path, folder: Path, learnt: Path
) -> None:
    os.chown(learnt, 12345, 12345)
    assert derived(schema_path, folder) > 0


def test_a_link_a_pipe_and_a_folder_are_not_followed(
    schema_path: Path, folder: Path, learnt: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    target.write_bytes(learnt.read_bytes())
    for make in (lambda: learnt.symlink_to(target), lambda: os.mkfifo(learnt), learnt.mkdir):
        learnt.unlink()
        make()
        assert derived(schema_path, folder) > 0
        teach(schema_path, folder)
    assert target.read_bytes()


def test_nothing_is_kept_where_nothing_is_to_be_kept(
    schema_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    teach(schema_path, None)
    assert [path.name for path in tmp_path.iterdir()] == ["schema.rng"]


def test_a_folder_that_cannot_be_written_is_harmless(schema_path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for unusable in (tmp_path / "file", "/proc/nowhere", "a\0b"):
        teach(schema_path, Path(unusable))


def test_many_processes_leave_one_whole_file(schema_path: Path, folder: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from xmlresource.relaxng import Schema
schema = Schema.load({str(schema_path)!r}, cache_dir={str(folder)!r})
assert schema.is_valid({VALID!r})
schema.keep_learnt()
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    runs = [subprocess.Popen(command, env=environment) for _ in range(6)]  # noqa: S603  # our own
    assert [run.wait() for run in runs] == [0] * 6
    assert derived(schema_path, folder) == 0
    assert sorted(path.suffix for path in folder.iterdir()) == [".grammar", ".learnt"]
