"""Guests of a host that is reached over the network, as far as libvirt can tell.

The connection is libvirt's own remote one, through a command (``qemu+ext://``) in ssh's place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .harness import sandbox
from .harness.commands import must
from .harness.guests import guarantee
from .test_live import hooked, parsed, product, snapshot, xmlresource

if TYPE_CHECKING:
    from .conftest import NewGuest
    from .harness.product import Product

__all__ = ["hooked", "product", "xmlresource"]  # fixtures

pytestmark = pytest.mark.v1

FAR = "far.example.org"
# What `ssh HOST nc -U SOCKET` would do.
RELAY = """\
#!/usr/bin/python3 -I
import os, select, socket
end = socket.socket(socket.AF_UNIX)
end.connect("/run/libvirt/libvirt-sock")
ways = {0: end.fileno(), end.fileno(): 1}
while True:
    for ready in select.select(list(ways), [], [])[0]:
        data = os.read(ready, 65536)
        if not data:
            raise SystemExit
        while data:
            data = data[os.write(ways[ready], data):]
"""


@pytest.fixture
def uri(xmlresource: Product) -> str:
    del xmlresource  # libvirt runs
    relay = sandbox.STATE / "relay"
    relay.write_text(RELAY)
    relay.chmod(0o755)
    return f"qemu+ext://{FAR}/system?command={relay}"


def test_reading_and_config_work(xmlresource: Product, new_guest: NewGuest, uri: str) -> None:
    guest = new_guest("far", guarantee(50)).running()
    words = ["memtune", guest.name, "--connect", uri]
    for side in ([], ["--live"], ["--config"]):
        assert parsed(must(xmlresource(*words, *side)).stdout)["min_guarantee"] == str(50 * 1024)
    must(xmlresource(*words, "--config", "--hard-limit", "500MiB", "--min-guarantee", "60MiB"))
    found = parsed(must(xmlresource("memtune", guest.name, "--config")).stdout)
    assert (found["hard_limit"], found["min_guarantee"]) == (str(500 * 1024), str(60 * 1024))
    told = must(xmlresource("status", "--connect", uri)).stdout
    assert "xmlresource status" in told
    rows = [line.split() for line in told.splitlines()]
    assert any(row[:1] == [guest.name] and "50" in row for row in rows)


@pytest.mark.parametrize("side", [[], ["--live"], ["--live", "--config"]])
def test_a_live_change_is_refused_and_says_where_to_make_it(
    xmlresource: Product, new_guest: NewGuest, uri: str, side: list[str]
) -> None:
    guest = new_guest("far", guarantee(50)).running()
    before = snapshot(xmlresource, guest)
    words = ["memtune", guest.name, "--connect", uri, "--min-guarantee", "60MiB"]
    result = xmlresource(*words, *side)
    assert result.status == 2
    assert f"on {FAR}, its host, run: xmlresource memtune {guest.name} --live" in result.stderr
    assert "--min-guarantee 61440" in result.stderr
    assert ("--config" in result.stderr) is ("--config" in side)
    assert snapshot(xmlresource, guest) == before


@pytest.mark.parametrize("words", [["{}", "--to", "10MiB"], ["--host", "10MiB", "--yes"]])
def test_memory_is_taken_where_the_guest_runs(
    xmlresource: Product, new_guest: NewGuest, uri: str, words: list[str]
) -> None:
    guest = new_guest("far").running()
    named = [word.format(guest.name) for word in words]
    result = xmlresource("reclaim", *named, "--connect", uri)
    assert result.status == 2
    assert f"on {FAR}, its host, run: xmlresource reclaim " in result.stderr
