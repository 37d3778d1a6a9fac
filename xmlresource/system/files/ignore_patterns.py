"""Files that a walk leaves out: by ``.gitignore`` files, and by the patterns of ``exclude``.

Patterns are git's. `pathspec` knows what they mean and takes as long to import as a run over a
repository that was checked before, so that what it makes of them is kept in the user's cache.
"""

import os
import re
import zlib
from collections.abc import Iterable
from typing import Final, TypeAlias

from xmlresource.errors import XmlresourceError
from xmlresource.relaxng.loading.files import cache_folder, load, store

GITIGNORE: Final = ".gitignore"
_INFO: Final = ".git/info/exclude"
_MAGIC: Final = b"xmlresource patterns 1\n"
_LARGEST: Final = 1 << 20

_Translated: TypeAlias = list[tuple[str, bool]]


class PatternError(XmlresourceError):
    """A pattern that can't be understood, or nothing to understand it with."""


class Patterns:
    """Patterns that are relative to one folder.

    Args:
        folder: The folder, absolute.
        lines: The patterns; the last that matches decides.
        where: Who wrote them, for messages; ``None`` where what can't be understood is left out,
            as git does.
    """

    def __init__(self, folder: str, lines: Iterable[str], where: str | None = None) -> None:
        self._prefix: Final = os.path.join(folder, "")
        translated = _translated(tuple(lines), where)
        self._rules: Final = [
            (re.compile(pattern), is_ignored) for pattern, is_ignored in reversed(translated)
        ]

    def verdict(self, path: str) -> bool | None:
        """Whether a path is ignored; ``None`` where no pattern says anything of it.

        Args:
            path: The path, absolute; that of a folder ends in a slash.
        """
        if not self._rules or not path.startswith(self._prefix):
            return None
        inside = path.removeprefix(self._prefix)
        for pattern, is_ignored in self._rules:
            if pattern.match(inside):
                return is_ignored
        return None


class Gitignore:
    """The ``.gitignore`` files from the top of a repository down to where a walk is.

    Args:
        start: The folder that is walked, absolute.
    """

    def __init__(self, start: str) -> None:
        self._known: Final[dict[str, list[Patterns]]] = {}
        top = _top(start)
        if top is None:
            return
        above = [top]
        for name in start.removeprefix(top).strip("/").split("/"):
            if name:
                above.append(os.path.join(above[-1], name))
        for folder in above[:-1]:
            self.enter(folder, has_file=True)
        # Who names a folder that is ignored wants to see it all the same.
        if any(self.ignores(os.path.join(folder, "")) for folder in above[1:]):
            self._known.clear()

    def enter(self, folder: str, *, has_file: bool) -> None:
        """Take in what a folder has, after those above it."""
        found = list(self._known.get(os.path.dirname(folder), []))
        if os.path.lexists(os.path.join(folder, ".git")):
            found += _read(os.path.join(folder, _INFO), folder)
        if has_file:
            found += _read(os.path.join(folder, GITIGNORE), folder)
        self._known[folder] = found

    def ignores(self, path: str) -> bool:
        """Whether a path is ignored; that of a folder ends in a slash."""
        folder = os.path.dirname(path.rstrip("/"))
        for patterns in reversed(self._known.get(folder, [])):
            verdict = patterns.verdict(path)
            if verdict is not None:
                return verdict
        return False


def _top(folder: str) -> str | None:
    """The repository's folder; ``None`` outside of one."""
    while not os.path.lexists(os.path.join(folder, ".git")):
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above
    return folder


def _read(path: str, folder: str) -> list[Patterns]:
    try:
        with open(path, "rb") as file:
            text = file.read(_LARGEST)
    except OSError:
        return []
    return [Patterns(folder, text.decode("utf-8", "replace").splitlines())]


def _translated(lines: tuple[str, ...], where: str | None) -> _Translated:
    wanted = tuple(line for line in lines if line.strip() and not line.startswith("#"))
    if not wanted:
        return []
    cache = cache_folder("patterns")
    path = f"{cache}/{zlib.crc32(repr(wanted).encode()):08x}.regex" if cache else None
    kept = load(path, _MAGIC) if path else None
    if kept is not None and kept[0] == wanted:
        return [tuple(rule) for rule in kept[1]]
    made = _made(wanted, where)
    if path:
        store(path, _MAGIC, (wanted, made))
    return made


def _made(lines: tuple[str, ...], where: str | None) -> _Translated:
    try:
        from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern  # noqa: PLC0415
    except ImportError as error:
        raise PatternError(
            f"{where or GITIGNORE}: reading patterns takes the package pathspec, which is not "
            "installed (--no-gitignore does without)"
        ) from error
    made: _Translated = []
    for line in lines:
        try:
            pattern, is_ignored = GitIgnoreSpecPattern.pattern_to_regex(line)
        except ValueError as error:
            if where is not None:
                raise PatternError(f"{where}: {line!r} is no pattern: {error}") from error
            continue
        if pattern is not None and is_ignored is not None:
            made.append((str(pattern), is_ignored))
    return made
