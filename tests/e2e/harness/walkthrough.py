"""A page of the docs whose commands are run one after the other, as a reader would."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import sandbox
from .commands import Result, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_FILE = re.compile(r"to `(\w+\.xml)`:\n\n```xml\n(.*?)```", re.DOTALL)
#: What differs from host to host: amounts, times, and which of the two rules leaves less.
_VARIES = (
    (re.compile(r"\d[\d:.,-]*"), "N"),
    (re.compile(r"N (?:bytes|[KMGT]iB)"), "SIZE"),
    (re.compile(r"\b(?:commitment|physical)(?=; )"), "RULE"),
    (re.compile(r"[ \t]+"), " "),
)


@dataclass(frozen=True)
class Step:
    """A command of the page, and what it prints there."""

    command: str
    printed: str


def steps(page: str) -> Iterator[Step]:
    """The commands of a page, in order; a line that ends with a backslash goes on."""
    for block in _CONSOLE.findall(page):
        for command in block.removeprefix("$ ").split("\n$ "):
            line, _, printed = command.partition("\n")
            yield Step(line, printed)


def files(page: str) -> dict[str, str]:
    """The files that the page has its reader write."""
    return dict(_FILE.findall(page))


class Walk:
    """A reader who does what a page says, in a folder of its own, with guests of the tests'."""

    def __init__(self, folder: Path, program: Path, guests: tuple[str, ...]) -> None:
        self.folder = folder
        self.program = program
        self._guests = {name: f"{sandbox.PREFIX}{name}" for name in guests}

    def write(self, name: str, text: str) -> None:
        """Write a file as the page has it."""
        (self.folder / name).write_text(self._renamed(text))

    def do(self, command: str) -> Result:
        """Run a command, as root."""
        words = self._renamed(command).replace("sudo ", "")
        path = f"{self.program.parent}:$PATH"
        return run(["/bin/sh", "-c", f"cd {self.folder}; PATH={path}; export PATH; {words}"])

    def told(self, result: Result) -> str:
        """What a reader sees, with the page's names."""
        text = result.stdout + result.stderr
        for name, own in self._guests.items():
            text = text.replace(own, name)
        return text

    def _renamed(self, text: str) -> str:
        """Names of guests, but not of files."""
        for name, own in self._guests.items():
            text = re.sub(rf"\b{name}\b(?!\.xml)", own, text)
        return text


def is_as_shown(shown: str, told: str) -> bool:
    """Whether a command printed what the page shows; ``…`` stands for anything there."""
    shown = shown.replace("\\\n", "")  # a line that goes on
    parts = [re.escape(_without_figures(part)) for part in shown.split("…")]
    return re.fullmatch(".*".join(parts), _without_figures(told), re.DOTALL) is not None


def _without_figures(text: str) -> str:
    text = "\n".join(line.strip() for line in text.splitlines() if line.strip())
    for pattern, word in _VARIES:
        text = pattern.sub(word, text)
    return text
