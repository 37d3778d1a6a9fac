"""The page about hosts as HTML.

All that comes from a host is escaped, and shown in an isolated run of text. If something got
through all the same, the policy in the head would let it do nothing: only the one style and the one
script run whose hashes it names.
"""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

from xmlresource.fleet.fleet_state import FleetHost
from xmlresource.fleet.host_report import HostReport
from xmlresource.operations.administration.status import Status
from xmlresource.printable import one_line
from xmlresource.record import record
from xmlresource.reports.host.memory_parts import HUGEPAGES
from xmlresource.reports.layout.times import local_time
from xmlresource.reports.page.host_card import HostCard, Spare, SpareAnswer
from xmlresource.reports.page.host_row import LEGEND, host_row
from xmlresource.reports.page.report_card import card_of_host, cards_of
from xmlresource.units import approximate

_HEADS: Final = (
    ("Host", ""),
    ("Memory", "memory"),
    ("Can be promised", "number"),
    ("Promised", "number"),
    ("Guests", "number"),
    ("Refused (24 h)", "number"),
)
_NO_ANSWERS: Final[Mapping[str, SpareAnswer]] = {}
_SPARE_HEAD: Final = ("If this host is lost", "")


@record
class PageText:
    """The words of a page that its hosts don't say.

    Attributes:
        title: Its title.
        made: When it was made, in seconds since 1970.
        opened: Whether each host's nodes, pools and guests are to be seen at once.
    """

    title: str
    made: int
    opened: bool = False


def page_of_host(status: Status, report: HostReport) -> str:
    """The page about the host that this is, opened."""
    card = card_of_host(status, report)
    return host_page([card], PageText(report.name, report.made, opened=True))


def page_of_fleet(
    hosts: Sequence[FleetHost], made: int, spares: Mapping[str, SpareAnswer] = _NO_ANSWERS
) -> str:
    """The page about the hosts of a fleet.

    Args:
        hosts: The hosts.
        made: When it is made, in seconds since 1970.
        spares: Whether a host may be lost, by its name; of whom nothing is said, nothing is known.
    """
    return host_page(cards_of(hosts, spares), PageText("Memory of the fleet", made))


def host_page(cards: Sequence[HostCard], text: PageText) -> str:
    """One HTML file about the hosts, in the order of their names."""
    style, script = _asset("page.css"), _asset("page.js")
    title = escape(one_line(text.title))
    policy = (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    spared = any(card.spare.spare is not Spare.UNKNOWN for card in cards)
    rows = "".join(
        host_row(card, opened=text.opened, spared=spared)
        for card in sorted(cards, key=lambda card: card.name)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n"
        f"<h1><bdi>{title}</bdi></h1>\n"
        f'<p class="quiet">Made {escape(local_time(text.made))} by xmlresource.</p>\n'
        f"{_figures(cards, spared=spared)}{_legend(cards)}{_TOOLS}"
        f'<div class="wide">\n<table class="hosts">\n<caption class="only">{_CAPTION}</caption>\n'
        f"<thead><tr>{_heads(spared=spared)}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\n</div>\n</main>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


_CAPTION: Final = "Hosts, with their memory as a bar that can be opened"
_TOOLS: Final = (
    '<div class="tools" role="search" hidden>\n'
    '<label for="search">Filter<input type="search" id="search" '
    'placeholder="host, guest, reason"></label>\n'
    '<label><input type="checkbox" id="trouble"> only hosts that need a look</label>\n'
    '<span id="count" class="quiet" role="status"></span>\n</div>\n'
)


def _figures(cards: Sequence[HostCard], *, spared: bool) -> str:
    lacking = sum(card.spare.spare is Spare.LACKING for card in cards)
    figures = [
        *([("hosts", f"{len(cards)}")] if len(cards) != 1 else []),
        ("memory", approximate(sum(card.total for card in cards))),
        ("promised", approximate(sum(card.parts.promised for card in cards))),
        ("free", approximate(sum(card.parts.free for card in cards))),
        ("guests", f"{sum(len(card.guests) for card in cards)}"),
        ("refused in the last day", f"{sum(len(card.refusals) for card in cards)}"),
        *([("can't be lost", f"{lacking}")] if spared else []),
    ]
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures)
    return f'<dl class="figures">{items}</dl>\n'


def _legend(cards: Sequence[HostCard]) -> str:
    pooled = any(card.parts.pools for card in cards)
    items = "".join(
        f'<li><svg viewBox="0 0 10 10" aria-hidden="true"><rect class="{look}" width="10" '
        f'height="10"/></svg>{name}</li>'
        for name, look in LEGEND
        if pooled or name != HUGEPAGES
    )
    return f'<ul class="legend" aria-label="The parts of a bar">{items}</ul>\n'


def _heads(*, spared: bool) -> str:
    return "".join(
        f'<th scope="col" class="{look}">{name}</th>' if look else f'<th scope="col">{name}</th>'
        for name, look in (*_HEADS, *([_SPARE_HEAD] if spared else []))
    )


def _asset(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
