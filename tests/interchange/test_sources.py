"""Each file in fixtures/interchange/sources is a test: what an import says of it stands beside it.

`XMLRESOURCE_WRITE_EXPECTED=1 pytest tests/interchange` writes what is said now; read the diff.
"""

import os
from fractions import Fraction
from pathlib import Path

import pytest

from xmlresource.interchange.mapping import Mapped, mapped
from xmlresource.interchange.readers.detection import guests_in
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.operations.transfer.policy_import import Imported
from xmlresource.reports.guests.imported import as_text

FIXTURES = Path(__file__).parents[2] / "fixtures" / "interchange" / "sources"
SOURCES = sorted(path for path in FIXTURES.iterdir() if path.suffix != ".out")

#: The clock of the source's host, and all that is only taken if asked for.
ALL = Wishes(Fraction(2600), frozenset(OnRequest))


def told(found: Mapped) -> str:
    targets = ", ".join(f"{name}={amount}" for name, amount in found.targets.items())
    return f"{as_text(Imported(found))}  = {targets or 'nothing'}\n"


def said_of(source: Path) -> str:
    guests = guests_in(source.read_bytes(), source.name)
    plain = "".join(told(mapped(guest, None, Wishes())) for guest in guests)
    everything = "".join(told(mapped(guest, None, ALL)) for guest in guests)
    return f"{plain}\nwith --source-mhz 2600 and all of --take\n\n{everything}"


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_says_what_stands_beside_it(source: Path) -> None:
    expected = source.with_name(f"{source.name}.out")
    if os.environ.get("XMLRESOURCE_WRITE_EXPECTED"):
        expected.write_text(said_of(source))
    assert said_of(source) == expected.read_text()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_every_value_is_on_its_line(source: Path) -> None:
    lines = source.read_text(errors="replace").splitlines()
    for guest in guests_in(source.read_bytes(), source.name):
        for one in mapped(guest, None, Wishes()).outcomes:
            name = one.name.split(".")[-1].rpartition(":")[2].split()[0]
            assert name.lower() in lines[one.line - 1].lower() or one.name in {
                "vmw:ExtraConfig",
                "Startup",
                "sched.mem.pin",
            }, one
