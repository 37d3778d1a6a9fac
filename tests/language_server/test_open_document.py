from hypothesis import given
from hypothesis import strategies as st

from xmlresource.language_server.open_document import OpenDocument, TextChange
from xmlresource.language_server.positions import ColumnUnit

TEXTS = st.text(st.sampled_from("ab<\n\ré\u2028\x85\U0001f600"), max_size=12)


def units(text: str) -> list[str]:
    """The text in the units of columns, of which a line end takes what it takes."""
    data = text.encode("utf-16-le", "surrogatepass")
    return [data[i : i + 2].decode("utf-16-le", "surrogatepass") for i in range(0, len(data), 2)]


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, int, int, str]:
    text = draw(TEXTS)
    start = draw(st.integers(0, len(text)))
    return text, start, draw(st.integers(start, len(text))), draw(TEXTS)


@given(edits())
def test_a_change_is_what_the_editor_made(edit: tuple[str, int, int, str]) -> None:
    text, start, end, new = edit
    document = OpenDocument.from_editor("a.xml", 1, text)
    places = [document.positions.position(len(text[:at].encode())) for at in (start, end)]
    inside_an_end = any("\r\n" in text[at - 1 : at + 1] for at in (start, end) if at)
    changed = document.changed([TextChange(new, *places)], 2)
    assert changed.version == 2
    if not inside_an_end:  # no editor can name that place
        assert changed.text.decode() == text[:start] + new + text[end:]


def test_changes_are_made_one_after_the_other() -> None:
    document = OpenDocument.from_editor("a.xml", 1, "<a/>")
    changed = document.changed(
        [TextChange("b\n", (0, 1), (0, 2)), TextChange("c", (1, 0), (1, 0)), TextChange("!")], 2
    )
    assert changed.text == b"!"
    assert document.changed([TextChange("b\n", (0, 1), (0, 2)), TextChange("c", (1, 0), (1, 0))],
                            2).text == b"<b\nc/>"  # fmt: skip


def test_a_range_that_is_back_to_front_takes_nothing() -> None:
    document = OpenDocument.from_editor("a.xml", 1, "<a/>")
    assert document.changed([TextChange("x", (0, 3), (0, 1))], 2).text == b"<a/x>"


def test_half_a_pair_does_no_harm() -> None:
    assert OpenDocument.from_editor("a.xml", 1, "<a\ud83d/>").text == b"<a?/>"


def test_the_bytes_are_in_the_encoding_that_is_declared() -> None:
    def data(text: str) -> bytes:
        return OpenDocument.from_editor("a.xml", 1, text, ColumnUnit.UTF_8).data

    assert data("<a>é</a>") == "<a>é</a>".encode()
    latin = "<?xml version='1.0' encoding='iso-8859-1'?><a>é</a>"
    assert data(latin) == latin.encode("latin-1")
    # What the editor has read as something else is checked as it shows it.
    assert data(latin.replace("é", "€")) == (
        "<?xml version='1.0'                      ?><a>€</a>".encode()
    )
    unknown = "<?xml version='1.0' encoding='none-such'?><a/>"
    assert data(unknown) == unknown.encode()
