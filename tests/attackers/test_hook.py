"""Hostile definitions and words, to the hook on a made-up host: an answer, and nothing else."""

import io
import sys
from pathlib import Path

import pytest

from tests.attackers.inputs import NAMES, NUMBERS, RUNNERS, SHELL, TERMINAL, domain, escaped
from tests.fakes.host import FakeHost, guarantee, uuid
from tests.fuzz.targets.hook import WatchedMachine
from xmlresource import hook
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.hook_events import answer
from xmlresource.promises.ledger import LONGEST_NAME, decode
from xmlresource.system import log

# libvirt shows what is said to whoever started the guest; rsyslog takes what is logged.
LONGEST_SAID, LONGEST_LOGGED = 2000, 8000
PLACES = ("/machine\u20284:memory:/machine/other", "/../..", "//", "/machine/" + "a" * 5000, "")


class Hook:
    """The hook on a host of its own; what it says and logs is checked."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.host = FakeHost(folder)
        self._machine = WatchedMachine(str(folder))
        self._patch = patch
        patch.setattr(hook, "answer_for_policy", lambda *call: answer(*call, self._machine))
        patch.setattr(log, "send", self._log)
        self.logged: list[str] = []

    def _log(self, _address: str, datagram: bytes) -> bool:
        self.logged += datagram.decode().split("\n")
        return False  # so that it is also written as syslog has it

    def call(self, name: str, operation: str, document: bytes) -> tuple[int, list[str]]:
        stderr = io.StringIO()
        self._patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
        self._patch.setattr(sys, "stderr", stderr)
        status = hook.main([name, operation, "begin", "-"])
        lines = stderr.getvalue().split("\n")
        for line in (*lines, *self.logged):
            assert line.isprintable(), ascii(line)
            assert not line.lstrip().startswith("::")
            assert "##" not in line
            assert len(line) <= LONGEST_LOGGED
        assert all(len(line) <= LONGEST_SAID for line in lines)
        assert "internal error" not in lines[0]
        return status, lines

    def transaction(self) -> list[str]:
        """The names in the ledger."""
        file = self.host.root / "run/xmlresource/ledger"
        return [each.name for each in decode(file.read_bytes()).all()] if file.exists() else []


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hook:
    return Hook(tmp_path, monkeypatch)


@pytest.mark.parametrize("kind", NAMES)
def test_names(asked: Hook, kind: str) -> None:
    """Whatever a guest is called: promised, refused, started and stopped in printable words."""
    name = NAMES[kind]
    definition = domain(name, guarantee(100))
    assert asked.call(name, "prepare", definition)[0] == ExitStatus.FINE
    assert asked.transaction() == [name[:LONGEST_NAME]]
    assert asked.call(name, "started", definition)[0] == ExitStatus.ROLLED_BACK  # does not run
    assert asked.call(name, "stopped", definition)[0] == ExitStatus.FINE
    assert asked.transaction() == []
    status, lines = asked.call(name, "prepare", domain(name, guarantee(100_000)))
    assert status == ExitStatus.REFUSED
    assert len(lines[0]) < 700
    assert asked.call(name, "reconnect", definition)[0] == ExitStatus.FINE


@pytest.mark.parametrize(
    "name", [b"\xff\xfe".decode("utf-8", "surrogateescape"), "a\nb\x1b[2J", ""]
)
def test_names_that_xml_can_not_hold(asked: Hook, name: str) -> None:
    definition = domain("db1", guarantee(100))
    assert asked.call(name, "prepare", definition)[0] == ExitStatus.FINE
    assert asked.call(name, "prepare", domain("db1", guarantee(100_000)))[0] == ExitStatus.REFUSED


@pytest.mark.parametrize("written", NUMBERS)
def test_numbers(asked: Hook, written: str) -> None:
    """Read exactly, or refused by a diagnostic with its place."""
    size = f"<xr:memoryMinGuarantee unit='bytes'>{written}</xr:memoryMinGuarantee>"
    status, lines = asked.call("db1", "prepare", domain("db1", size))
    assert status in {ExitStatus.FINDINGS, ExitStatus.REFUSED}
    assert asked.transaction() == []
    assert len(lines[0]) < 1500


@pytest.mark.parametrize(
    "unit", [TERMINAL, RUNNERS, SHELL.replace("'", ""), "GiB\u00a0", "x" * 10_000]
)
def test_units(asked: Hook, unit: str) -> None:
    size = f"<xr:memoryMinGuarantee unit='{escaped(unit)}'>1</xr:memoryMinGuarantee>"
    assert asked.call("db1", "prepare", domain("db1", size))[0] == ExitStatus.FINDINGS


@pytest.mark.parametrize("place", PLACES)
def test_partitions(asked: Hook, place: str) -> None:
    """A partition becomes a path only where it is one that libvirt takes."""
    more = f"<resource><partition>{escaped(place)}</partition></resource>"
    status, _ = asked.call("db1", "prepare", domain("db1", guarantee(100), more=more))
    assert status == ExitStatus.USAGE
    assert asked.transaction() == []


@pytest.mark.parametrize(
    "text", ["../../etc/passwd", TERMINAL, "x" * 10_000_000, "\u212a" * 32, ""]
)
def test_uuids(asked: Hook, text: str) -> None:
    definition = domain("db1", guarantee(100)).replace(uuid(1).encode(), escaped(text).encode())
    assert asked.call("db1", "prepare", definition)[0] == ExitStatus.FINDINGS
    assert asked.transaction() == []


BLOCK = "<{0}resource {1}><{0}memory>{2}</{0}memory></{0}resource>"
SIZE = "<{0}memoryMinGuarantee unit='MiB'>{1}</{0}memoryMinGuarantee>"


def metadata(*blocks: str) -> bytes:
    """A definition with these in its metadata."""
    old = domain("db1").decode()
    before, _, rest = old.partition("<metadata>")
    return (
        f"{before}<metadata>{''.join(blocks)}</metadata>{rest.partition('</metadata>')[2]}".encode()
    )


def block(prefix: str, declared: str, mib: int) -> str:
    return BLOCK.format(prefix, declared, SIZE.format(prefix, mib))


OURS = "='urn:xmlresource:1'"
BLOCKS: dict[str, tuple[bytes, int | None]] = {
    "another prefix": (metadata(block("z:", f"xmlns:z{OURS}", 7)), 7),
    "no prefix": (metadata(block("", f"xmlns{OURS}", 7)), 7),
    "our prefix, another namespace": (metadata(block("xr:", "xmlns:xr='urn:other'", 7)), None),
    "nested in another's": (
        metadata(f"<o:a xmlns:o='urn:o'>{block('', f'xmlns{OURS}', 7)}</o:a>"),
        None,
    ),
    "in CDATA": (metadata(f"<![CDATA[{block('', f'xmlns{OURS}', 7)}]]>"), None),
    "in a comment": (metadata(f"<!-- {block('', f'xmlns{OURS}', 7)} -->"), None),
    "in a processing instruction": (metadata(f"<?x {block('', f'xmlns{OURS}', 7)}?>"), None),
    "a value in CDATA": (
        metadata(block("", f"xmlns{OURS}", 7).replace(">7<", "><![CDATA[7]]><")),
        7,
    ),
    "a value beside comments": (
        metadata(block("", f"xmlns{OURS}", 7).replace(">7<", "><!--9-->7<")),
        7,
    ),
    "a namespace in character references": (
        metadata(block("", "xmlns='urn:xmlresource&#58;1'", 7)),
        7,
    ),
}


@pytest.mark.parametrize("kind", BLOCKS)
def test_metadata_blocks(asked: Hook, kind: str) -> None:
    """Ours is what the namespace says, in its place, once; nothing else is."""
    definition, mib = BLOCKS[kind]
    assert asked.call("db1", "prepare", definition)[0] == ExitStatus.FINE
    file = asked.host.root / "run/xmlresource/ledger"
    promised = [each.size for each in decode(file.read_bytes()).all()] if file.exists() else []
    assert promised == ([] if mib is None else [mib << 20])


@pytest.mark.parametrize(
    "definition",
    [
        metadata(block("", f"xmlns{OURS}", 7), block("", f"xmlns{OURS}", 7)),
        metadata(block("", f"xmlns{OURS}", 7), block("z:", f"xmlns:z{OURS}", 9)),
        metadata(BLOCK.format("", f"xmlns{OURS}", SIZE.format("", 7) * 2)),
        metadata(BLOCK.format("", f"xmlns{OURS}", BLOCK.format("", "", SIZE.format("", 7)))),
    ],
    ids=["twice", "twice, differing", "a tunable twice", "nested in itself"],
)
def test_metadata_blocks_that_contradict(asked: Hook, definition: bytes) -> None:
    assert asked.call("db1", "prepare", definition)[0] == ExitStatus.FINDINGS
    assert asked.transaction() == []


def test_a_promise_that_would_fill_the_book(asked: Hook) -> None:
    """A definition binds its memory to more sets of nodes than a ledger's line takes."""
    cells = "".join(f"<cell id='{i}' cpus='{i}' memory='1' unit='MiB'/>" for i in range(4000))
    bound = "".join(
        f"<memnode cellid='{i}' mode='strict' nodeset='0,{i % 60 + 1}-{i // 60 + 1}'/>"
        for i in range(4000)
    )
    more = f"<cpu><numa>{cells}</numa></cpu><numatune>{bound}</numatune>"
    status, _ = asked.call("db1", "prepare", domain("db1", guarantee(100), more=more))
    assert status != ExitStatus.FINE
    assert asked.transaction() == []
