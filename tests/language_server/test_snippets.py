from hypothesis import given
from hypothesis import strategies as st

from xmlresource.language_server.snippets import Blank, as_plain_text, as_snippet, content, quoted


def test_blanks_are_numbered_and_offer_what_may_stand_there() -> None:
    pieces = ["<a b=", *quoted(["1", "2"], "'"), ">", content(["x"]), Blank(), "</a>"]
    assert as_snippet(pieces) == "<a b='${1|1,2|}'>${2:x}$3</a>"
    assert as_plain_text(pieces) == "<a b='1'>x</a>"


def test_what_means_something_to_snippets_is_told_apart() -> None:
    assert as_snippet(["$a}\\"]) == "\\$a\\}\\\\"
    assert as_snippet([Blank(("a,b|", "c"))]) == "${1|a\\,b\\|,c|}"
    assert as_snippet([Blank(("a}$",))]) == "${1:a\\}\\$}"


@given(st.text(st.sampled_from("ab&<>'\"$}")))
def test_a_value_is_one_in_xml(value: str) -> None:
    text = as_plain_text(["<a b=", *quoted([value], "'"), "/>"])
    assert text.count("'") == 2
    assert text.count("<") == 1
