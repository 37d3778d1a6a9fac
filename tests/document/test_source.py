import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.document.errors import DocumentError
from xmlresource.document.source import MOST_BYTES, Source

TEXT = "<memtune>\r\n  <!-- größe €? -->\r<hard_limit>1</hard_limit>\n</memtune>\n"


def declared(encoding, quote='"'):
    return f"<?xml version={quote}1.0{quote} encoding={quote}{encoding}{quote}?>\n"


def refused(data):
    with pytest.raises(DocumentError) as caught:
        Source(data, "guest.xml")
    diagnostic = caught.value.diagnostic
    assert diagnostic.path == "guest.xml"
    assert diagnostic.span.line == 1
    return diagnostic.code, str(caught.value)


@pytest.mark.parametrize(
    ("prolog", "codec", "mark"),
    [
        ("", "utf-8", b""),
        ("", "utf-8", codecs.BOM_UTF8),
        (declared("UTF-8"), "utf-8", b""),
        (declared("utf8", "'"), "utf-8", codecs.BOM_UTF8),
        (declared("ISO-8859-15"), "iso-8859-15", b""),
        (declared("windows-1252", "'"), "cp1252", b""),
        (declared("UTF-16"), "utf-16-le", codecs.BOM_UTF16_LE),
        (declared("UTF-16"), "utf-16-be", codecs.BOM_UTF16_BE),
        (declared("UTF-16"), "utf-16-le", b""),
        (declared("UTF-16BE"), "utf-16-be", b""),
        ("", "utf-16-le", codecs.BOM_UTF16_LE),
    ],
)
def test_what_is_read_is_written_back(prolog, codec, mark):
    data = mark + (prolog + TEXT).encode(codec)
    source = Source(data, "guest.xml")
    assert source.text.decode().removeprefix("\ufeff") == prolog + TEXT
    assert source.to_bytes(source.text) == data


@given(st.text(st.characters(codec="utf-8"), max_size=60), st.data())
def test_positions_are_those_of_a_reader_who_counts_characters(text, data):
    source = Source(("<a>" + text).encode(), "a")
    place = data.draw(st.integers(0, len(text) + 3))
    before = ("<a>" + text)[:place]
    if before.endswith("\r") and ("<a>" + text)[place:].startswith("\n"):
        return  # inside a line end
    lines = before.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    assert source.position(len(before.encode())) == (len(lines), len(lines[-1]) + 1)


def test_a_byte_order_mark_has_no_width():
    source = Source(codecs.BOM_UTF8 + b"<a/>\n<b/>", "a")
    assert source.position(3) == (1, 1)
    assert source.line(1) == "<a/>"
    assert source.span(3, 7).end_column == 5


def test_lines_are_given_without_their_ends():
    source = Source(b"<a>\r\nsecond\rthird\n\n</a>", "a")
    assert [source.line(number) for number in range(1, 6)] == ["<a>", "second", "third", "", "</a>"]


def test_a_declaration_counts_only_at_the_beginning():
    data = '<a><!-- <?xml version="1.0" encoding="latin-1"?> é --></a>'.encode()
    assert Source(data, "a").text == data
    data = '<?xml-stylesheet encoding="latin-1"?><a>é</a>'.encode()
    assert Source(data, "a").text == data


def test_too_large():
    code, message = refused(b" " * (MOST_BYTES + 1))
    assert code == "XR004"
    assert str(MOST_BYTES) in message


@pytest.mark.parametrize(
    "encoding",
    ["UTF-16", "utf-16le", "utf-7", "utf-8-sig", "shift_jis", "no-such", "rot13", "hex", "idna"],
)
def test_encodings_that_can_not_be(encoding):
    code, _message = refused((declared(encoding) + "<a>1\\u0031 +AGE-</a>").encode())
    assert code == "XR006"


def test_bytes_that_are_not_what_is_declared():
    assert refused((declared("ascii") + "<a>é</a>").encode())[0] == "XR006"
    assert refused(codecs.BOM_UTF16_LE + b"<\0a")[0] == "XR006"


def test_what_the_encoding_lacks_can_not_be_written():
    source = Source((declared("latin-1") + "<a/>").encode(), "a")
    with pytest.raises(UnicodeEncodeError):
        source.to_bytes("€".encode())


@pytest.mark.parametrize("version", ["2.0", "0.9", "1", "1.", "", "1.0x", "01.0", "é"])
@pytest.mark.parametrize("quote", ["'", '"'])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_versions_of_xml_that_there_are_not(version, quote, mark):
    data = f"{mark}<?xml\tversion = {quote}{version}{quote}?><a/>"
    encodings = ("utf-8", "utf-16-le") if mark else ("utf-8",)
    for encoding in encodings:
        with pytest.raises(DocumentError) as caught:
            Source(data.encode(encoding), "guest.xml")
        found = caught.value.diagnostic
        assert found.code == "XR002"
        assert (found.span.line, found.span.column) == (1, 18)


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.10"])
def test_versions_of_xml(version):
    data = f"<?xml version='{version}'?><a/>".encode()
    assert Source(data, "a").text == data


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
@pytest.mark.parametrize("beginning", ["", "\n", "<!-- -->"])
def test_utf16_that_nothing_gives_away(encoding, beginning):
    """libxml2 does not read it either, and expat would, at other offsets than ours."""
    code, message = refused(f"{beginning}<a/>".encode(encoding))
    assert code == "XR006"
    assert "without a byte order mark" in message


def test_a_mark_that_is_not_of_the_declared_encoding():
    assert refused(("\ufeff" + declared("latin-1") + "<a/>").encode("utf-16-le"))[0] == "XR006"
    assert refused(("\ufeff" + declared("UTF-16") + "<a/>").encode())[0] == "XR006"
