"""Places of elements: random documents note each place while they are written."""

import time
import tracemalloc
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document.errors import DocumentError
from xmlresource.document.source import Source
from xmlresource.document.tree import MOST_LEVELS, ReadLimits, parse, parse_beginning


def elementtree(data):
    # Bytes that this test has written, or that the corpus holds.
    return list(ET.fromstring(data).iter())  # noqa: S314


def read(text, name="guest.xml"):
    return parse(Source(text if isinstance(text, bytes) else text.encode(), name))


@dataclass
class Note:
    """Where the writer put one element, in bytes."""

    name: str
    start: int
    attributes: list = field(default_factory=list)
    content_start: int = 0
    content_end: int = 0
    end: int = 0
    text: str = ""


class Writer:
    """Writes a random document and notes every place, with no parser's help."""

    def __init__(self, draw, newline):
        self.draw = draw
        self.newline = newline
        self.out = bytearray()
        self.notes = []

    def put(self, text):
        self.out += text.encode()

    def document(self):
        if self.draw(st.booleans()):
            self.put(
                self.draw(st.sampled_from(["\ufeff", '<?xml version="1.0"?>', "<!-- <a> -->"]))
            )
        self.element(0)
        self.put(self.draw(st.sampled_from(["", self.newline, "<!-- end -->"])))

    def element(self, level):
        name = self.draw(st.sampled_from(["a", "hard_limit", "x:b", "größe", "a.b-c"]))
        note = Note(name, len(self.out))
        self.notes.append(note)
        self.put(f"<{name}")
        if level == 0:
            self.attribute(note, "xmlns:x", "urn:x")
        for key in self.draw(st.lists(st.sampled_from(["unit", "x:k", "ö"]), unique=True)):
            self.attribute(note, key, None)
        self.put(self.blank(""))
        if self.draw(st.integers(0, 3)) == 0:
            self.put("/>")
            note.content_start = note.content_end = note.end = len(self.out)
            return
        self.put(">")
        note.content_start = len(self.out)
        for _ in range(self.draw(st.integers(0, 3 if level < 3 else 0))):
            self.filling(note)
            self.element(level + 1)
        self.filling(note)
        note.content_end = len(self.out)
        self.put(f"</{name}{self.blank('')}>")
        note.end = len(self.out)

    def attribute(self, note, name, value):
        quote = self.draw(st.sampled_from("'\""))
        self.put(self.blank(" "))
        start = len(self.out)
        self.put(name)
        end = len(self.out)
        self.put(f"{self.blank('')}={self.blank('')}{quote}")
        value = value or self.draw(st.sampled_from(["", "GiB", "a>b", "/>", "&lt;&#10;", "é'\"="]))
        value = value.replace(quote, "")
        value_start = len(self.out)
        self.put(value)
        note.attributes.append((name, start, end, value_start, len(self.out)))
        self.put(quote)

    def filling(self, note):
        raw, meaning = self.draw(
            st.sampled_from(
                [
                    ("", ""),
                    ("\n  ", "\n  "),
                    ("12", "12"),
                    ("<!-- <b> ]]> -->", ""),
                    ("<?pi <c/> ?>", ""),
                    ("<![CDATA[<d/> 4]]>", "<d/> 4"),
                    ("&#52;&amp;", "4&"),
                    ("größe", "größe"),
                ]
            )
        )
        self.put(raw.replace("\n", self.newline))
        note.text += meaning

    def blank(self, least):
        return self.draw(st.sampled_from([least or "", " ", "\t", self.newline])) or least


@st.composite
def written(draw):
    writer = Writer(draw, draw(st.sampled_from(["\n", "\r\n", "\r"])))
    writer.document()
    return bytes(writer.out), writer.notes


def flat(element):
    return [element, *element.descendants()]


@given(written())
def test_every_place_is_where_the_writer_put_it(case):
    data, notes = case
    elements = flat(read(data))
    assert len(elements) == len(notes)
    for element, note in zip(elements, notes, strict=True):
        assert element.name == note.name
        assert element.start == note.start
        assert element.content_start == note.content_start
        assert element.content_end == note.content_end
        assert element.end == note.end
        assert element.text == note.text
        found = element.tag.attributes
        assert [
            (a.name, a.name_start, a.name_end, a.value_start, a.value_end) for a in found
        ] == note.attributes


@given(written())
def test_spans_hold_what_they_say(case):
    data, _notes = case
    for element in flat(read(data)):
        span = element.span
        assert data[span.start : span.end].startswith(f"<{element.name}".encode())
        assert data[span.start : span.end].endswith(b">")
        text = data[element.text_span.start : element.text_span.end]
        assert text == text.strip()
        for attribute in element.tag.attributes:
            name = element.attribute_span(attribute.name)
            assert data[name.start : name.end].decode() == attribute.name
            value = element.value_span(attribute.name)
            assert data[value.start - 1] == data[value.end]


@given(written())
def test_the_tree_is_elementtrees(case):
    data, _notes = case
    mine = flat(read(data))
    theirs = elementtree(data)
    for element, other in zip(mine, theirs, strict=True):
        tag = f"{{{element.namespace}}}{element.local}" if element.namespace else element.local
        assert tag == other.tag
        assert len(element.children) == len(other)
        attributes = {
            "{{{}}}{}".format(*name.split(" ")) if " " in name else name: value
            for name, value in element.attributes.items()
        }
        assert attributes == other.attrib


def test_the_whole_corpus_reads_as_elementtree_reads_it(corpus):
    for name, data in corpus.items():
        mine = flat(read(data, name))
        theirs = elementtree(data)
        assert [(e.local, e.text if not e.children else "") for e in mine] == [
            (e.tag.split("}")[-1], (e.text or "") if not len(e) else "") for e in theirs
        ], name
        for element in mine:
            assert data[element.start : element.end].endswith(b">")
            assert element.tag.empty or data[element.content_end :].startswith(b"</")


@pytest.mark.parametrize(
    ("inside", "text", "span"),
    [
        ("5", "5", "5"),
        ("  5\n", "  5\n", "5"),
        ("<![CDATA[5]]>", "5", "<![CDATA[5]]>"),
        ("4<!-- four -->0", "40", "4<!-- four -->0"),
        ("&#52;", "4", "&#52;"),
        ("", "", "<a>"),
        (" \n ", " \n ", "<a>"),
    ],
)
def test_text_and_its_span(inside, text, span):
    data = f"<a>{inside}</a>".encode()
    element = read(data)
    assert element.text == text
    assert data[element.text_span.start : element.text_span.end] == span.encode()


def test_the_text_span_of_an_empty_tag_is_the_tag():
    assert read("<a unit='x'/>").text_span == read("<a unit='x'/>").span


@pytest.mark.parametrize(
    ("data", "stray"),
    [
        ("<a/>", None),
        ("<a> <b/> <!-- c --> <b>1</b><?d?>\n</a>", None),
        ("<a>x<b/></a>", "x"),
        ("<a><b/> x y <b/>z</a>", "x y"),
        ("<a><b/><!-- c --> z</a>", "z"),
    ],
)
def test_stray_text(data, stray):
    span = read(data).stray_text_span
    assert (None if span is None else data[span.start : span.end]) == stray


def test_xpaths_number_only_what_is_not_alone():
    root = read("<a><b/><c><b/></c><b/></a>")
    assert [element.xpath for element in flat(root)] == [
        "/a", "/a/b[1]", "/a/c", "/a/c/b", "/a/b[2]",
    ]  # fmt: skip


def test_finding():
    root = read("<a xmlns:x='u'><x:b/><b k='1'><c/></b><b/></a>")
    assert root.first("b").attributes == {"k": "1"}
    assert len(root.all("b")) == 2
    assert root.first("b", "u").prefix == "x"
    assert root.first("nothing") is None
    assert root.find("b", "c").local == "c"
    assert root.find("c", "b") is None
    assert root.is_named("a")
    assert not root.is_named("a", "u")


def test_attributes_are_named_by_namespace_and_local_name():
    root = read("<a xmlns:x='u' x:k='1' k='2' xml:lang='de'/>")
    assert root.attributes == {
        "u k": "1", "k": "2", "http://www.w3.org/XML/1998/namespace lang": "de",
    }  # fmt: skip
    with pytest.raises(KeyError):
        root.attribute_span("j")


def test_a_default_namespace_leaves_no_prefix():
    root = read("<a xmlns='u'><b/></a>")
    assert (root.namespace, root.prefix, root.children[0].name) == ("u", None, "b")


def refused(data):
    with pytest.raises(DocumentError) as caught:
        read(data)
    diagnostic = caught.value.diagnostic
    return diagnostic.code, (diagnostic.span.line, diagnostic.span.column)


@pytest.mark.parametrize(
    ("data", "code", "place"),
    [
        ("", "XR002", (1, 1)),
        ("text", "XR002", (1, 1)),
        ("<a>\n  <b></a>", "XR002", (2, 8)),
        ("<a>&nbsp;</a>", "XR002", (1, 4)),
        ("<a x:b='1'/>", "XR002", (1, 1)),
        ("<a/><b/>", "XR002", (1, 5)),
        ("<a b='1' b='2'/>", "XR002", (1, 10)),
        ("<a>\x00</a>", "XR002", (1, 4)),
        (b"<a>\xff</a>", "XR002", (1, 4)),
        ("<!DOCTYPE a><a/>", "XR003", (1, 1)),
        ("<!-- <!DOCTYPE -->\n<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "XR003", (2, 1)),
        ("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "XR003", (1, 1)),
        ("<?xml version='1.0'?>\n<!DOCTYPE\na PUBLIC 'x' 'http://h/'><a/>", "XR003", (2, 1)),
        ("\n".join(["<a>"] * 300), "XR005", (257, 1)),
    ],
)
def test_hostile_documents_are_refused_where_they_are_hostile(data, code, place):
    assert refused(data) == (code, place)


def test_the_deepest_that_is_read():
    levels = "<a>" * MOST_LEVELS + "</a>" * MOST_LEVELS
    assert len(flat(read(levels))) == MOST_LEVELS
    assert refused(f"<a>{levels}</a>")[0] == "XR005"


def test_too_many_elements():
    few = ReadLimits(elements=3)
    assert len(flat(parse(Source(b"<a><b/><b/></a>", "guest.xml"), few))) == 3
    with pytest.raises(DocumentError, match="more than 3 elements"):
        parse(Source(b"<a><b/><b/>\n<b/></a>", "guest.xml"), few)


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"", None),
        (b"<a", None),
        (b"<a>1", "a"),
        (b"<a><b>1</b><c>2", "ab"),
        (b"<a><b>1</b></c>", "ab"),
        (b"<a><b><c/>", "abc"),
        (b"<a><b/><b/><b/><b/><b/></a>", "abbb"),
        (b"<a><b><c><d/></c></b></a>", "ab"),
        (b"<a/>", "a"),
    ],
)
def test_what_stands_before_a_fault(data, names):
    """The innermost element that was not closed is left out: what it holds is not known."""
    root = parse_beginning(Source(data, "guest.xml"), ReadLimits(levels=3, elements=4))
    found = None if root is None else "".join(each.local for each in flat(root))
    assert found == names


@pytest.mark.parametrize(
    "hostile",
    [
        b"<a>" + b"<b/>\n" * 50_000 + b"</a>",
        b"<a>" + b"x<!---->" * 200_000 + b"</a>",
        b"<a b='" + b'>/"' * 1_000_000 + b"'/>",
        b"<a" + b" " * 3_000_000 + b"/>",
    ],
    ids=["children", "pieces", "attribute", "blanks"],
)
def test_time_and_memory_grow_no_faster_than_the_document(hostile):
    began = time.process_time()
    tracemalloc.start()
    try:
        root = read(hostile)
        assert root.tag.end <= len(hostile)
        assert len(root.text) < len(hostile)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Some four times what a shared machine needs; quadratic growth would take minutes.
    assert time.process_time() - began < 20
    assert peak < 300 * len(hostile)
