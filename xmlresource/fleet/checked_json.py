"""JSON from outside, read value by value within bounds.

Each value knows its place, so that an error names it: ``guests[3].size: no whole number``.
Keys that nobody asks for are passed over: a later version may add some.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, NoReturn, TypeVar

from xmlresource.errors import XmlresourceError
from xmlresource.printable import one_line

LARGEST: Final = (1 << 63) - 1
"""The largest number: what PostgreSQL's bigint holds, and more bytes than any host has."""
LONGEST_TEXT: Final = 4096

_Read = TypeVar("_Read")


class PublishedError(XmlresourceError, ValueError):
    """A text that is no such JSON object as hosts publish; its text names the place.

    Attributes:
        path: The place in the document: ``guests[3].size``; empty for the whole.
        problem: What is wrong there.
    """

    def __init__(self, path: str, problem: str, source: str = "") -> None:
        super().__init__(": ".join(each for each in (source, path, problem) if each))
        self.path: Final = path
        self.problem: Final = problem

    def of(self, source: str) -> "PublishedError":
        """The error, with the name of the file or host it is about."""
        return PublishedError(self.path, self.problem, source)


class CheckedValue:
    """A value of a document, and its place."""

    def __init__(self, value: object, path: str = "") -> None:
        self.value: Final = value
        self.path: Final = path

    def wrong(self, problem: str) -> NoReturn:
        """Say that the value makes no sense.

        Raises:
            PublishedError: Always.
        """
        raise PublishedError(self.path, problem)

    def of(self, key: str) -> "CheckedValue":
        """A member that must be there.

        Raises:
            PublishedError: It is not, or this is no object.
        """
        members = self._members()
        if key not in members:
            self.wrong(f"lacks {key!r}")
        return CheckedValue(members[key], f"{self.path}.{key}" if self.path else key)

    def maybe(self, key: str) -> "CheckedValue | None":
        """A member that may be left out; ``null`` is a value, and none that any member has.

        Raises:
            PublishedError: This is no object.
        """
        return self.of(key) if key in self._members() else None

    def either(self, key: str, read: Callable[["CheckedValue"], _Read], default: _Read) -> _Read:
        """What ``read`` makes of a member; ``default`` where it is left out.

        Raises:
            PublishedError: It makes no sense.
        """
        found = self.maybe(key)
        return default if found is None else read(found)

    def items(self, most: int) -> Iterator["CheckedValue"]:
        """The values of a list.

        Raises:
            PublishedError: It is none, or has more than ``most``.
        """
        if not isinstance(self.value, list):
            self.wrong("no list")
        if len(self.value) > most:
            self.wrong(f"{len(self.value)} entries, at most {most} are taken")
        for number, each in enumerate(self.value):
            yield CheckedValue(each, f"{self.path}[{number}]")

    def members(self, most: int) -> Iterator[tuple[str, "CheckedValue"]]:
        """The keys and values of an object whose keys are names of something.

        Raises:
            PublishedError: It is none, or has more than ``most``.
        """
        found = self._members()
        if len(found) > most:
            self.wrong(f"{len(found)} entries, at most {most} are taken")
        for key, each in found.items():
            place = f"{self.path}[{json.dumps(key[:40])}]"
            yield CheckedValue(key, place).text(), CheckedValue(each, place)

    def count(self, most: int = LARGEST, least: int = 0) -> int:
        """A whole number.

        Raises:
            PublishedError: It is none, or out of range.
        """
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            self.wrong("no whole number")
        if self.value < least:
            self.wrong(f"below {least}")
        if self.value > most:
            self.wrong(f"above {most}")
        return self.value

    def truth(self) -> bool:
        """``true`` or ``false``.

        Raises:
            PublishedError: It is neither.
        """
        if not isinstance(self.value, bool):
            self.wrong("neither true nor false")
        return self.value

    def text(self, most: int = LONGEST_TEXT) -> str:
        """A text.

        Raises:
            PublishedError: It is none, is too long, or holds what no database keeps.
        """
        if not isinstance(self.value, str):
            self.wrong("no text")
        if len(self.value) > most:
            self.wrong(f"{len(self.value)} characters, at most {most} are taken")
        if "\0" in self.value or not _is_unicode(self.value):
            self.wrong("a character that no text can hold")
        return self.value

    def matching(self, pattern: str, what: str) -> str:
        """A text of a certain form.

        Raises:
            PublishedError: It is none, or of another form.
        """
        found = self.text()
        if re.fullmatch(pattern, found, re.ASCII) is None:
            self.wrong(f"{one_line(repr(found[:40]))} is no {what}")
        return found

    def numbers(self, most: int) -> frozenset[int]:
        """A list of numbers of CPUs or nodes, each below ``most``.

        Raises:
            PublishedError: It is none.
        """
        return frozenset(each.count(most - 1) for each in self.items(most))

    def _members(self) -> dict[str, Any]:
        if not isinstance(self.value, dict):
            self.wrong("no object")
        return self.value


def value_of(text: str | bytes, most: int) -> CheckedValue:
    """The value that a text holds.

    Args:
        text: JSON.
        most: The bytes that it may have.

    Raises:
        PublishedError: It is larger, no JSON, nested too deeply, or says a key twice.
    """
    if len(text) > most:
        raise PublishedError("", f"larger than {most} bytes")
    try:
        return CheckedValue(json.loads(text, parse_constant=_no_number, object_pairs_hook=_once))
    except RecursionError:
        problem = "nested too deeply"
    except ValueError as error:
        problem = f"no JSON: {error}"
    raise PublishedError("", problem)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _is_unicode(text: str) -> bool:
    """Whether it has no half of a pair of UTF-16, which JSON can write and nobody store."""
    return not re.search("[\ud800-\udfff]", text)
