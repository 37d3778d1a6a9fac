"""xmlresource as its users have it: built as a wheel, installed elsewhere, run as a program."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import sandbox
from .commands import Result, must, run

REPOSITORY = Path(__file__).parents[3]

_SIZE = re.compile(r"(?<![\w.])(\d[\d,]*(?:\.\d+)?) ?(bytes|[KMGT]iB|B)?\b")
_UNITS = {"bytes": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


@dataclass(frozen=True)
class Product:
    """An installation, in a folder of its own outside the repository."""

    folder: Path

    @classmethod
    def install(cls, folder: Path, *, with_libvirt: bool = False) -> Product:
        """Build the wheel and install it into a new environment; takes what `build` needs.

        libvirt's binding comes from Debian, so that environment sees the system's packages.
        """
        wheels = folder / "wheels"
        build = (sys.executable, "-m", "build", "--wheel", "--outdir", wheels, REPOSITORY)
        must(run(build, timeout=600))
        (wheel,) = wheels.glob("*.whl")
        python = folder / "venv" / "bin" / "python"
        maker = ["/usr/bin/python3" if with_libvirt else sys.executable, "-m", "venv"]
        options = ["--system-site-packages"] if with_libvirt else []
        must(run([*maker, *options, folder / "venv"]))
        must(run([python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel]))
        return cls(folder)

    @property
    def program(self) -> Path:
        return self.folder / "venv" / "bin" / "xmlresource"

    def __call__(self, *words: str | Path, stdin: str | None = None) -> Result:
        """Run `xmlresource`; the exit status is the caller's to judge."""
        return run([self.program, *words], stdin=stdin)

    def json(self, *words: str | Path) -> Any:
        """What a command that may also refuse prints as JSON."""
        result = self(*words, "--json")
        try:
            return json.loads(result.stdout)
        except ValueError as error:
            raise AssertionError(str(result)) from error

    def guests(self) -> dict[str, dict[str, Any]]:
        """What `status` knows of each guest, by name."""
        return {guest["name"]: guest for guest in self.json("status")["guests"]}


def refusal(result: Result) -> str:
    """The first line of what a hook said, as `virsh start` shows it."""
    found = re.search(r"unexpected exit status \d+: (.*)", result.stderr)
    assert found is not None, str(result)
    return found[1]


def hook_status(result: Result) -> int:
    """The exit status of the hook that `virsh start` tells of."""
    found = re.search(r"unexpected exit status (\d+)", result.stderr)
    assert found is not None, str(result)
    return int(found[1])


def sizes(text: str) -> list[tuple[int, int]]:
    """Every size in a text: where it stands and, rounded as it may be, its bytes."""
    return [
        (match.start(), round(float(match[1].replace(",", "")) * _UNITS[match[2]]))
        for match in _SIZE.finditer(text)
        if match[2]
    ]


def place_of(text: str, size: int) -> int:
    """Where a text names a size, up to rounding; -1 where it doesn't."""
    return next((at for at, found in sizes(text) if abs(found - size) <= size * 0.01), -1)


def total_memory() -> int:
    """MemTotal in bytes."""
    (line,) = (
        line
        for line in Path("/proc/meminfo").read_text().splitlines()
        if line.startswith("MemTotal:")
    )
    return int(line.split()[1]) * 1024


def leave_to_promise(mebibytes: int) -> None:
    """Configure a host reserve so large that only this much can be promised."""
    reserve = total_memory() // 1024 - mebibytes * 1024
    sandbox.CONFIGURATION.write_text(f'host_reserve = "{reserve}KiB"\n')
