"""The bar of `check`: which rule it shows, and that its legend names each part of it."""

from hypothesis import given
from hypothesis import strategies as st

from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand
from xmlresource.admission.reckoning import Decision
from xmlresource.model.host import AncestorLimit, HostFacts, MemoryRegion
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.reports.guests.room_bar import room_bar
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.reports.layout.style import Style

GIB = 1 << 30
HOST = HostFacts(MemoryRegion(24 * GIB, 20 * GIB))
OTHER = Held(Promise("db2", "db2", "qemu", 8 * GIB, PromiseState.RUNNING), charged=8 * GIB)
BLOCKS = Canvas(80)


def on(width: int) -> Canvas:
    """A terminal that has letters alone."""
    return Canvas(width, has_blocks=False)


def decided(asked: int, *limits: AncestorLimit, name: str = "db1") -> Decision:
    return decide(Demand(name, "u", asked), HOST, (OTHER,), 2 * GIB, limits)


def test_a_guest_that_fits() -> None:
    assert room_bar(decided(6 * GIB), on(61)) == (
        "commitment [----================############................]\n"
        "- host reserve 2 GiB   = promised 8 GiB   # db1 6 GiB\n"
        ". left 8 GiB\n"
    )


def test_a_guest_that_does_not_fit() -> None:
    text = room_bar(decided(15 * GIB), on(80))
    bar, *legend = text.splitlines()
    assert bar.startswith("commitment [")
    assert bar.endswith("#>]")
    assert "# db1 15 GiB, 1 GiB too much" in "   ".join(legend)
    assert "left" not in text


def test_the_rule_that_refuses_is_shown() -> None:
    limit = AncestorLimit("/machine/prod", 4 * GIB, 0)
    text = room_bar(decided(6 * GIB, limit), BLOCKS)
    assert text.startswith("ancestors, ")
    assert "█ db1 6 GiB, 6 GiB too much" in text


def test_what_does_not_fit_is_red() -> None:
    coloured = Canvas(80, Style(80, has_colour=True))
    assert "\x1b[32m█" in room_bar(decided(6 * GIB), coloured)
    refused = room_bar(decided(15 * GIB), coloured)
    assert "\x1b[32m" not in refused
    assert "\x1b[31m▶" in refused
    assert "\x1b[31m█\x1b[0m db1 15 GiB" in refused


def test_a_guest_that_asks_for_nothing_has_no_bar() -> None:
    assert room_bar(decided(0), on(80)) == ""


@given(st.text(st.characters(exclude_categories=())), st.integers(1, 2**50), st.integers(1, 200))
def test_nothing_of_a_name_reaches_the_terminal(name: str, asked: int, width: int) -> None:
    limit = AncestorLimit("/" + name, asked - 1, 0)
    text = room_bar(decided(asked, limit, name=name), Canvas(width, Style(width)))
    assert text.replace("\n", "").isprintable()
    assert all(len(line) <= max(width, 120) for line in text.splitlines())
