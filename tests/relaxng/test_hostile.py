"""Whatever comes: a verdict and a clear message, in bounded time and memory."""

from __future__ import annotations

import random
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from xmlresource.relaxng import Limits, Schema, ViolationKind

if TYPE_CHECKING:
    from xmlresource.relaxng import Violation

SCHEMA = b"""
<grammar xmlns="http://relaxng.org/ns/structure/1.0"
         datatypeLibrary="http://www.w3.org/2001/XMLSchema-datatypes">
  <start><element name="doc"><interleave>
    <optional><element name="n"><data type="unsignedLong"/></element></optional>
    <optional><element name="t"><text/></element></optional>
    <optional><element name="any"><ref name="any"/></element></optional>
  </interleave></element></start>
  <define name="any"><zeroOrMore><choice>
    <attribute><anyName/></attribute><text/>
    <element><anyName/><ref name="any"/></element>
  </choice></zeroOrMore></define>
</grammar>"""


@pytest.fixture(scope="module")
def schema() -> Schema:
    return Schema.load(SCHEMA, cache_dir=None)


def only(schema: Schema, data: bytes) -> Violation:
    assert not schema.is_valid(data)
    found = schema.diagnose(data)
    assert len(found) == 1
    return found[0]


BOMB = b"""<!DOCTYPE doc [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;">]>
<doc><t>&c;</t></doc>"""


@pytest.mark.parametrize(
    "data",
    [BOMB, b'<!DOCTYPE doc SYSTEM "http://example.org/x.dtd"><doc/>', b"<!DOCTYPE doc><doc/>"],
)
def test_no_doctype(schema: Schema, data: bytes) -> None:
    found = only(schema, data)
    assert found.code == ViolationKind.DOCTYPE_NOT_ALLOWED
    assert (found.line, found.column) == (1, 1)


def test_only_the_five_entities(schema: Schema) -> None:
    assert schema.is_valid(b"<doc><t>&lt;&gt;&amp;&quot;&apos;&#10;&#x41;</t></doc>")
    assert only(schema, b"<doc><t>&nbsp;</t></doc>").code == ViolationKind.NOT_WELL_FORMED


def test_depth(schema: Schema) -> None:
    def nested(depth: int) -> bytes:
        return b"<doc><any>" + b"<a>" * depth + b"</a>" * depth + b"</any></doc>"

    assert schema.is_valid(nested(998))
    found = only(schema, nested(999))
    assert found.code == ViolationKind.TOO_LARGE
    assert found.column == 11 + 998 * 3
    assert only(schema, nested(10_000)).code == ViolationKind.TOO_LARGE


def test_number_of_attributes(schema: Schema) -> None:
    def document(count: int) -> bytes:
        return b"<doc><any " + b" ".join(b"a%d=''" % i for i in range(count)) + b"/></doc>"

    assert schema.is_valid(document(1000))
    assert only(schema, document(1001)).code == ViolationKind.TOO_LARGE
    assert only(schema, document(20_000)).code == ViolationKind.TOO_LARGE


def test_size() -> None:
    schema = Schema.load(SCHEMA, cache_dir=None, limits=Limits(max_bytes=100))
    assert schema.is_valid(b"<doc>" + b" " * 89 + b"</doc>")
    assert only(schema, b"<doc>" + b" " * 90 + b"</doc>").code == ViolationKind.TOO_LARGE


@pytest.mark.parametrize(("digits", "valid"), [(b"9", False), (b"0", True)])
def test_a_number_of_a_million_digits(schema: Schema, digits: bytes, *, valid: bool) -> None:
    data = b"<doc><n>" + digits * 1_000_000 + b"1</n></doc>"
    assert schema.is_valid(data) == valid
    if not valid:
        assert len(only(schema, data).message) <= 200


def test_many_faults_are_cut_off(schema: Schema) -> None:
    found = schema.diagnose(b"<doc>" + b"<x/>" * 10_000 + b"</doc>")
    assert len(found) == schema.limits.max_diagnostics


TEXT = "<doc>\n  <t>h\u00e9</t> <x/>\n</doc>"


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (TEXT.encode(), 19),
        (b"\xef\xbb\xbf" + TEXT.encode(), 22),
        (TEXT.encode("utf-16"), 38),
        (("\ufeff" + TEXT).encode("utf-16-be"), 38),
        (b'<?xml version="1.0" encoding="iso-8859-1"?>' + TEXT.encode("latin-1"), 61),
        (b'<?xml version="1.0" encoding="windows-1252"?>' + TEXT.encode("latin-1"), 63),
        (TEXT.replace("\n", "\r\n").encode(), 20),
        (TEXT.replace("\n", "\r").encode(), 19),
    ],
    ids=["utf-8", "bom", "utf-16-le", "utf-16-be", "latin-1", "windows", "crlf", "cr"],
)
def test_encodings_and_line_ends(schema: Schema, data: bytes, offset: int) -> None:
    found = only(schema, data)
    assert found.code == ViolationKind.UNKNOWN_ELEMENT
    assert (found.line, found.column, found.end_column) == (2, 13, 15)
    assert found.offset == offset


MALFORMED = [
    b"",
    b" ",
    b"\0",
    b"<doc/>\0",
    b"<doc>\0</doc>",
    b"text",
    b"<doc",
    b"<doc>",
    b"<doc></dok>",
    b"<doc/><doc/>",
    b"<doc a='1' a='2'/>",
    b"<doc>\xff</doc>",
    b"<p:doc/>",
    b"<doc><t>]]></t></doc>",
    b"<doc>\xed\xa0\x80</doc>",
    b"\xff\xfe<\0",
    b"\xfe\xff",
]
ENCODINGS = ["utf-7", "shift_jis", "cp037", "nope", "utf-16", "hex", "idna", "rot13"]
DECLARED = [f'<?xml version="1.0" encoding="{name}"?><doc/>'.encode() for name in ENCODINGS]


@pytest.mark.parametrize("data", [*MALFORMED, *DECLARED])
def test_not_well_formed(schema: Schema, data: bytes) -> None:
    assert not schema.is_valid(data)
    codes = [item.code for item in schema.diagnose(data)]
    assert codes[-1:] == [ViolationKind.NOT_WELL_FORMED]


def test_an_unclosed_element_is_named(schema: Schema) -> None:
    found = only(schema, b"<doc>\n  <t>x\n</doc>")
    assert "<t> is open since line 2" in found.message
    assert found.related is not None
    assert (found.related.line, found.related.column) == (2, 3)


def test_random_bytes(schema: Schema) -> None:
    chance = random.Random(3)  # noqa: S311  # repeatable, not secret
    seed = b"<doc a='1'><t>x &lt; y</t><any b:c='d' xmlns:b='u'><b:e/></any><!-- c --></doc>"
    for _ in range(1500):
        data = bytearray(seed)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        verdict = schema.is_valid(bytes(data))
        assert verdict == (not schema.diagnose(bytes(data)))


MEMORY = """
import random, re, sys
from xmlresource.relaxng import Schema
names = [f"e{i}" for i in range(40)]
branches = "".join(
    f'<optional><element name="{n}"><optional><attribute name="a"/></optional><text/></element>'
    f"</optional>" for n in names)
schema = Schema.load(
    f'<element name="doc" xmlns="http://relaxng.org/ns/structure/1.0"><interleave>{branches}'
    f"</interleave></element>".encode(), cache_dir=None)
chance = random.Random(1)
for number in range(int(sys.argv[1])):
    chance.shuffle(names)
    some = names[: chance.randrange(20, 40)]
    body = "".join(f"<{n} a='{number}'>{number}</{n}>" for n in some)
    assert schema.is_valid(f"<doc>{body}</doc>".encode())
    assert not schema.is_valid(f"<doc>{body}<{some[0]}/></doc>".encode())
with open("/proc/self/status") as status:  # getrusage would tell the parent's peak
    print(int(re.search(r"VmHWM:\\s+([0-9]+)", status.read())[1]) // 1024)
"""


def test_memory_is_bounded(full: bool) -> None:  # a fixture
    """Children in random order, unseen values: all that can make the automaton grow."""
    count = 10_000 if full else 1500
    done = subprocess.run(  # noqa: S603  # this Python
        [sys.executable, "-c", MEMORY, str(count)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 100
