"""The small parts, each by itself."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.relaxng.core import names
from xmlresource.relaxng.diagnosing.document_text import DocumentText
from xmlresource.relaxng.diagnosing.suggestions import distance, nearest
from xmlresource.relaxng.diagnosing.wording import clip, listed
from xmlresource.relaxng.loading import sources
from xmlresource.relaxng.xsd import datatypes, regex


@pytest.mark.parametrize(
    ("left", "right", "common"),
    [
        ("a", "a", True),
        ("a", "u a", False),
        ("a", ("any", None), True),
        ("a", ("any", "a"), False),
        ("u a", ("ns", "u", None), True),
        ("u a", ("ns", "v", None), False),
        (("ns", "", None), "a", True),
        (("ns", "", None), ("ns", "u", None), False),
        (("any", ("ns", "u", None)), ("ns", "u", None), False),
        (("any", ("or", ("a", "b"))), ("or", ("a", "c")), True),
        (("any", None), ("any", ("ns", "u", None)), True),
        (("ns", "u", "u a"), "u a", False),
        (("ns", "u", "u a"), ("any", "u b"), True),
    ],
)
def test_overlap(left: names.NameClass, right: names.NameClass, *, common: bool) -> None:
    assert (names.overlap(left, right) is not None) == common
    assert (names.overlap(right, left) is not None) == common


@pytest.mark.parametrize(
    "expression",
    ["(", ")", "a)", "[", "[]", "[a", "*", "a**b[", "a{", "a{2,1}", "a{x}", "\\", "\\y", "[z-a]",
     "\\p", "\\p{Xx}", "\\p{IsNowhere}", "[a-\\d]", "[a-z-[b]x]", "]", "}"],
)  # fmt: skip
def test_bad_expressions(expression: str) -> None:
    with pytest.raises(regex.RegexError):
        regex.translate(expression)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=5))
def test_a_literal_matches_itself(text: str) -> None:
    escaped = re.sub(r"([\\|.\-^?*+{}()\[\]])", r"\\\1", text)
    assert regex.matcher(escaped)(text)
    assert not regex.matcher(escaped)(text + "x")


@given(st.integers(), st.integers(), st.integers())
def test_integer_bounds(low: int, high: int, number: int) -> None:
    params = (("minInclusive", str(low)), ("maxExclusive", f" {high}\n"))
    datatypes.check_params(datatypes.XSD, "integer", params)
    accepts = datatypes.Datatype(datatypes.XSD, "integer", params).accepts
    assert accepts(str(number)) == (low <= number < high)


@given(st.dates(), st.dates())
def test_dates_are_ordered(left: object, right: object) -> None:
    test = datatypes.Datatype(datatypes.XSD, "date", (("minInclusive", str(left)),))
    assert test.accepts(str(right)) == (str(left) <= str(right))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3), st.integers())
def test_decimals_are_exact(number: object, bound: int) -> None:
    test = datatypes.Datatype(datatypes.XSD, "decimal", (("maxInclusive", f"{bound}.0005"),))
    from decimal import Decimal  # noqa: PLC0415  # of this test alone

    assert test.accepts(f"{number:f}") == (Decimal(str(number)) <= Decimal(f"{bound}.0005"))


@given(st.text("ab_-C", max_size=6), st.text("ab_-C", max_size=6))
def test_distance_is_symmetric_and_capped(left: str, right: str) -> None:
    full = distance(left, right, 20)
    assert full == distance(right, left, 20)
    assert (full == 0) == (left == right)
    assert distance(left, right, 1) == min(full, 2)


@pytest.mark.parametrize(
    ("name", "candidates", "expected"),
    [
        ("hard_limitt", ["hard_limit", "soft_limit"], "hard_limit"),
        ("hardLimit", ["hard_limit", "soft_limit"], "hard_limit"),
        ("mdoe", ["mode", "model", "moder"], "mode"),
        ("vcpuu", ["vcpus", "vcpu", "cpu"], "vcpu"),
        ("vmga", ["vga", "vmvga"], "vmvga"),
        ("x", ["n", "t"], None),
        ("X", ["x"], "x"),
        ("zyxwvut", ["hard_limit"], None),
        ("a" * 1000, ["a"], None),
        ("", ["a"], None),
    ],
)
def test_nearest(name: str, candidates: list[str], expected: str | None) -> None:
    assert nearest(name, candidates) == expected


@pytest.mark.parametrize(
    ("base", "reference", "joined"),
    [
        ("/a/b.rng", "c.rng", "/a/c.rng"),
        ("/a/b.rng", "../c.rng", "/a/../c.rng"),
        ("/a/b.rng", "/c.rng", "/c.rng"),
        ("b.rng", "c.rng", "c.rng"),
        ("/a/sub/", "c.rng", "/a/sub/c.rng"),
        ("/a/b.rng", "sub/", "/a/sub/"),
        ("/a/b.rng", "", "/a/b.rng"),
        ("/a/b.rng", "file:///c%20d.rng", "/c d.rng"),
        ("/a/b.rng", "http://x/y", "http://x/y"),
        ("http://x/y/z", "w", "http://x/y/w"),
        ("/a/b.rng", "%C3%A9.rng", "/a/\u00e9.rng"),
    ],
)
def test_join(base: str, reference: str, joined: str) -> None:
    assert sources.join(base, reference) == joined


def test_positions() -> None:
    document = DocumentText("\ufeff<a>\r\n\u00e9<b/>\r<c/>\n\n</a>".encode())
    data = document.data
    places = [document.position(data.index(part)) for part in (b"<a>", b"<b/>", b"<c/>", b"</a>")]
    assert [(place.line, place.column) for place in places] == [(1, 1), (2, 2), (3, 1), (5, 1)]


def test_tags() -> None:
    document = DocumentText(b"""<p:a\n x = "1>2"\txmlns:p='u'  p:y='&quot;'/>""")
    tag = document.tag(0)
    assert tag.raw == "p:a"
    assert tag.raw_names == ("x", "p:y")
    assert [document.text(span) for span in tag.values] == ["1>2", "&quot;"]
    assert tag.prefixes == (("p", "u"),)


def test_words() -> None:
    assert clip("a  b\nc") == "a b c"
    assert clip("x" * 300) == "x" * 197 + "..."
    assert listed(["a", "b", "c"], last="or") == "a, b or c"
    assert listed([str(n) * 10 for n in range(10)], 30) == "0000000000, 1111111111 and 8 more"
