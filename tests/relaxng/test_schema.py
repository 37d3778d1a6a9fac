"""Loading: from files, bytes and resolvers; errors; use by threads."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from xmlresource import relaxng
from xmlresource.relaxng import Schema, SchemaError

if TYPE_CHECKING:
    from pathlib import Path

NS = 'xmlns="http://relaxng.org/ns/structure/1.0"'
LIBRARY = f"""<grammar {NS}>
  <start><ref name="doc"/></start>
  <define name="doc"><element name="doc"><ref name="extra"/></element></define>
  <define name="extra"><empty/></define>
</grammar>"""
WRAPPER = f"""<grammar {NS}>
  <include href="library.rng">
    <define name="extra"><element name="more"><text/></element></define>
  </include>
</grammar>""".encode()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    (tmp_path / "library.rng").write_text(LIBRARY)
    return tmp_path


def test_bytes_that_include_a_file_with_overrides(library: Path) -> None:
    schema = Schema.load(WRAPPER, base=library, cache_dir=None)
    assert schema.is_valid(b"<doc><more/></doc>")
    assert not schema.is_valid(b"<doc/>")
    assert schema.files == (str(library / "<schema>"), str(library / "library.rng"))


def test_a_resolver_gives_files_and_leaves_others_to_the_disk(library: Path) -> None:
    asked = []

    def resolver(location: str) -> bytes | None:
        asked.append(location)
        return WRAPPER if location.endswith("wrapper.rng") else None

    schema = Schema.load(library / "wrapper.rng", resolver=resolver, cache_dir=None)
    assert schema.is_valid(b"<doc><more/></doc>")
    assert asked == [str(library / "wrapper.rng"), str(library / "library.rng")]


def test_a_resolver_may_serve_urls() -> None:
    files = {"http://x.org/a/main.rng": WRAPPER, "http://x.org/a/library.rng": LIBRARY.encode()}
    schema = Schema.load("http://x.org/a/main.rng", resolver=files.get, cache_dir=None)
    assert schema.is_valid(b"<doc><more/></doc>")


def test_nothing_comes_from_the_network() -> None:
    source = f'<element name="a" {NS}><externalRef href="http://example.org/x.rng"/></element>'
    with pytest.raises(SchemaError, match="only local files are read") as caught:
        Schema.load(source.encode(), cache_dir=None)
    assert (caught.value.line, caught.value.column) == (1, 63)


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        (b"", "no element found", 1, 1),
        (b"<a", "unclosed token", 1, 1),
        (b"<a/>", "is not in the namespace", 1, 1),
        (b"<!DOCTYPE a>\n<a/>", "DOCTYPE", 1, 1),
        (f"<element name='a' {NS}>\n  <txt/></element>".encode(), "<txt> is not allowed", 2, 3),
        (f"<grammar {NS}>\n<start><ref name='x'/></start></grammar>".encode(),
         "'x' is not defined", 2, 8),
        (b"<group xmlns='http://relaxng.org/ns/structure/1.0'>" * 200, "levels deep", 1, 6121),
    ],
)  # fmt: skip
def test_errors_name_their_place(source: bytes, message: str, line: int, column: int) -> None:
    with pytest.raises(SchemaError, match=message) as caught:
        Schema.load(source, base="/some/where", cache_dir=None)
    error = caught.value
    assert (error.file, error.line, error.column) == ("/some/where/<schema>", line, column)
    assert str(error).startswith(f"/some/where/<schema>:{line}:{column}: ")


@pytest.mark.parametrize("path", ["/nowhere/x.rng", "/", "a\0b"])
def test_unreadable(path: str) -> None:
    with pytest.raises(SchemaError, match="cannot be read") as caught:
        Schema.load(path, cache_dir=None)
    assert caught.value.line == 0


def test_an_error_in_an_included_file_names_that(library: Path) -> None:
    (library / "library.rng").write_text(LIBRARY.replace("<empty/>", "<emty/>"))
    with pytest.raises(SchemaError) as caught:
        Schema.load(WRAPPER, base=library, cache_dir=None)
    assert (caught.value.file, caught.value.line) == (str(library / "library.rng"), 4)


def test_several_schemas_and_threads(library: Path) -> None:
    """Re-entrant: one cold schema in many threads, and another one beside it."""
    schema = Schema.load(WRAPPER, base=library, cache_dir=None)
    other = Schema.load(LIBRARY.encode(), cache_dir=None)
    barrier = threading.Barrier(8)

    def work(number: int) -> bool:
        barrier.wait()
        return all(
            schema.is_valid(f"<doc><more>{number} {i}</more></doc>".encode())
            and not schema.is_valid(f"<doc><more>{number} {i}</more><x/></doc>".encode())
            and len(schema.diagnose(f"<doc>{i}<more/></doc>".encode())) == 1
            and other.is_valid(b"<doc/>")
            for i in range(200)
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


def test_libxml2_warnings() -> None:
    library = "http://www.w3.org/2001/XMLSchema-datatypes"
    schema = Schema.load(
        f"""<element name="a" {NS} datatypeLibrary="{library}">
          <attribute name="n">
            <data type="int"><param name="pattern">[0-9]+</param></data>
          </attribute>
          <data type="unsignedInt"><param name="pattern">[0-9]+</param></data>
        </element>""".encode(),
        cache_dir=None,
    )
    for _ in range(2):  # also when the values have been seen before
        assert schema.libxml2_warnings(b"<a n='1'>2</a>") == []
        first, second = schema.libxml2_warnings(b"<a n=' 1'>\n 2 </a>")
        assert (first.code, first.line, first.column) == ("untrimmed-value", 1, 7)
        assert (second.line, second.column, second.suggestion) == (2, 2, "2")
    assert schema.diagnose(b"<a n=' 1'>2</a>") == []
    assert schema.libxml2_warnings(b"<a n=' x'>2</a>") == []


def test_what_is_public() -> None:
    for name in relaxng.__all__:
        assert getattr(relaxng, name).__doc__
    with pytest.raises(AttributeError):
        relaxng.nothing  # noqa: B018
