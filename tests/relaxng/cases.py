"""Reads the suites in fixtures/relaxng/spec: a file dropped there is tested.

A suite is a text with one ``<case title="...">`` after another, each with at most one schema in
``<correct>`` or ``<incorrect>``, files it refers to in ``<resource name="...">``, and documents in
``<valid>`` and ``<invalid>``. What is inside of these is taken as it is written.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parents[2] / "fixtures" / "relaxng"

_CASE = re.compile(r'<case title="([^"]*)">(.*?)</case>', re.DOTALL)
_PART = re.compile(
    r'<(correct|incorrect|valid|invalid|resource)(?: name="([^"]*)")?>(.*?)</\1>', re.DOTALL
)


@dataclass(frozen=True)
class Case:
    name: str
    schema: bytes
    correct: bool
    resources: dict[str, bytes]
    valid: list[bytes]
    invalid: list[bytes]

    def write_to(self, folder: Path) -> Path:
        """Write schema and resources to a folder; return the path of the schema."""
        for name, data in {"schema.rng": self.schema, **self.resources}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder / "schema.rng"


def spec_cases() -> Iterator[Case]:
    """Yield all cases of all suites."""
    for path in sorted((FIXTURES / "spec").glob("*.xml")):
        for number, (title, body) in enumerate(_CASE.findall(path.read_text("utf-8")), 1):
            yield _case(f"{path.stem}: {number} {html.unescape(title)}", body)


def _case(name: str, body: str) -> Case:
    parts = [(kind, file, text.encode()) for kind, file, text in _PART.findall(body)]
    schemas = [(kind, text) for kind, _, text in parts if kind in ("correct", "incorrect")]
    assert len(schemas) == 1, f"{name}: needs one schema"
    return Case(
        name=name,
        schema=schemas[0][1],
        correct=schemas[0][0] == "correct",
        resources={file: text for kind, file, text in parts if kind == "resource"},
        valid=[text for kind, _, text in parts if kind == "valid"],
        invalid=[text for kind, _, text in parts if kind == "invalid"],
    )
