"""Golden diagnostics: for every NAME.xml in fixtures/relaxng/golden its NAME.out.

A document dropped there is tested against schema.rng beside it. ``XMLRESOURCE_UPDATE=1`` writes
what comes out; look at the difference before you commit it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.relaxng.cases import FIXTURES
from xmlresource.relaxng import Schema

if TYPE_CHECKING:
    from pathlib import Path

    from xmlresource.relaxng import Violation

DOCUMENTS = sorted((FIXTURES / "golden").glob("*.xml"))


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema.load(FIXTURES / "golden" / "schema.rng", cache_dir=None)


def render(found: Violation, data: bytes) -> str:
    span = data[found.offset : found.end_offset].decode()
    lines = [
        f"{found.line}:{found.column}-{found.end_line}:{found.end_column}: {found.code}",
        f"  {found.message}",
        f"  at {found.xpath}, [{span}]",
    ]
    if found.suggestion is not None:
        lines.append(f"  suggestion: {found.suggestion}")
    if found.related is not None:
        lines.append(f"  {found.related.line}:{found.related.column}: {found.related.message}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_golden(path: Path, schema: Schema) -> None:
    data = path.read_bytes()
    out = "".join(render(found, data) for found in schema.diagnose(data)) or "valid\n"
    expected = path.with_suffix(".out")
    if os.environ.get("XMLRESOURCE_UPDATE") == "1":
        expected.write_text(out, "utf-8")
    assert out == expected.read_text("utf-8")


def test_every_kind_of_fault_is_shown() -> None:
    from xmlresource.relaxng import ViolationKind  # noqa: PLC0415  # loaded late on purpose

    shown = "".join(path.with_suffix(".out").read_text("utf-8") for path in DOCUMENTS)
    # test_hostile, test_schema, test_relinking
    elsewhere = {
        ViolationKind.TOO_LARGE,
        ViolationKind.UNTRIMMED_VALUE,
        ViolationKind.REFUSED_ORDER,
    }
    assert [fault for fault in ViolationKind if fault not in elsewhere and fault not in shown] == []
