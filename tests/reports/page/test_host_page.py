"""The page about hosts: it is sound HTML whatever a host says, and can be read by everybody."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import xmlresource.reports.page
from xmlresource.record import replace
from xmlresource.reports.host.memory_parts import memory_parts
from xmlresource.reports.page.host_card import (
    GuestCard,
    HostCard,
    NodeCard,
    PoolCard,
    RefusalCard,
    Spare,
    SpareAnswer,
)
from xmlresource.reports.page.host_page import PageText, host_page

GIB = 1 << 30
MADE = 1_777_723_200
TEXT = PageText("The fleet", MADE)
VOID = {"meta", "input", "rect"}
STYLE = (Path(xmlresource.reports.page.__file__).parent / "page.css").read_text()

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</td></table></main>",
    "\u202egro.elpmaxe",
    "&lt;b&gt;&amp;",
    "a\x00b\x1b[31m\n",
    "</script><script>",
    "-->]]>",
]


def card(name: str = "kvm1", guest: str = "db1", reason: str = "too large") -> HostCard:
    return HostCard(
        name=name,
        total=64 * GIB,
        promisable=20 * GIB,
        parts=memory_parts(64 * GIB, 30 * GIB, 8 * GIB, 4 * GIB, [(16 * GIB, 12 * GIB)]),
        made=MADE,
        state=reason,
        nodes=(NodeCard(0, 64 * GIB, 30 * GIB, 8 * GIB, GIB, (PoolCard(1 << 30, 8, 2),)),),
        pools=(PoolCard(1 << 30, 8, 2),),
        guests=(GuestCard(guest, "running", 16 * GIB, 12 * GIB),),
        refusals=(RefusalCard(MADE - 60, guest, reason),),
        spare=SpareAnswer(Spare.LACKING, reason),
    )


class Reader(HTMLParser):
    """The elements with their attributes' names, in order; fails where one is not closed."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shape: list[tuple[str, ...]] = []
        self.values: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, *(name for name, _ in attrs)))
        self.values += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.shape.append((tag, *(name for name, _ in attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        self.shape.append((f"/{tag}",))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@given(st.text(), st.text(), st.text())
def test_no_text_of_a_host_changes_the_shape_of_the_page(
    name: str, guest: str, reason: str
) -> None:
    plain = Reader(host_page([card()], TEXT))
    found = Reader(host_page([card(name, guest, reason or "x")], TEXT))
    assert found.shape == plain.shape


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_shown_and_does_nothing(text: str) -> None:
    page = host_page([card(text, text, text)], replace(TEXT, title=text))
    found, plain = Reader(page), Reader(host_page([card()], TEXT))
    assert found.shape == plain.shape
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.count("<script>") == 1
    assert not [name for _, name, _ in found.values if name.startswith("on")]


def test_the_policy_lets_nothing_run_but_what_is_there() -> None:
    page = host_page([card()], TEXT)
    policy = next(value for tag, name, value in Reader(page).values if "default-src" in value)
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        inner = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        assert len(inner) == 1
        told = b64encode(sha256(inner[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{told}'" in policy
    assert " style=" not in page  # the policy forbids them


def test_nothing_comes_from_elsewhere() -> None:
    page = host_page([card()], TEXT)
    assert "http" not in page.replace("http-equiv", "")
    assert not {"src", "href"} & {name for _, name, _ in Reader(page).values}
    assert "url(" not in page
    assert "@import" not in page


def test_who_does_not_see_the_bar_is_told_its_figures() -> None:
    values = Reader(host_page([card()], TEXT)).values
    labels = [value for tag, name, value in values if (tag, name) == ("svg", "aria-label")]
    assert labels[0] == (
        "reserve 4 GiB, promised and used 12 GiB, promised, unused 4 GiB, others 10 GiB, "
        "hugepages 8 GiB, free 26 GiB"
    )
    assert labels[1] == "in use 26 GiB, hugepages 8 GiB"
    assert ("html", "lang", "en") in values
    heads = [value for tag, name, value in values if (tag, name) == ("th", "scope")]
    assert heads.count("row") == 1
    assert ("label", "for", "search") in values


def test_whether_a_host_may_be_lost_is_said_in_words() -> None:
    known = host_page([card(), replace(card("kvm2"), spare=SpareAnswer(Spare.ENOUGH, "yes"))], TEXT)
    assert '<td class="lacking" data-value="lacking too large">too large</td>' in known
    assert '<td class="enough" data-value="enough yes">yes</td>' in known
    assert "can't be lost</dt><dd>1<" in known
    unknown = host_page([replace(card(), spare=SpareAnswer())], TEXT)
    assert "If this host is lost" in known
    assert "If this host is lost" not in unknown
    assert "be lost</dt>" not in unknown


def test_only_what_is_there_is_shown() -> None:
    bare = HostCard("kvm1", GIB, GIB, memory_parts(GIB, GIB, 0, 0, []), MADE)
    page = host_page([bare], replace(TEXT, opened=True))
    assert "<details open>" in page
    assert "<details open>" not in host_page([bare], TEXT)
    for word in ("NUMA", "Hugepages", "hugepages", "with a promise</caption>", "Reason"):
        assert word not in page
    assert 'data-trouble="0"' in page
    assert 'data-trouble="1"' in host_page([replace(bare, state="draining")], TEXT)


def test_hosts_are_in_the_order_of_their_names() -> None:
    page = host_page([card("b"), card("a"), card("c")], TEXT)
    assert re.findall('<th scope="row" data-value="([abc])"', page) == ["a", "b", "c"]


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_differ_enough_to_be_read(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    assert len(blocks) == 2
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[scheme]))
    for text in ("text", "quiet", "good", "bad", "link"):
        for ground in ("page", "row"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for part in ("reserve", "used", "promised", "others", "pools", "quiet"):
        assert contrast(colours[part], colours["page"]) >= 3, part


def test_500_hosts_have_a_row_each() -> None:
    guests = tuple(GuestCard(f"guest{n}", "running", GIB, GIB) for n in range(18))
    cards = [replace(card(f"kvm{n:03}"), guests=guests) for n in range(500)]
    page = host_page(cards, TEXT)
    assert page.count('<th scope="row"') == 500
