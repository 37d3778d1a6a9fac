"""Any bytes as a file of another system: refused with a place, or mapped value by value."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from tests.fuzz.checks import assert_lines_are_printable, assert_says_something
from tests.fuzz.seeds import FIXTURES, files
from xmlresource.document import DocumentError
from xmlresource.document.editing import EditError
from xmlresource.interchange.errors import SourceError
from xmlresource.interchange.mapping import mapped
from xmlresource.interchange.outcomes import Fate
from xmlresource.interchange.readers.detection import guests_in
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.operations.editing.edit import generate
from xmlresource.operations.transfer.policy_import import Imported, ImportedAll, policy_of_targets
from xmlresource.reports.guests.import_table import as_table
from xmlresource.reports.guests.imported import as_json, as_text
from xmlresource.reports.layout.json_text import dumps
from xmlresource.rules import errors
from xmlresource.tunables import Form

WISHES: Final = (Wishes(), Wishes(Fraction(2600), frozenset(OnRequest)))


def seeds() -> Iterator[bytes]:
    yield from files(FIXTURES / "interchange" / "sources", "*")


def one(data: bytes) -> None:
    try:
        guests = guests_in(data, "source")
    except (SourceError, DocumentError) as error:
        assert_says_something(error)
        return
    lines = data.count(b"\n") + data.count(b"\r") + 1
    found = [Imported(mapped(guest, None, wishes)) for guest in guests for wishes in WISHES]
    for imported in found:
        assert_lines_are_printable(as_text(imported))
        for outcome in imported.mapped.outcomes:
            assert 1 <= outcome.line <= lines
            assert outcome.reason or outcome.fate is Fate.TAKEN
        _in_a_fragment(imported)
    assert_lines_are_printable(as_table(ImportedAll(tuple(found))))
    dumps(as_json(ImportedAll(tuple(found))))


def _in_a_fragment(imported: Imported) -> None:
    """What comes of a source can be declared, unless its own values contradict each other."""
    policy = policy_of_targets(imported.mapped.targets)
    try:
        generate(policy, Form.METADATA, checker=errors)
    except EditError as error:
        assert_says_something(error)
