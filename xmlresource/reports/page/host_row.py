"""A host's row in the page: its bar, its figures, and what is seen when the bar is opened."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from xmlresource.printable import LONGEST, one_line, printable
from xmlresource.reports.layout.times import local_time
from xmlresource.reports.page.host_card import (
    CLAIMED,
    UP,
    GuestCard,
    HostCard,
    NodeCard,
    PoolCard,
    RefusalCard,
    Spare,
)
from xmlresource.units import approximate

LEGEND: Final = (
    ("reserve", "reserve"),
    ("promised and used", "used"),
    ("promised, unused", "promised"),
    ("others", "others"),
    ("hugepages", "pools"),
    ("free", "free"),
)
"""The parts of a bar: the name, and the class that gives it its colour."""

_WHOLE: Final = 1000
"""The units of a bar's width."""


def host_row(card: HostCard, *, opened: bool, spared: bool) -> str:
    """The row of a host, and what can be opened in it.

    Args:
        card: The host.
        opened: Whether it is opened at once.
        spared: Whether there is a column for what becomes of its guests if it is lost.
    """
    parts, spare = card.parts, card.spare
    in_trouble = spare.spare is Spare.LACKING or bool(card.refusals) or card.state != UP
    state = "" if card.state == UP else f' <span class="warning">{_text(card.state)}</span>'
    refused = "number warning" if card.refusals else "number"
    name, opening = _name(card.name), " open" if opened else ""
    details = f"<details{opening}>{_opener(card)}{_inside(card)}</details>"
    cells = [
        f'<th scope="row" data-value="{name}"><bdi>{name}</bdi>{state}</th>',
        _cell("memory", f"{card.total}", details),
        _size(card.promisable),
        _size(parts.promised),
        _cell("number", f"{len(card.guests)}", f"{len(card.guests)}"),
        _cell(refused, f"{len(card.refusals)}", f"{len(card.refusals)}"),
    ]
    if spared:
        look, words = spare.spare.value, _text(spare.words)
        cells.append(_cell(look, f"{look} {words}", words))
    return f'<tr data-trouble="{int(in_trouble)}">{"".join(cells)}</tr>\n'


def _cell(look: str, value: str, shown: str) -> str:
    """A cell of what is HTML already, with the value that it is sorted by."""
    return f'<td class="{look}" data-value="{value}">{shown}</td>'


def _size(size: int) -> str:
    return _cell("number", f"{size}", approximate(size))


def _opener(card: HostCard) -> str:
    """The bar; who does not see it is told its figures."""
    named = card.parts.named()
    told = ", ".join(f"{name} {approximate(size)}" for name, size in named if size)
    whole = max(1, sum(size for _, size in named))
    shares = [(look, size / whole) for (_, size), (_, look) in zip(named, LEGEND, strict=True)]
    return f"<summary>{_picture(told, shares)}</summary>"


def _name(name: str) -> str:
    return escape(printable(name, LONGEST))


def _text(text: str) -> str:
    return escape(one_line(text))


def _picture(told: str, shares: Iterable[tuple[str, float]]) -> str:
    """A bar of shares of the whole; what is free is the ground it stands on."""
    begin, rects = 0.0, []
    for look, share in shares:
        width = share * _WHOLE
        if width and look != "free":
            rects.append(f'<rect class="{look}" x="{begin:.1f}" width="{width:.1f}" height="10"/>')
        begin += width
    return (
        f'<svg class="bar" viewBox="0 0 {_WHOLE} 10" preserveAspectRatio="none" role="img" '
        f'aria-label="{told}">{"".join(rects)}</svg>'
    )


def _inside(card: HostCard) -> str:
    if card.made is None:
        return '<div class="inside"><p>Nothing is known of it.</p></div>'
    legend = ", ".join(f"{name} {approximate(size)}" for name, size in card.parts.named() if size)
    return (
        f'<div class="inside"><p>{approximate(card.total)}: {legend}. '
        f'<span class="quiet">Found {escape(local_time(card.made))}.</span></p>'
        f"{_nodes(card.nodes)}{_pools(card)}{_guests(card.guests)}{_refusals(card.refusals)}</div>"
    )


def _nodes(nodes: Sequence[NodeCard]) -> str:
    return _table(
        "NUMA nodes",
        ("Node", "In use, hugepages, free", "Available", "Promised here"),
        [
            (
                f"{each.number}",
                _node_bar(each),
                approximate(each.available),
                approximate(each.promised) if each.promised else "-",
            )
            for each in nodes
        ],
        bars=True,
    )


def _node_bar(node: NodeCard) -> str:
    used = max(0, node.total - node.available - node.pooled)
    told = f"in use {approximate(used)}, hugepages {approximate(node.pooled)}"
    whole = max(1, node.total)
    return _picture(told, [("taken", used / whole), ("pools", node.pooled / whole)])


def _pools(card: HostCard) -> str:
    of_nodes = [(f"node {node.number}", pool) for node in card.nodes for pool in node.pools]
    pools: list[tuple[str, PoolCard]] = [("host", pool) for pool in card.pools]
    return _table(
        "Hugepages",
        ("Of", "Page", "Free", "Total"),
        [
            (where, approximate(pool.page_size), f"{pool.free}", f"{pool.total}")
            for where, pool in (*pools, *of_nodes)
        ],
    )


def _guests(guests: Sequence[GuestCard]) -> str:
    claims = any(each.state == CLAIMED for each in guests)
    return _table(
        "Guests with a promise or a claim" if claims else "Guests with a promise",
        ("Guest", "State", "Promised", "Used"),
        [
            (
                f"<bdi>{_name(each.name)}</bdi>",
                _text(each.state),
                approximate(each.promised),
                approximate(each.used),
            )
            for each in guests
        ],
    )


def _refusals(refusals: Sequence[RefusalCard]) -> str:
    return _table(
        "Refused in the last day",
        ("Time", "Guest", "Reason"),
        [
            (
                escape(local_time(each.time)),
                f"<bdi>{_name(each.guest)}</bdi>",
                f"<bdi>{_text(each.reason)}</bdi>",
            )
            for each in refusals
        ],
        numbers=False,
    )


def _table(
    caption: str,
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    numbers: bool = True,
    bars: bool = False,
) -> str:
    """A table of cells that are HTML already; nothing without rows."""
    if not rows:
        return ""
    looks = ["", "", *(["number"] * (len(heads) - 2) if numbers else [""] * (len(heads) - 2))]
    if bars:
        looks[1] = "memory"
    marks = [f' class="{look}"' if look else "" for look in looks]
    head = "".join(
        f'<th scope="col"{mark}>{name}</th>' for name, mark in zip(heads, marks, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(row, marks, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f"<table><caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )
