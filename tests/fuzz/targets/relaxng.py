"""Any bytes against a schema: a verdict, and diagnostics where it is no."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.fuzz import seeds as sources
from xmlresource.relaxng import Limits, Schema

LIBVIRTS: Final = Path("/usr/share/libvirt/schemas/domain.rng")
STAND_IN: Final = sources.FIXTURES / "domain-schema" / "domain.rng"
OURS: Final = sources.ROOT / "schemas"
LONGEST: Final = 200
SMALL: Final = 400_000


def seeds() -> Iterator[bytes]:
    yield from sources.documents()
    yield from sources.libvirts()


def one(data: bytes) -> None:
    """Verdict and diagnoses agree, also for a schema that forgets; places are in the document."""
    for schema, forgetful in _schemas(b"<domain" in data):
        valid = schema.is_valid(data)
        assert forgetful.is_valid(data) == valid
        found = schema.diagnose(data)
        assert bool(found) != valid
        for each in found:
            assert 0 <= each.offset <= each.end_offset <= len(data)
            assert 1 <= each.line <= each.end_line
            assert each.column >= 1
            assert each.end_column >= 1
            assert len(each.message) <= LONGEST
            assert each.message != "the document is not valid"
        warnings = schema.libxml2_warnings(data)
        assert valid or not warnings


@cache
def _schemas(domain: bool) -> list[tuple[Schema, Schema]]:
    """Each with one that forgets what it has learnt, and so reads in another way."""
    if domain:
        paths = [LIBVIRTS if LIBVIRTS.exists() else STAND_IN]
    else:
        paths = [OURS / "resource.rng", OURS / "memtune.rng", OURS / "memory-metadata.rng"]
    return [
        (
            Schema.load(path, cache_dir=None),
            Schema.load(path, cache_dir=None, limits=Limits(max_memory=SMALL)),
        )
        for path in paths
    ]
