from hypothesis import given
from hypothesis import strategies as st

from xmlresource.relaxng.completing.markup import ASIDE, EMPTY, END, START, MarkupTree

PIECES = st.lists(
    st.sampled_from(
        ["<a>", "<a", "</a>", "</a", "<b x='1'>", "<b x='", "</b>", "<c/>", "<", ">", "'", '"',
         "<!-- ", "-->", "<![CDATA[", "]]>", "<?x", "?>", "text", " ", "\n", "&lt;", "é", "<p:q y"]
    )
).map("".join)  # fmt: skip


@given(PIECES)
def test_anything_is_read_and_every_byte_once(text: str) -> None:
    data = text.encode()
    tree = MarkupTree(data)
    at = 0
    for piece in tree.pieces:
        assert b"<" not in data[at : piece.start]
        assert at <= piece.start < piece.end <= len(data)
        at = piece.end
        for each in piece.attributes():
            assert piece.start < each.start < each.name_end <= piece.end
            if each.value is not None:
                assert each.name_end < each.value_start <= each.value_end <= piece.end
    assert b"<" not in data[at:]
    for element in tree.elements:
        assert element.tag.end <= element.end <= len(data)
        assert all(
            element.tag.end <= child.tag.start and child.end <= element.end
            for child in element.children
        )
        if element.closing is not None:
            assert element.name.startswith(element.closing.name)
            assert element.closing.whole <= (element.closing.name == element.name)


@given(PIECES, st.integers(0, 40))
def test_the_innermost_element_is_found(text: str, offset: int) -> None:
    tree = MarkupTree(text.encode())
    found = tree.at(offset)
    around = [each for each in tree.elements if each.tag.start <= offset <= each.end]
    assert (found is None) == (not around)
    assert found is None or found is around[-1]


def shape(text: str) -> list[tuple[int, str, bool]]:
    return [(each.kind, each.name, each.whole) for each in MarkupTree(text.encode()).pieces]


def test_tags_are_told_apart() -> None:
    assert shape("<a><b x='>'/></a><!-- <c> --><?d?>") == [
        (START, "a", True),
        (EMPTY, "b", True),
        (END, "a", True),
        (ASIDE, "", True),
        (ASIDE, "", True),
    ]


def test_a_tag_that_does_not_end_is_cut_off_at_the_next() -> None:
    assert shape("<a <b x='1>\n<c y=\"</d <") == [
        (START, "a", False),
        (START, "b", False),
        (START, "c", False),
        (END, "d", False),
        (START, "", False),
    ]


def test_an_element_without_an_end_tag_ends_with_the_one_around_it() -> None:
    tree = MarkupTree(b"<a><b><c/></a></b><d>")
    a, b, c, d = tree.elements
    assert (b.parent, c.parent, b.lacks_end, b.end) == (a, b, True, 10)
    assert a.closing is not None
    assert [each.name for each in tree.strays] == ["b"]
    assert (d.cut, d.end, d.lacks_end) == (True, 21, True)
    assert not c.lacks_end
    assert [each.name for each in c.path()] == ["a", "b", "c"]


def test_attributes_are_read_without_their_end() -> None:
    (tag,) = MarkupTree(b"<a b='1' c = \"&amp;2\" d e='f g").pieces
    assert [(each.name, each.value, each.closed) for each in tag.attributes()] == [
        ("b", "1", True),
        ("c", "&2", True),
        ("d", None, False),
        ("e", "f g", False),
    ]
    assert MarkupTree(b"<a b='1'/>").elements[0].attribute("b") == "1"
    assert MarkupTree(b"<a b='1'/>").elements[0].attribute("c") is None


def test_hostile_markup_takes_no_longer_for_being_hostile() -> None:
    """Each would take hours if a byte were looked at again for each one before it."""
    for text in (b'<a b="' * 50_000, b"<a>" * 50_000 + b"</b>" * 50_000, b"<!--" * 50_000):
        tree = MarkupTree(text)
        assert tree.at(len(text)) is None or tree.elements
