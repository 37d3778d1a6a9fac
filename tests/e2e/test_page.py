"""The page about hosts in a real browser: seen, sorted, filtered, read by keyboard and ear.

With ``XMLRESOURCE_PICTURES=FOLDER`` the browser's pictures are kept there, to be looked at; with
``XMLRESOURCE_WRITE_DOCS=1`` those of the docs are taken anew.
"""

from __future__ import annotations

import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.reports import GIB, promise, report
from xmlresource.fleet.fleet_state import FleetHost, HostState
from xmlresource.fleet.host_report import HostReport, RecentRefusal
from xmlresource.model.host import HostFacts, HugepagePool, MemoryRegion
from xmlresource.record import replace
from xmlresource.reports.page.host_card import Spare, SpareAnswer
from xmlresource.reports.page.host_page import page_of_fleet

from .harness.browser import Browser, browser

MADE = 1_777_723_200
HOSTILE = (
    "<script>document.title='hacked'</script><img src=x onerror=\"document.title='hacked'\">\u202e"
)
ENTER, TAB, SPACE = ("Enter", 13, "\r"), ("Tab", 9), (" ", 32, " ")
PICTURES = os.environ.get("XMLRESOURCE_PICTURES")
DOCS = Path(__file__).parents[2] / "docs" / "pictures"


def host(number: int, chance: random.Random) -> HostReport:
    """A host with some guests, some of them with more than they were promised."""
    total = chance.choice([128, 256, 512]) * GIB
    promises = [
        promise(100 * number + each, chance.choice([2, 4, 8, 16]) * GIB, f"vm-{number}-{each}")
        for each in range(chance.randrange(4, 19))
    ]
    made = report(f"kvm{number:03}.example.org", total=total, promises=tuple(promises))
    guests = tuple(
        replace(
            each, held=replace(each.held, charged=int(each.held.charged * chance.random() * 1.2))
        )
        for each in made.guests
    )
    pool = HugepagePool(2 << 20, 4096, 1024 * chance.randrange(4))
    node = MemoryRegion(total // 2, total // 4, pool.total_bytes, (pool,))
    memory = MemoryRegion(total, total // 2, 2 * pool.total_bytes, (replace(pool, total=8192),))
    refusals = (
        RecentRefusal(MADE - 600, "large", "it asks for a guarantee of 300 GiB, 64 GiB are left"),
    )
    return replace(
        made,
        facts=HostFacts(memory, {0: node, 1: node}),
        guests=guests,
        refusals=refusals if number % 7 == 0 else (),
        made=MADE,
    )


def page_of(count: int) -> str:
    chance = random.Random(count)  # noqa: S311 -- always the same hosts
    hosts = [
        FleetHost(
            f"kvm{number:03}.example.org",
            host(number, chance),
            HostState.DRAINING if number % 11 == 5 else HostState.UP,
            age=7.0,
        )
        for number in range(count)
    ]
    spares = {
        each.name: SpareAnswer(Spare.LACKING, "2 of its guests fit nowhere")
        if number % 9 == 4
        else SpareAnswer(Spare.ENOUGH, "its guests fit elsewhere")
        for number, each in enumerate(hosts)
    }
    return page_of_fleet(hosts, MADE, spares)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if shutil.which("chromium") is None:
        pytest.skip("chromium is not installed")
    with browser(tmp_path_factory.mktemp("chromium")) as found:
        yield found


@pytest.fixture
def seen(chromium: Browser) -> Iterator[Browser]:
    """The browser, which has nothing to complain about."""
    chromium.complaints.clear()
    chromium.prefer("light")
    chromium.size(1300, 900)
    yield chromium
    assert chromium.complaints == []


def show(seen: Browser, folder: Path, page: str) -> None:
    file = folder / "page.html"
    file.write_text(page)
    seen.open(file)


def keep(seen: Browser, name: str) -> bytes:
    picture = seen.picture()
    if PICTURES:
        (Path(PICTURES) / f"{name}.png").write_bytes(picture)
    return picture


def column(seen: Browser, number: int) -> list[str]:
    """The values of a column of the rows that are shown, from above."""
    found: list[str] = seen.run(
        "Array.from(document.querySelectorAll('.hosts > tbody > tr')).filter(r => !r.hidden)"
        f".map(r => r.cells[{number}].dataset.value)"
    )
    return found


def click(seen: Browser, selector: str) -> None:
    seen.run(f"document.querySelector({selector!r}).click()")


def test_it_is_sorted_by_any_column(seen: Browser, tmp_path: Path) -> None:
    show(seen, tmp_path, page_of(12))
    names = column(seen, 0)
    assert names == sorted(names)
    heads = seen.run("document.querySelectorAll('.hosts > thead button').length")
    assert heads == 7
    click(seen, ".hosts > thead th:nth-child(4) button")
    promised = [int(value) for value in column(seen, 3)]
    assert promised == sorted(promised, reverse=True)
    assert promised != sorted(promised)
    click(seen, ".hosts > thead th:nth-child(4) button")
    assert [int(value) for value in column(seen, 3)] == sorted(promised)
    state = "document.querySelectorAll('.hosts > thead th')[3].getAttribute('aria-sort')"
    assert seen.run(state) == "ascending"
    click(seen, ".hosts > thead th:nth-child(7) button")
    assert column(seen, 6)[-1].startswith("lacking")
    assert seen.run(state) is None


def test_it_is_filtered_by_words_and_by_trouble(seen: Browser, tmp_path: Path) -> None:
    show(seen, tmp_path, page_of(30))
    seen.run("document.getElementById('search').focus()")
    seen.ask("Input.insertText", text="KVM00 vm-3-")
    assert column(seen, 0) == ["kvm003.example.org"]
    assert seen.run("document.getElementById('count').textContent") == "1 of 30 hosts shown"
    seen.run("document.getElementById('search').select()")
    seen.ask("Input.insertText", text="nowhere")
    assert column(seen, 0) == [f"kvm{number:03}.example.org" for number in (4, 13, 22)]
    keep(seen, "filtered")
    seen.run("document.getElementById('search').select()")
    seen.press("Delete", 46)
    click(seen, "#trouble")
    troubled = {n for n in range(30) if n % 7 == 0 or n % 11 == 5 or n % 9 == 4}
    assert column(seen, 0) == [f"kvm{number:03}.example.org" for number in sorted(troubled)]


def test_it_can_be_read_by_keyboard(seen: Browser, tmp_path: Path) -> None:
    show(seen, tmp_path, page_of(2))
    focused = []
    for _ in range(12):
        seen.press(*TAB)
        focused.append(seen.run("document.activeElement.tagName"))
    # Search, box, a button each column, a bar each host.
    assert focused[:11] == ["INPUT", "INPUT", *["BUTTON"] * 7, "SUMMARY", "SUMMARY"]
    seen.run("document.querySelector('summary').focus()")
    opened = "document.querySelector('details').open"
    assert seen.run(opened) is False
    seen.press(*ENTER)
    assert seen.run(opened) is True
    assert seen.run("document.documentElement.scrollWidth <= window.innerWidth") is True
    inside = "(e => e.scrollWidth <= e.clientWidth)(document.querySelector('.inside'))"
    assert seen.run(inside) is True
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert seen.run(outline) == "solid"
    seen.press(*SPACE)
    assert seen.run(opened) is False


def test_a_screen_reader_is_told_all(seen: Browser, tmp_path: Path) -> None:
    show(seen, tmp_path, page_of(12))
    spoken = seen.spoken()
    roles = {role for role, _ in spoken}
    assert {"table", "columnheader", "rowheader", "searchbox", "checkbox", "status"} <= roles
    assert {"main", "heading", "search"} <= roles
    bars = [name for role, name in spoken if role in {"image", "img"}]
    assert len([name for name in bars if name.startswith("reserve 4 GiB, promised and ")]) == 12
    names = {name for _, name in spoken}
    assert "2 of its guests fit nowhere" in names
    assert [role for role, name in spoken if role in {"button", "searchbox"} and not name] == []


def test_it_is_dark_where_the_reader_likes_it(seen: Browser, tmp_path: Path) -> None:
    show(seen, tmp_path, page_of(12))
    click(seen, "summary")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = keep(seen, "light")
    assert seen.run(ground) == "rgb(255, 255, 255)"
    seen.prefer("dark")
    assert seen.run(ground) == "rgb(20, 24, 31)"
    assert keep(seen, "dark") != light


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_docs_have_a_picture(seen: Browser, tmp_path: Path, scheme: str) -> None:
    seen.size(1200, 520)
    seen.prefer(scheme)
    show(seen, tmp_path, page_of(12))
    file = DOCS / f"fleet-{scheme}.png"
    if os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        file.write_bytes(seen.picture())
    # Fonts differ from machine to machine, so it can't be compared to the byte.
    assert file.read_bytes().startswith(b"\x89PNG")


def test_hostile_names_do_nothing(seen: Browser, tmp_path: Path) -> None:
    bad = report("kvm1", promises=(promise(1, GIB, HOSTILE),))
    bad = replace(bad, refusals=(RecentRefusal(MADE, HOSTILE, HOSTILE),))
    spare = {HOSTILE: SpareAnswer(Spare.LACKING, HOSTILE)}
    show(seen, tmp_path, page_of_fleet([FleetHost(HOSTILE, bad), FleetHost("b", bad)], MADE, spare))
    assert seen.run("document.title") == "Memory of the fleet"
    assert seen.run("document.scripts.length") == 1
    assert seen.run("document.images.length") == 0
    assert "<script>document.title" in seen.run("document.body.innerText")


def test_what_is_slipped_in_may_not_run(chromium: Browser, tmp_path: Path) -> None:
    """If the page escaped nothing, its policy would still hold."""
    page = page_of(1).replace("</main>", "<script>document.title='hacked'</script></main>")
    chromium.complaints.clear()
    show(chromium, tmp_path, page)
    assert chromium.run("document.title") == "Memory of the fleet"
    assert any("Content Security Policy" in each for each in chromium.complaints)


def test_500_hosts_are_made_shown_and_filtered_at_once(seen: Browser, tmp_path: Path) -> None:
    before = time.process_time()
    page = page_of(500)
    assert time.process_time() - before < 5  # most of it makes the hosts
    show(seen, tmp_path, page)
    keep(seen, "500-hosts")
    assert len(column(seen, 0)) == 500
    took = seen.run(
        "(() => { const s = document.getElementById('search'); s.value = 'vm-499-'; "
        "const t = performance.now(); s.dispatchEvent(new Event('input')); "
        "document.body.offsetHeight; return performance.now() - t; })()"
    )
    assert column(seen, 0) == ["kvm499.example.org"]
    assert took < 1000


def test_a_narrow_window_cuts_nothing_off(seen: Browser, tmp_path: Path) -> None:
    seen.size(500, 900)
    show(seen, tmp_path, page_of(12))
    keep(seen, "narrow")
    assert seen.run("document.documentElement.scrollWidth") <= 500
    assert seen.run("document.querySelector('.wide').scrollWidth >= 500") is True


def test_without_script_it_is_a_plain_table(seen: Browser, tmp_path: Path) -> None:
    seen.ask("Emulation.setScriptExecutionDisabled", value=True)
    try:
        show(seen, tmp_path, page_of(12))
        tools = "getComputedStyle(document.querySelector('.tools')).display"
        assert seen.run(tools) == "none"
        assert len(column(seen, 0)) == 12
        assert seen.run("document.querySelectorAll('button').length") == 0
    finally:
        seen.ask("Emulation.setScriptExecutionDisabled", value=False)
