"""What is found in folders and by patterns, and what is never read."""

import os
import socket
import threading
from pathlib import Path

import pytest

from xmlresource.system.files.document_files import Selection, expand, read
from xmlresource.system.files.ignore_patterns import PatternError


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one's own, and no cache of anyone's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    (tmp_path / "r").mkdir()
    monkeypatch.chdir(tmp_path / "r")
    return tmp_path / "r"


def write(*paths: str, text: str = "<domain/>") -> None:
    for path in map(Path, paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def found(*paths: str, selection: Selection | None = None) -> list[str]:
    return [one.path for one in expand(paths, selection).found]


def test_hidden_folders_are_left_out_unless_named() -> None:
    write("a.xml", ".git/b.xml", ".venv/lib/c.xml", "d/.hidden/e.xml", ".f.xml")
    assert found(".") == ["./.f.xml", "./a.xml"]
    assert found(".venv") == [".venv/lib/c.xml"]
    assert found("**/*.xml") == ["a.xml"]
    assert found(".venv/**/*.xml") == [".venv/lib/c.xml"]


@pytest.mark.parametrize(
    ("patterns", "left"),
    [
        ("build/\n", ["a.xml", "deep/a.xml", "deep/b.xml", "keep/x.xml"]),
        ("/a.xml\n", ["build/a.xml", "deep/a.xml", "deep/b.xml", "keep/x.xml"]),
        ("*.xml\n!keep/*.xml\n", ["keep/x.xml"]),
        ("# nothing\n\n", ["a.xml", "build/a.xml", "deep/a.xml", "deep/b.xml", "keep/x.xml"]),
        ("deep/**/b.xml\n!\n", ["a.xml", "build/a.xml", "deep/a.xml", "keep/x.xml"]),
        ("keep\n!keep/x.xml\n", ["a.xml", "build/a.xml", "deep/a.xml", "deep/b.xml"]),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_what_git_ignores_is_left_out(patterns: str, left: list[str], *, again: bool) -> None:
    write("a.xml", "build/a.xml", "deep/a.xml", "deep/b.xml", "keep/x.xml")
    Path(".gitignore").write_text(patterns)
    if again:  # from the cache
        found(".")
    assert sorted(found(".")) == [f"./{path}" for path in left]
    assert len(found(".", selection=Selection(gitignore=False))) == 5


def test_gitignore_counts_from_the_top_of_the_repository_down() -> None:
    write("sub/a.xml", "sub/b.xml", "sub/deep/b.xml", "sub/out/c.xml", "x.xml")
    Path(".git/info").mkdir(parents=True)
    Path(".gitignore").write_text("b.xml\nout/\n")
    Path("sub/deep/.gitignore").write_text("!b.xml\n")
    Path(".git/info/exclude").write_text("x.xml\n")
    assert found("sub") == ["sub/a.xml", "sub/deep/b.xml"]
    assert found(".") == ["./sub/a.xml", "./sub/deep/b.xml"]
    # Who names an ignored folder wants to see it.
    assert found("sub/out") == ["sub/out/c.xml"]
    assert found("sub/b.xml") == ["sub/b.xml"]


def test_outside_of_a_repository_nothing_above_counts() -> None:
    write("sub/a.xml")
    Path(".gitignore").write_text("a.xml\n")
    assert found("sub") == ["sub/a.xml"]
    assert found(".") == []


def test_exclude_is_about_what_is_found(place: Path) -> None:
    write("a.xml", "lab/b.xml", "lab/deep/c.xml", "d.old.xml")
    selection = Selection(exclude=((str(place), ("lab/", "*.old.xml")),))
    assert found(".", selection=selection) == ["./a.xml"]
    assert found("*.xml", "lab/**/*.xml", selection=selection) == ["a.xml"]
    assert found("lab/b.xml", selection=selection) == ["lab/b.xml"]
    as_found = Selection(exclude=selection.exclude, as_found=True)
    assert found("lab/b.xml", "a.xml", selection=as_found) == ["a.xml"]


def test_a_pattern_that_is_none_is_told() -> None:
    write("a.xml")
    with pytest.raises(PatternError, match=r"exclude: '!' is no pattern"):
        found(".", selection=Selection(exclude=((str(Path.cwd()), ("!",)),)))


def test_without_pathspec_patterns_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    write("a.xml")
    monkeypatch.setitem(__import__("sys").modules, "pathspec.patterns.gitignore.spec", None)
    assert found(".") == ["./a.xml"]
    Path(".gitignore").write_text("b.xml\n")
    with pytest.raises(PatternError, match="takes the package pathspec"):
        found(".")
    assert found(".", selection=Selection(gitignore=False)) == ["./a.xml"]


def test_named_counts_more_than_found() -> None:
    write("a.xml", "b.xml")
    expansion = expand([".", "./b.xml", "*.xml"])
    named = {one.path: one.is_named for one in expansion.found}
    assert named == {"./a.xml": False, "./b.xml": True, "a.xml": False, "b.xml": False}
    assert expansion.groups == ((".", ("./a.xml", "./b.xml")), ("*.xml", ("a.xml", "b.xml")))


def test_circles_of_links_end() -> None:
    write("a.xml", "deep/b.xml")
    Path("deep/up").symlink_to("..")
    Path("self.xml").symlink_to("self.xml")
    assert found(".") == ["./a.xml", "./self.xml", "./deep/b.xml"]
    assert found("**/*.xml") == ["a.xml", "deep/b.xml", "self.xml"]
    # One step through a link is what the pattern says.
    assert found("deep/up/a.xml", "deep/*/a.xml") == ["deep/up/a.xml"]
    with pytest.raises(OSError, match="symbolic links"):
        read("self.xml")


def test_pipes_sockets_and_devices_are_never_read() -> None:
    Path("fifo").mkdir()
    write("fifo/z.xml")
    os.mkfifo("fifo/a.xml")
    Path("fifo/b.xml").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("fifo/c.xml")
    for asked in ("fifo", "fifo/*.xml", "**/*.xml", "fifo/**"):
        assert found(asked) == ["fifo/z.xml"]
    assert found("fifo/a.xml") == ["fifo/a.xml"]
    for name in ("fifo/a.xml", "fifo/b.xml", "/dev/zero", "/dev/null"):
        with pytest.raises(OSError, match="no file but a pipe, a socket or a device"):
            read(name)


def test_what_a_shell_hands_over_is_read() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        thread = threading.Thread(target=lambda: (file.write(b"<domain/>"), file.close()))
        thread.start()
        assert read(f"/dev/fd/{reader}", 100) == b"<domain/>"
        thread.join()
    os.close(reader)


def test_patterns_are_those_of_glob() -> None:
    write("a.xml", "b/c.xml", "b/d/e.xml", "b/d/f.txt", "[x].xml")
    assert found("*.xml") == ["[x].xml", "a.xml"]
    assert found("[x].xml") == ["[x].xml"]
    assert found("b/*/e.xml") == ["b/d/e.xml"]
    assert found("./b/**/*.xml") == ["./b/c.xml", "./b/d/e.xml"]
    assert found(f"{Path.cwd()}/b/?.xml") == [f"{Path.cwd()}/b/c.xml"]
    assert found("b/**") == ["b/c.xml", "b/d/e.xml", "b/d/f.txt"]
    assert found("*/nowhere/*.xml") == ["*/nowhere/*.xml"]
