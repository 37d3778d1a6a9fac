"""The first line of every kind of refusal: all that graphical tools show of it."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.host import FakeHost, domain, guarantee, hard_limit
from xmlresource.errors import ExitStatus
from xmlresource.operations.guest import RefusalError
from xmlresource.operations.guests.hook_events import answer
from xmlresource.printable import LONGEST_MESSAGE

LONG = "a-guest-with-a-name-that-nobody-would-like-to-type-" * 4
FITS = domain(LONG, 1, guarantee(64))
GROUP = f"<resource><partition>/{'p' * 90}/{'q' * 90}</partition></resource>"


def _nothing(_host: FakeHost) -> None:
    """The guest itself is the reason."""


def _broken_settings(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", f'{"unknown_key" * 30} = "{"x" * 400}"\n')


def _no_state_folder(host: FakeHost) -> None:
    host.write("/run/xmlresource", "in the way")


def _later_ledger(host: FakeHost) -> None:
    answer("first", "prepare", domain("first", 9, guarantee(1)), None, host.machine)
    host.write("/run/xmlresource/ledger", '{"format":"xmlresource-ledger","version":99}\n')


def _no_memory(host: FakeHost) -> None:
    host.write("/proc/meminfo", "")


def _others(host: FakeHost) -> None:
    for number in range(2, 5):
        name = f"{number}{LONG}"
        answer(name, "prepare", domain(name, number, guarantee(1000)), None, host.machine)


def _budget(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", f'[partitions]\n"/{"p" * 90}" = "1MiB"\n')


KINDS: dict[str, tuple[Callable[[FakeHost], None], bytes]] = {
    "no XML": (_nothing, b"<domain xmlns:a='urn:xmlresource:1'><" + b"b" * 500),
    "no uuid": (_nothing, FITS.replace(b"uuid>", b"nouuid>")),
    "a fault": (_nothing, domain(LONG, 1, guarantee(64) + hard_limit(32))),
    "an endless value": (_nothing, FITS.replace(b"64</xr", b"6" * 900 + b"</xr")),
    "an endless element": (_nothing, domain(LONG, 1, f"<xr:{'m' * 900}/>" + guarantee(1))),
    "container": (_nothing, domain(LONG, 1, guarantee(64), kind="lxc", ram=64)),
    "settings": (_broken_settings, FITS),
    "state": (_no_state_folder, FITS),
    "a later ledger": (_later_ledger, FITS),
    "no meminfo": (_no_memory, FITS),
    "commitment": (_others, domain(LONG, 1, guarantee(7000))),
    "partition": (_budget, domain(LONG, 1, guarantee(64), more=GROUP)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_short_and_names_the_guest(kind: str, tmp_path: Path) -> None:
    breaks, xml = KINDS[kind]
    host = FakeHost(tmp_path, version=2)
    breaks(host)
    status, text = answer(LONG, "prepare", xml, None, host.machine)
    assert status != ExitStatus.FINE
    first = text.partition("\n")[0]
    assert first.startswith(f"xmlresource: guest '{LONG[:47]}…' refused: ")
    assert len(first) <= LONGEST_MESSAGE
    assert first.isprintable()
    if first.endswith("…"):
        assert text.splitlines()[1].startswith(first[:100])


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"])), st.text())
def test_what_is_cut_stands_below(first: str, rest: str) -> None:
    shown, below = str(RefusalError(ExitStatus.REFUSED, f"{first}\n{rest}")).split("\n", 1)
    assert len(shown) <= LONGEST_MESSAGE
    assert below == (rest if shown == first else f"{first}\n{rest}")
