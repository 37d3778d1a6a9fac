"""The docs' pictures of the program on a terminal are what it prints.

``XMLRESOURCE_WRITE_DOCS=1 pytest tests/pictures`` draws them anew; look at them.
"""

import os
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.host import GIB, FakeHost, domain, guarantee, hard_limit
from tests.fakes.terminal import Terminal
from tests.pictures.terminal_picture import picture
from xmlresource.operations.guests.hook_events import answer

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 80
NOON = 1_777_723_200  # 2026-05-02 12:00 UTC

TAKEN = {
    "status": ("status",),
    "check": ("check", "web1.xml"),
    "history": ("history", "--since", "2026-05-02"),
    "doctor": ("doctor", "--quiet"),
    "validate": ("validate", "db1.xml"),
}

FAULTY = """\
<domain type='kvm'>
  <name>db1</name>
  <memory unit='GiB'>4</memory>
  <memtune>
    <hard_limit unit='Mb '>5000</hard_limit>
  </memtune>
  <metadata>
    <xr:resource xmlns:xr="urn:xmlresource:1">
      <xr:memory>
        <xr:memorySoftLimt unit="GiB">3</xr:memorySoftLimt>
        <xr:memoryMinGuarantee unit="GiB">2</xr:memoryMinGuarantee>
      </xr:memory>
    </xr:resource>
  </metadata>
</domain>
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    """A host of 32 GiB with three guests, and one that was refused; where its files are."""
    made = FakeHost(tmp_path / "host", version=2)
    made.memory(32 * GIB, 17 * GIB)
    clock = iter(range(NOON, NOON + 10_000, 97))
    monkeypatch.setattr("xmlresource.operations.event_log.seconds_since_1970", lambda: next(clock))
    guests = {"db1": (8, 7.2, 10), "mail": (4, 1.1, 6), "wiki": (2, 2.6, 4)}
    for number, (name, (promised, charged, limit)) in enumerate(guests.items(), start=1):
        xml = domain(name, number, guarantee(promised * 1024) + hard_limit(limit * 1024))
        answer(name, "prepare", xml, None, made.machine)
        folder = made.run(name, 4200 + number, xml)
        answer(name, "started", xml, None, made.machine)
        made.write(f"{folder}/memory.current", f"{int(charged * GIB)}\n")
    large = domain("web1", 9, guarantee(16 * 1024) + hard_limit(20 * 1024), ram=16 * 1024)
    answer("web1", "prepare", large, None, made.machine)
    documents = tmp_path / "documents"
    documents.mkdir()
    (documents / "web1.xml").write_bytes(large)
    (documents / "db1.xml").write_text(FAULTY)
    monkeypatch.chdir(documents)
    return made


@pytest.mark.parametrize("name", TAKEN)
def test_a_picture_shows_what_is_printed(host: FakeHost, name: str) -> None:
    words = TAKEN[name]
    terminal = Terminal(host.root, *words, columns=COLUMNS, rows=60, TZ="UTC", HOME="/nowhere")
    terminal.finish()
    assert "Traceback" not in terminal.already_shown
    printed = terminal.already_shown.replace("\r\n", "\n")
    command = "xmlresource " + " ".join(words)
    drawn = picture(command, f"# {command}\n{printed}", COLUMNS)
    file = PICTURES / f"{name}.svg"
    if os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        file.write_text(drawn)
    assert file.read_text() == drawn, "run tests/pictures with XMLRESOURCE_WRITE_DOCS=1"


def test_each_picture_is_drawn_by_a_test_and_shown_in_the_docs() -> None:
    assert {file.stem for file in PICTURES.glob("*.svg")} == set(TAKEN)
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    shown = "".join(page.read_text() for page in pages)
    assert [name for name in TAKEN if f"pictures/{name}.svg" not in shown] == []


@pytest.mark.parametrize("name", TAKEN)
def test_a_picture_loads_nothing_and_tells_nothing_of_this_machine(name: str) -> None:
    text = (PICTURES / f"{name}.svg").read_text()
    ET.fromstring(text)  # noqa: S314 -- ours
    assert set(re.findall(r"https?://[^\"' )]+", text)) == {"http://www.w3.org/2000/svg"}
    assert str(ROOT) not in text
    assert "/tmp/" not in text  # noqa: S108 -- as above
