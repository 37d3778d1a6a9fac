"""What the tests of the engine share: the corpus, libvirt's schema, and the other validators.

The corpus of real documents is used where it is present: in ``$XMLRESOURCE_CORPUS``, or in
``../shared/corpus`` next to the repository or next to its parent. With ``XMLRESOURCE_FULL=1`` all
of it is used, and more random cases; else a sample.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from xmlresource.relaxng import Schema, schema

FULL = os.environ.get("XMLRESOURCE_FULL") == "1"
ROOT = Path(__file__).parents[2]
LIBVIRT_SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")


@dataclass(frozen=True)
class Document:
    name: str
    path: Path
    data: bytes
    valid: bool  # for the schema of libvirt 9.0, by jing


def _corpus_folder() -> Path | None:
    places = [parent / "shared" / "corpus" for parent in (ROOT.parent, ROOT.parent.parent)]
    if configured := os.environ.get("XMLRESOURCE_CORPUS"):
        places.insert(0, Path(configured))
    for place in places:
        for folder in (place, place / "libvirt-domains"):
            if (folder / "verdicts.tsv").is_file():
                return folder
    return None


#: CI runs the engine's tests once more without the shortcut; at a desk that would double them.
WAYS = {"shortcut": True, "expat": False} if FULL or os.environ.get("CI") else {"shortcut": True}


@pytest.fixture(scope="module", autouse=True, params=WAYS.values(), ids=WAYS)
def _shortcut(request: pytest.FixtureRequest) -> Iterator[None]:
    """The whole engine's verdicts and messages are the same with the shortcut and without."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(schema, "USE_SHORTCUT", request.param)
        yield


@pytest.fixture(scope="session")
def full() -> bool:
    return FULL


@pytest.fixture(scope="session")
def corpus() -> list[Document]:
    """Return the documents of the corpus."""
    folder = _corpus_folder()
    if folder is None:
        pytest.skip("the corpus of libvirt documents is not here")
    rows = [line.split("\t") for line in (folder / "verdicts.tsv").read_text().splitlines()]
    column = rows[0].index("verdict_9.0")
    return [
        Document(row[0], folder / row[0], (folder / row[0]).read_bytes(), row[column] == "valid")
        for row in rows[1:]
    ]


@pytest.fixture(scope="session")
def sample(corpus: list[Document]) -> list[Document]:
    """Return every invalid document and some of the valid ones; all with XMLRESOURCE_FULL."""
    if FULL:
        return corpus
    valid = [document for document in corpus if document.valid]
    invalid = [document for document in corpus if not document.valid]
    return invalid + random.Random(1).sample(valid, 250)  # noqa: S311  # repeatable, not secret


@pytest.fixture(scope="session")
def valid_documents(corpus: list[Document]) -> list[bytes]:
    """Return the valid documents of ordinary size."""
    return [item.data for item in corpus if item.valid and len(item.data) < 20_000]


@pytest.fixture(scope="session")
def libvirt_schema_path() -> Path:
    if not LIBVIRT_SCHEMA.is_file():
        pytest.skip("libvirt's schema is not installed")
    return LIBVIRT_SCHEMA


@pytest.fixture(scope="session")
def domain_schema(libvirt_schema_path: Path) -> Schema:
    """Return libvirt's schema of domains; shared, for it only grows faster by use."""
    return Schema.load(libvirt_schema_path, cache_dir=None)


@pytest.fixture(scope="session")
def jing() -> str:
    """Return the path of jing."""
    program = shutil.which("jing")
    if program is None:
        pytest.skip("jing is not installed")
    return program
