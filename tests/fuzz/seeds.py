"""What fuzzing begins with: the fixtures, and libvirt's own documents where they are."""

import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures"
CORPUS = Path("shared/corpus/libvirt-domains")
LARGEST = 16 << 10
"""Longer ones would slow down each run, and teach nothing new."""
EVERY = 25
"""Of libvirt's documents one in so many: they are much alike."""


def files(folder: Path, pattern: str) -> Iterator[bytes]:
    """What stands in the files of a folder and those below it."""
    for path in sorted(folder.rglob(pattern)):
        data = path.read_bytes()
        if len(data) <= LARGEST:
            yield data


def documents() -> Iterator[bytes]:
    """Documents that declare something, rightly and wrongly."""
    yield from files(FIXTURES / "rules", "*.xml")
    yield from files(FIXTURES / "documents", "*.xml")
    yield from files(FIXTURES / "hook-calls", "*.xml")


def libvirts() -> Iterator[bytes]:
    """Some of libvirt's own test documents: those below XMLRESOURCE_CORPUS, or beside the clone."""
    named = os.environ.get("XMLRESOURCE_CORPUS")
    candidates = [Path(named)] if named else [above / CORPUS for above in ROOT.parents]
    folder = next((found for found in candidates if found.is_dir()), None)
    if folder is not None:
        yield from list(files(folder, "*.xml"))[::EVERY]
