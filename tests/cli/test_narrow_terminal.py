"""What commands print on a terminal of 80 columns: no line is left to it to break in a word."""

import re
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost, domain, guarantee, hard_limit
from tests.fakes.terminal import Terminal
from xmlresource.operations.guests.hook_events import answer

SOURCES = Path(__file__).parents[2] / "fixtures" / "interchange" / "sources"
LONG = "a-guest-with-quite-a-long-name-of-58-characters-0123456789"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    host = FakeHost(tmp_path_factory.mktemp("narrow") / "host", version=2)
    for number, name in enumerate(("db1", LONG), start=1):
        xml = domain(name, number, guarantee(1024) + hard_limit(2048))
        answer(name, "prepare", xml, None, host.machine)
        host.run(name, 4241 + number, xml)
        answer(name, "started", xml, None, host.machine)
    answer("web1", "prepare", domain("web1", 9, guarantee(7000)), None, host.machine)
    (host.root / "guest.xml").write_bytes(domain("web1", 9, guarantee(7000) + hard_limit(8000)))
    return host.root


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("status", "headroom"),
        ("history", "(commitment; largest"),
        ("check {}", "too much"),
        ("check --explain {}", "the rules:"),
        ("overhead {}", "MiB"),
        ("plan {}", "memory.min"),
        ("config", "host_reserve"),
        (f"import {SOURCES / 'esx-custom.vmx'} {SOURCES / 'pinned.vmx'}", "lost"),
        ("doctor", "things looked at"),
        ("hook status", "not installed"),
    ],
    ids=lambda words: words.split()[0],
)
def test_a_line_ends_between_words(root: Path, words: str, shown: str) -> None:
    terminal = Terminal(root, *words.format(root / "guest.xml").split())
    terminal.finish()
    text = re.sub("\x1b\\[[0-9;]*m", "", terminal.already_shown)
    assert shown in text
    assert [line for line in text.splitlines() if len(line) > 80 and len(line.split()) > 1] == []
