"""docs/messages.md: broken documents with what we say of them beside what xmllint and jing say.

``XMLRESOURCE_WRITE_DOCS=1`` writes the page anew, where libvirt 9.0's schema and both programs are.
"""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.operations.validation.findings import findings
from xmlresource.system.libvirt import installed_schemas

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "messages.md"
FOLDER = ROOT / "fixtures" / "messages"
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")
SMALL = ROOT / "fixtures" / "domain-schema" / "domain.rng"
# Nothing is wrong with them but what the program would do to them, or only a hex dump shows it.
ELSEWHERE = {"lxc", "empty-metadata", "bhyve-grub", "wellformed-utf16le-no-bom"}
DOCUMENTS = [path for path in sorted(FOLDER.glob("*.xml")) if path.stem not in ELSEWHERE]
MOST_LINES = 3
LIBXML2 = "20914"

HEADER = """\
# What is said of broken documents

Broken documents, each with what `xmlresource validate` says of it, and what two validators say:
`xmllint --relaxng` (libxml2 2.9.14, with which libvirt itself validates) and `jing` (20220510),
all with the schema of libvirt 9.0. Of each at most three lines are shown. Where they say nothing,
their program finds nothing wrong, for the rule is ours.

Made by a test: `XMLRESOURCE_WRITE_DOCS=1 pytest tests/operations/validation/test_messages_page.py`.
"""


def ours(path: Path, schema: DomainSchema) -> str:
    """What we say, as on the page."""
    found, _, _ = findings(path.name, path.read_bytes(), schema)
    assert found, path
    return "<br>".join(
        f"{one.span.line}:{one.span.column} {one.code}: {escaped(one.message)}"
        + (f"<br>**hint:** {escaped(one.hint)}" if one.hint else "")
        for one in found
        if one.span is not None
    )


def escaped(text: str) -> str:
    """The text as a cell of a table shows it: a regular expression may look like a link."""
    return re.sub(r"[][|]", r"\\\g<0>", html.escape(text, quote=False))


def output(*command: str) -> list[str]:
    done = subprocess.run(  # noqa: S603 -- our own fixtures
        command, capture_output=True, text=True, check=False, cwd=FOLDER
    )
    return (done.stdout + done.stderr).splitlines()


def xmllint(path: Path) -> list[str]:
    lines = output("xmllint", "--noout", "--relaxng", str(SCHEMA), path.name)
    prefix = re.compile(rf"{re.escape(path.name)}:(\d+): (.*)")
    told = [match for line in lines if (match := prefix.match(line)) is not None]
    return [f"{match[1]}: {match[2]}" for match in told]


@cache
def jing() -> dict[str, list[str]]:
    """What jing says of each. It ends at the first that is not well-formed: those come alone."""
    told: dict[str, list[str]] = {path.name: [] for path in DOCUMENTS}
    together = [path.name for path in DOCUMENTS if "XR002" not in section(path)]
    alone = [path.name for path in DOCUMENTS if path.name not in together]
    for names in (together, *([name] for name in alone)):
        for line in output("jing", str(SCHEMA), *names):
            match = re.match(r".*?([^/:]+\.xml):(\d+:\d+): (.*)", line)
            if match is not None:
                told[match[1]].append(f"{match[2]}: {match[3]}")
    return told


def cell(lines: list[str]) -> str:
    text = "<br>".join(map(escaped, lines[:MOST_LINES]))
    more = f"<br>… and {len(lines) - MOST_LINES} more" if len(lines) > MOST_LINES else ""
    return f"{text}{more}" or "nothing"


def section(path: Path) -> str:
    """What the page has of a document now."""
    page = PAGE.read_text() if PAGE.exists() else ""
    match = re.search(rf"## {re.escape(path.stem)}\n.*?(?=\n## |\Z)", page, re.DOTALL)
    return match[0] if match else ""


def row(path: Path, name: str) -> str | None:
    match = re.search(rf"^\| {name} \| (.*) \|$", section(path), re.MULTILINE)
    return match[1] if match else None


def is_all_here() -> bool:
    """Whether what the page was made with is installed."""
    if shutil.which("xmllint") is None or shutil.which("jing") is None:
        return False
    version = installed_schemas.version(str(SCHEMA)) if SCHEMA.is_file() else None
    return version == "9.0" and LIBXML2 in "".join(output("xmllint", "--version"))


def made(path: Path, schema: DomainSchema) -> str:
    text = path.read_text().rstrip()
    return (
        f"## {path.stem}\n\n```xml\n{text}\n```\n\n| by | says |\n|---|---|\n"
        f"| xmlresource | {ours(path, schema)} |\n"
        f"| xmllint | {cell(xmllint(path))} |\n"
        f"| jing | {cell(jing()[path.name])} |\n"
    )


def test_there_are_forty() -> None:
    assert len(DOCUMENTS) >= 40


def test_the_page_is_as_all_three_say() -> None:
    if not is_all_here():
        pytest.skip(
            "libvirt 9.0's schema, xmllint of libxml2 2.9.14 and jing are not all installed"
        )
    schema = DomainSchema(str(SCHEMA))
    if os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        for _ in range(2 if not PAGE.exists() else 1):  # which are well-formed, the page tells
            jing.cache_clear()
            PAGE.write_text("\n".join([HEADER, *(made(path, schema) for path in DOCUMENTS)]))
    page = "\n".join([HEADER, *(made(path, schema) for path in DOCUMENTS)])
    assert PAGE.read_text() == page, "run this file with XMLRESOURCE_WRITE_DOCS=1"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_the_page_is_as_we_say(path: Path) -> None:
    said = row(path, "xmlresource")
    assert said is not None
    if SCHEMA.is_file() and installed_schemas.version(str(SCHEMA)) == "9.0":
        assert ours(path, DomainSchema(str(SCHEMA))) == said
    elif " XR6" not in said:
        # No schema is needed to say so; another one has no more to say of a document like this.
        assert ours(path, DomainSchema(str(SMALL))).split("<br>")[0] == said.split("<br>")[0]
