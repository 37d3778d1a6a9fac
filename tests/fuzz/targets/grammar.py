"""Any bytes as a schema: loaded or refused, and where loaded, able to judge a document."""

from collections.abc import Iterator
from typing import Final

from tests.fuzz import seeds as sources
from tests.fuzz.checks import assert_says_something
from tests.fuzz.sections import join, split
from xmlresource.relaxng import Schema, SchemaError

OTHER: Final = (
    b'<grammar xmlns="http://relaxng.org/ns/structure/1.0"><define name="other"><text/></define>'
    b"</grammar>"
)
DOCUMENT: Final = b"<doc a='1'><b>2</b></doc>"
LARGEST: Final = 4 << 10


def seeds() -> Iterator[bytes]:
    for grammar in sources.files(sources.FIXTURES / "relaxng", "*.rng"):
        yield join(grammar, DOCUMENT)
    for grammar in sources.files(sources.ROOT / "schemas", "*.rng"):
        yield join(grammar, DOCUMENT)
    for cases in sources.files(sources.FIXTURES / "relaxng" / "spec", "*.xml"):
        for correct in cases.split(b"<correct>")[1:]:
            yield join(correct.partition(b"</correct>")[0].strip(), DOCUMENT)


def one(data: bytes) -> None:
    """Nothing but SchemaError, and verdict and diagnoses agree."""
    grammar, document = split(data, 2)
    try:
        # Every reference leads to one small file: nothing of this machine is read.
        schema = Schema.load(grammar, cache_dir=None, resolver=lambda _: OTHER)
        valid = schema.is_valid(document)  # contents are compiled when they are first needed
        assert bool(schema.diagnose(document)) != valid
    except SchemaError as error:
        assert_says_something(error)
