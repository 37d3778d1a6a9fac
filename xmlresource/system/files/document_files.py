"""Finding and reading the documents that a user names: files, folders, patterns, standard input.

Nothing is read that is no file: a pipe or a device might never end.
"""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.record import record
from xmlresource.system.files.folder_entries import is_hidden, is_own_folder, may_be_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.system.files.ignore_patterns import Gitignore, Patterns

STANDARD_INPUT: Final = "-"

_PATTERN_SIGNS: Final = frozenset("*?[")
# What a shell hands over for `<(command)` is a pipe that the user made for this very run.
_OWN_DESCRIPTORS: Final = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
# Opening a pipe would wait for somebody who writes to it.
_FLAGS: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_STEP: Final = 1 << 20


@record
class Found:
    """A document to be checked.

    Attributes:
        path: Where it is.
        is_named: Whether the user named this very file.
    """

    path: str
    is_named: bool


@record
class Expansion:
    """The documents that paths came to, and what was passed over.

    Attributes:
        found: The documents, each once.
        groups: Of each folder and each pattern, the documents found by it.
    """

    found: tuple[Found, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]

    def with_one(self, name: str) -> "Expansion":
        """Add a document that is in memory already."""
        return Expansion((*self.found, Found(name, is_named=True)), self.groups)


@record
class Selection:
    """The files of a folder that are looked at.

    Attributes:
        exclude: Patterns in the way of ``.gitignore``, by the folder that they are relative to.
        gitignore: Whether what git ignores is left out.
        as_found: Whether named files, too, count as found: a tool has named them.
    """

    exclude: tuple[tuple[str, tuple[str, ...]], ...] = ()
    gitignore: bool = True
    as_found: bool = False


def expand(paths: Iterable[str], selection: Selection | None = None) -> Expansion:
    """The documents that ``paths`` name, each once, in the order given.

    Folders give their ``*.xml``, sorted, at any depth; what is hidden, excluded or ignored by git
    is left out, and links to folders below a named folder are not followed, so that a loop of them
    ends. Patterns (quoted from the shell) give the files that match, sorted, ``**`` at any depth.
    What is not there comes as it is: reading it will say so.
    """
    finder = _Finder(selection or Selection())
    found: dict[str, Found] = {}
    groups = []
    for asked in paths:
        documents, is_group = finder.documents(asked)
        if is_group:
            groups.append((asked, tuple(one.path for one in documents)))
        for one in documents:
            if one.is_named or one.path not in found:
                found[one.path] = one
    return Expansion(tuple(found.values()), tuple(groups))


def read(path: str, most: int = -1) -> bytes:
    """The document at ``path``; ``-`` is standard input.

    Args:
        path: The document.
        most: How many bytes are read at most; all by default.

    Raises:
        OSError: It can't be read.
    """
    if path == STANDARD_INPUT:
        return sys.stdin.buffer.read(most)
    descriptor = os.open(path, _FLAGS if not path.startswith(_OWN_DESCRIPTORS) else os.O_RDONLY)
    try:
        return _content(descriptor, path, sys.maxsize if most < 0 else most)
    finally:
        os.close(descriptor)


def here() -> str:
    """The current folder."""
    return os.getcwd()


def below(path: str, folder: str) -> str:
    """``path`` relative to ``folder`` where it lies below, else as it is."""
    absolute = _absolute(path)
    inside = os.path.join(folder, "")
    return absolute.removeprefix(inside) if absolute.startswith(inside) else path


def _content(descriptor: int, path: str, most: int) -> bytes:
    status = os.fstat(descriptor)
    is_file = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
    if not is_file and not path.startswith(_OWN_DESCRIPTORS):
        raise OSError(0, "it is no file but a pipe, a socket or a device; - is standard input")
    # Nearly always all there is, in one call; a pipe gives what it has.
    step = min(status.st_size, _STEP) + 1 if is_file else _STEP
    pieces = []
    while most > 0 and (piece := os.read(descriptor, min(most, step))):
        pieces.append(piece)
        most -= len(piece)
        if len(pieces) == 1 and is_file and len(piece) == status.st_size:
            break
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class _Finder:
    """Finds documents, and leaves out what the selection says."""

    def __init__(self, selection: Selection) -> None:
        self._selection = selection
        self._exclude: list[Patterns] | None = None

    def documents(self, asked: str) -> tuple[list[Found], bool]:
        """Look for the documents that a path, a folder or a pattern names."""
        if asked == STANDARD_INPUT:
            return [Found(asked, is_named=True)], False
        if os.path.isdir(asked):
            return [Found(path, is_named=False) for path in self._below(asked)], True
        if not _PATTERN_SIGNS.isdisjoint(asked) and not os.path.lexists(asked):
            return list(self._matching(asked)), True
        if not self._selection.as_found:
            return [Found(asked, is_named=True)], False
        return [] if self._excludes(asked) else [Found(asked, is_named=False)], False

    def _matching(self, pattern: str) -> Iterator[Found]:
        from xmlresource.system.files.path_pattern import matches  # noqa: PLC0415 -- shells resolve most

        found = sorted(set(matches(pattern)))
        if not found:
            yield Found(pattern, is_named=True)
        for path in found:
            if not self._excludes(path):
                yield Found(path, is_named=False)

    def _below(self, folder: str) -> Iterator[str]:
        ignored = self._gitignore(folder)
        waiting = [folder]
        while waiting:
            parent = waiting.pop()
            try:
                with os.scandir(parent) as scanned:
                    entries = sorted(scanned, key=lambda entry: entry.name)
            except OSError:
                yield parent  # reading it will say why
                continue
            if ignored is not None:
                has_file = any(entry.name == ".gitignore" for entry in entries)
                ignored.enter(_absolute(parent).rstrip("/") or "/", has_file=has_file)
            folders = []
            for entry in entries:
                path = os.path.join(parent, entry.name)
                if is_own_folder(entry):
                    if not is_hidden(entry) and not self._leaves_out(f"{path}/", ignored):
                        folders.append(path)
                elif (
                    entry.name.endswith(".xml")
                    and may_be_file(entry)
                    and not self._leaves_out(path, ignored)
                ):
                    yield path
            waiting += reversed(folders)

    def _gitignore(self, folder: str) -> "Gitignore | None":
        if not self._selection.gitignore:
            return None
        from xmlresource.system.files.ignore_patterns import Gitignore  # noqa: PLC0415 -- only for folders

        return Gitignore(_absolute(folder).rstrip("/") or "/")

    def _leaves_out(self, path: str, ignored: "Gitignore | None") -> bool:
        if self._excludes(path):
            return True
        return ignored is not None and ignored.ignores(_absolute(path))

    def _excludes(self, path: str) -> bool:
        if not self._selection.exclude:
            return False
        if self._exclude is None:
            from xmlresource.system.files.ignore_patterns import Patterns  # noqa: PLC0415 -- as above

            self._exclude = [
                Patterns(folder, patterns, "exclude")
                for folder, patterns in self._selection.exclude
            ]
        return _is_excluded(_absolute(path), self._exclude)


def _is_excluded(path: str, exclude: "list[Patterns]") -> bool:
    """Whether a path, or a folder that it is in, is left out."""
    parts = path.split("/")
    above = ["/".join(parts[:end]) + "/" for end in range(2, len(parts) - path.endswith("/"))]
    return any(patterns.verdict(one) for one in (*above, path) for patterns in exclude)


def _absolute(path: str) -> str:
    """The path from the root; a slash at its end stays."""
    absolute = os.path.normpath(os.path.join(os.getcwd(), path))
    return f"{absolute}/" if path.endswith("/") and absolute != "/" else absolute
