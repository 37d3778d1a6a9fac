from hypothesis import given
from hypothesis import strategies as st

from xmlresource.language_server.document_structure import (
    MOST_SYMBOLS,
    Symbol,
    folds,
    is_name,
    paired_names,
    symbols,
)
from xmlresource.language_server.open_document import OpenDocument

DOMAIN = """<domain type='kvm'>
  <name>db1</name>
  <!-- of
  two lines -->
  <devices>
    <disk type='file' device='disk'>
      <source file='/a'/>
      <target dev='vda'/>
    </disk>
  </devices>
</domain>
"""


def opened(text: str) -> OpenDocument:
    return OpenDocument.from_editor("a.xml", 1, text)


def shown(found: Symbol, depth: int = 0) -> list[str]:
    inside = [line for child in found.children for line in shown(child, depth + 1)]
    return [f"{'  ' * depth}{found.name} {found.detail}".rstrip(), *inside]


def test_the_outline_tells_elements_apart() -> None:
    (root,) = symbols(opened(DOMAIN))
    assert shown(root) == [
        "domain kvm db1",
        "  name db1",
        "  devices",
        "    disk file disk vda",
        "      source",
        "      target vda",
    ]


def test_a_broken_document_has_an_outline_too() -> None:
    (root,) = symbols(opened("<domain><devices><disk type='file'><tar</devices>"))
    assert shown(root) == ["domain", "  devices", "    disk file", "      tar"]
    assert symbols(opened("")) == ()


def test_an_endless_document_has_none() -> None:
    assert symbols(opened("<a/>" * (MOST_SYMBOLS + 1))) == ()
    (deep,) = symbols(opened("<a>" * MOST_SYMBOLS))
    assert deep.name == "a"


def test_what_spans_lines_can_be_folded() -> None:
    assert list(folds(opened(DOMAIN))) == [
        (0, 9, False), (4, 8, False), (5, 7, False), (2, 3, True)
    ]  # fmt: skip
    assert list(folds(opened("<a>\n<b>\n"))) == []


def test_the_two_names_of_an_element_belong_together() -> None:
    text = "<a><b x=''>c</b></a><d/><e>"
    document = opened(text)
    pair = ((4, 5), (14, 15))
    assert [at for at in range(len(text)) if paired_names(document, at) == pair] == [4, 5, 14, 15]
    assert paired_names(document, 1) == ((1, 2), (18, 19))
    assert paired_names(document, text.index("d")) == ()
    assert paired_names(document, text.index("e>")) == ()


@given(st.text(st.sampled_from("<>/ab \n'=")), st.integers(0, 30))
def test_what_belongs_together_is_the_same(text: str, at: int) -> None:
    document = opened(text)
    names = [document.text[start:end] for start, end in paired_names(document, at)]
    assert len(names) in {0, 2}
    assert len(set(names)) <= 1


def test_a_name_is_one_of_xml() -> None:
    assert all(map(is_name, ("a", "a-1.b", "xr:memory", "é")))
    assert not any(map(is_name, ("", "1", "a b", "a:b:c", "<a", "a>")))
