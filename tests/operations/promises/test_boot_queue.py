"""After a boot: who comes first, on a host of plain files."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.host import open_host
from xmlresource.operations.promises.autostart_demands import highest_said
from xmlresource.operations.promises.boot_queue import queue_before
from xmlresource.operations.promises.check import check
from xmlresource.reports.guests import decision as decision_report
from xmlresource.reports.host import status as status_report
from xmlresource.system import log
from xmlresource.system.libvirt import guests

# Of 8 GiB 5 % are the host's.
BUDGET = (8192 - 410) * MIB
ON = "boot_priority = true\nboot_window = 600\n"


def definition(name: str, number: int, mib: int, priority: int | None = None) -> bytes:
    said = b"<xr:memory>" if priority is None else b"<xr:memory priority='%d'>" % priority
    return domain(name, number, guarantee(mib)).replace(b"<xr:memory>", said)


def autostart(host: FakeHost, name: str, xml: bytes, driver: str = "qemu") -> Path:
    """Have libvirt know a guest with autostart; its definition's file comes back."""
    host.write(f"/etc/libvirt/{driver}/{name}.xml", xml.decode())
    file = host.root / f"etc/libvirt/{driver}/{name}.xml"
    link = host.root / f"etc/libvirt/{driver}/autostart/{name}.xml"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(file)
    return file


@pytest.fixture(autouse=True)
def uptime(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def up_for(seconds: int) -> None:
        monkeypatch.setattr(guests, "seconds_since_boot", lambda: seconds)

    up_for(60)
    return up_for


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(log, "tell", lambda event, **_: found.append(event.message))
    return found


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    host = FakeHost(tmp_path / "host")
    host.memory(8 * GIB, 8 * GIB)
    configure(host, ON)
    return host


def configure(host: FakeHost, text: str) -> None:
    host.write("/etc/xmlresource.toml", text)


def prepare(host: FakeHost, name: str, number: int, mib: int, priority: int | None = None) -> str:
    """What virsh would show; nothing where the guest is admitted."""
    xml = definition(name, number, mib, priority)
    exit_status, text = answer(name, "prepare", xml, None, host.machine)
    assert exit_status == (ExitStatus.REFUSED if text else ExitStatus.FINE)
    return text


def test_the_important_guest_wins_though_it_comes_last(host: FakeHost) -> None:
    autostart(host, "db", definition("db", 1, 5000, 10))
    refusal = prepare(host, "web", 2, 4000)
    first, second, *reckoning = refusal.splitlines()
    assert first == (
        "xmlresource: guest 'web' refused: it asks for a guarantee of 3.906 GiB, 2.717 GiB can be "
        "promised (priority, commitment; no promises so far)"
    )
    assert second == (
        "room is held back for guests of higher priority that are still to start (db 4.883 GiB): "
        "start it when they run, or in 540 s (boot_window)"
    )
    assert "priority, commitment: fails" in reckoning
    assert "  held back                   -5,242,880,000  (-4.883 GiB)" in reckoning
    assert "commitment: holds" in reckoning
    assert not prepare(host, "db", 1, 5000, 10)
    assert "(commitment; " in prepare(host, "web", 2, 4000)


def test_what_is_pinned_beyond_a_guarantee_is_held_back_too(host: FakeHost) -> None:
    locked = "<memoryBacking><locked/></memoryBacking>"
    db = domain("db", 1, guarantee(500), ram=5000, more=locked)
    autostart(host, "db", db.replace(b"<xr:memory>", b"<xr:memory priority='10'>"))
    assert not prepare(host, "first", 3, 100)  # makes the ledger: with it a start may look at sums
    refusal = prepare(host, "web", 2, 4000)
    assert "held back                   -5,242,880,000  (-4.883 GiB)" in refusal
    assert "(db 4.883 GiB)" in refusal
    found = status(host.machine).held_back
    assert found is not None
    assert found.size == 5000 * MIB


def test_what_fits_beside_starts_at_once(host: FakeHost) -> None:
    autostart(host, "db", definition("db", 1, 5000, 10))
    assert not prepare(host, "web", 2, 2000)
    assert not prepare(host, "db", 1, 5000, 10)


def test_after_the_window_nobody_is_held_back(
    host: FakeHost, uptime: Callable[[int], None]
) -> None:
    autostart(host, "db", definition("db", 1, 5000, 10))
    assert prepare(host, "web", 2, 4000)
    uptime(600)
    assert not prepare(host, "web", 2, 4000)


def test_without_the_setting_no_folder_is_read(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(host, "")
    autostart(host, "db", definition("db", 1, 5000, 10))
    monkeypatch.setattr("xmlresource.system.libvirt.autostart.autostart_guests", None)
    assert not prepare(host, "web", 2, 4000, 1)
    assert queue_before(open_host(host.machine)).guests == ()


@pytest.mark.parametrize("priority", [10, 11])
def test_equal_or_lower_ones_hold_back_nothing(host: FakeHost, priority: int) -> None:
    autostart(host, "db", definition("db", 1, 5000, 10))
    assert not prepare(host, "web", 2, 4000, priority)


def test_what_can_not_fit_anyway_holds_back_nothing(host: FakeHost) -> None:
    autostart(host, "giant", definition("giant", 1, 9000, 20))
    autostart(host, "db", definition("db", 2, 5000, 10))
    assert "(db 4.883 GiB)" in prepare(host, "web", 3, 4000)
    assert not prepare(host, "web", 3, 2500)


def test_a_guest_that_runs_waits_no_more(host: FakeHost) -> None:
    autostart(host, "db", definition("db", 1, 3000, 10))
    assert not prepare(host, "db", 1, 3000, 10)
    assert not prepare(host, "web", 2, 4700)


def test_containers_wait_too_and_other_guests_do_not(host: FakeHost, said: list[str]) -> None:
    xml = definition("ct", 1, 5000, 10).replace(b"type='qemu'", b"type='lxc'")
    autostart(host, "ct", xml.replace(b"<memory unit='MiB'>64", b"<memory unit='MiB'>9000"), "lxc")
    autostart(host, "plain", domain("plain", 3, ""))
    autostart(host, "alone", domain("alone", 4, "<!-- priority -->"))
    copy = definition("old", 5, 1000, 10).decode()
    host.write("/etc/libvirt/qemu/autostart/old.xml.bak", copy)
    assert "(ct 4.883 GiB)" in prepare(host, "web", 2, 4000)
    assert [each for each in said if "holds back" in each] == []


def test_budgets_of_partitions_are_kept_for_them_too(host: FakeHost) -> None:
    configure(host, ON + '[partitions]\n"/machine" = "4GiB"\n')
    autostart(host, "db", definition("db", 1, 3000, 10))
    refusal = prepare(host, "web", 2, 2000)
    assert "(priority, partitions, commitment on /machine; " in refusal


def test_unpromised_guests_count_for_them_too(host: FakeHost) -> None:
    configure(host, ON + "count_unpromised = true\n")
    host.run("old", 77, domain("old", 9, "", ram=1000))
    autostart(host, "db", definition("db", 1, 5000, 10))
    assert "guests without a promise" in prepare(host, "web", 2, 2500)


BROKEN = {
    "not XML": b"<domain xmlns:xr='urn:xmlresource:1' priority='10'",
    "a faulty policy": definition("db", 1, 5000, 10).replace(
        b"</xr:memory>", hard_limit(4000).encode() + b"</xr:memory>"
    ),
    "no uuid": definition("db", 1, 5000, 10).replace(b"<uuid>", b"<uuid>x"),
    "an unknown partition": definition("db", 1, 5000, 10).replace(
        b"<metadata>", b"<resource><partition>relative</partition></resource><metadata>"
    ),
}


@pytest.mark.parametrize("xml", BROKEN.values(), ids=BROKEN)
def test_a_broken_definition_holds_back_nothing_and_is_told(
    host: FakeHost, said: list[str], xml: bytes
) -> None:
    autostart(host, "db", xml)
    assert not prepare(host, "web", 2, 4000)
    assert "/etc/libvirt/qemu/autostart/db.xml holds back no room: " in said[0]
    assert "\n" not in said[0]
    said.clear()
    assert not prepare(host, "mail", 3, 1000)
    assert [each for each in said if "holds back" in each] == [], "said once is enough"


def test_where_the_history_can_not_be_read_it_is_told_again(
    host: FakeHost, said: list[str]
) -> None:
    autostart(host, "db", BROKEN["not XML"])
    assert not prepare(host, "web", 2, 1000)
    (host.root / "run/xmlresource/history").chmod(0o644)
    said.clear()
    assert not prepare(host, "mail", 3, 1000)
    assert "holds back no room" in said[0]


@pytest.mark.parametrize(
    ("said", "first"),
    [
        ("priority='10'", True),
        ('priority = \n"10"', True),
        ("priority='9'", False),
        ("priority='009'", False),
        ("priority='010'", True),
        ("priority='high'", False),
        ("priority='&#49;0'", True),
        ("priority='9'><other priority='99'/", True),
        ("", False),
    ],
)
def test_most_definitions_need_not_be_read(said: str, first: bool) -> None:
    assert (highest_said(f"<memory {said}>".encode()) > 9) == first


def test_another_encoding_and_references_are_read(host: FakeHost) -> None:
    xml = definition("db", 1, 5000, 10)
    autostart(host, "db", xml).write_bytes(xml.decode().encode("utf-16"))
    assert "(db 4.883 GiB)" in prepare(host, "web", 2, 4000)
    autostart(host, "ref", xml.replace(b"'10'", b"'&#49;1'").replace(b"db", b"ref"))
    assert "held back" in prepare(host, "web", 2, 4000, 10)


def test_a_definition_of_any_usual_size_is_read(host: FakeHost) -> None:
    autostart(host, "db", definition("db", 1, 5000, 10) + b" " * 500_000)
    assert "(db 4.883 GiB)" in prepare(host, "web", 2, 4000)


def test_the_history_tells_the_priority(host: FakeHost) -> None:
    assert not prepare(host, "db", 1, 100, 10)
    assert not prepare(host, "web", 2, 100)
    first, second = host.read("/run/xmlresource/history").split("\n\n")
    assert '"priority":10' in first
    assert "priority" not in second


@pytest.mark.parametrize("more", [b"<!-- priority='99' -->", b"<title>&#65;</title>"])
def test_what_only_looks_like_a_priority_decides_nothing(host: FakeHost, more: bytes) -> None:
    autostart(
        host, "db", definition("db", 1, 5000, 10).replace(b"<metadata>", more + b"<metadata>")
    )
    assert not prepare(host, "web", 2, 4000, 10)


def test_a_guest_that_two_links_lead_to_holds_back_its_room_once(host: FakeHost) -> None:
    autostart(host, "db", definition("db", 1, 3000, 10))
    autostart(host, "old-name-of-db", definition("db", 1, 3000, 10))
    assert not prepare(host, "web", 2, 4000)


def _gone(file: Path) -> None:
    file.unlink()


def _folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _fifo(file: Path) -> None:
    import os  # noqa: PLC0415

    file.unlink()
    os.mkfifo(file)


def _huge(file: Path) -> None:
    file.write_bytes(definition("db", 1, 5000, 10) + b" " * (1 << 20))


def _writable(file: Path) -> None:
    file.chmod(0o666)


@pytest.mark.parametrize("spoil", [_gone, _folder, _fifo, _huge, _writable])
def test_a_file_that_can_not_be_used(
    host: FakeHost, said: list[str], spoil: Callable[[Path], None]
) -> None:
    spoil(autostart(host, "db", definition("db", 1, 5000, 10)))
    assert not prepare(host, "web", 2, 4000)
    assert "holds back no room" in said[0]


def test_a_folder_that_can_not_be_read(host: FakeHost, said: list[str]) -> None:
    folder = host.root / "etc/libvirt/qemu/autostart"
    folder.parent.mkdir(parents=True)
    folder.symlink_to(folder)  # a loop
    assert not prepare(host, "web", 2, 4000)
    assert said[0].startswith("/etc/libvirt/qemu/autostart holds back no room: ")


def test_check_explains_it(host: FakeHost, tmp_path: Path) -> None:
    autostart(host, "db", definition("db", 1, 5000, 10))
    file = tmp_path / "web.xml"
    file.write_bytes(definition("web", 2, 2000))
    checked = check(str(file), host.machine)
    assert checked.decision is not None
    text = decision_report.explained(checked.decision)
    assert text.startswith(
        "guest 'web' admitted: it asks for a guarantee of 1.953 GiB, 2.717 GiB can be promised\n"
    )
    assert "priority, physical: holds" in text
    assert "\n  held back: what guests of higher priority will be promised" in text
    shown = decision_report.as_json(checked.decision)
    assert shown["held_back"] == {
        "seconds": 540,
        "guests": [{"name": "db", "uuid": uuid(1), "min_guarantee": 5000 * MIB}],
    }
    file.write_bytes(definition("web", 2, 4000))
    assert check(str(file), host.machine).exit_status is ExitStatus.REFUSED
    file.write_bytes(definition("web", 2, 4000, 10))
    checked = check(str(file), host.machine)
    assert checked.exit_status is ExitStatus.FINE
    assert checked.decision is not None
    assert "held_back" not in decision_report.as_json(checked.decision)


def test_status_tells_what_is_held_back(host: FakeHost) -> None:
    assert "held back" not in status_report.as_text(status(host.machine))
    autostart(host, "giant", definition("giant", 3, 9000, 20))
    assert status(host.machine).held_back is None
    autostart(host, "db", definition("db", 1, 5000, 10))
    found = status(host.machine)
    line = "held back  4.883 GiB for another 540 s, for guests of higher priority: db 4.883 GiB"
    assert line in status_report.as_text(found)
    assert status_report.as_json(found)["held_back"]["seconds"] == 540
    assert not prepare(host, "db", 1, 5000, 10)
    assert "held_back" not in status_report.as_json(status(host.machine))


SIZES = st.lists(st.integers(1, 9), min_size=2, max_size=6)
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it


def winners(sizes: list[int]) -> set[int]:
    """Guests by priority, each that fits beside those before it; the last one has the highest."""
    left, found = BUDGET, set()
    for number in reversed(range(len(sizes))):
        if sizes[number] * GIB // 2 <= left:
            left -= sizes[number] * GIB // 2
            found.add(number)
    return found


class Boot(RuleBasedStateMachine):
    """libvirt starts guests in any order, some of them twice; the window ends at any time."""

    def __init__(self) -> None:
        super().__init__()
        folder = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(log, "tell", lambda *_, **__: None)
        self.sizes: list[int] = []
        self.started: set[int] = set()
        self.asked: set[int] = set()
        self.over = False

    def teardown(self) -> None:
        self.patch.undo()
        shutil.rmtree(self.folder)

    @initialize(sizes=SIZES)
    def boot(self, sizes: list[int]) -> None:
        self.sizes = sizes
        self.host = FakeHost(self.folder / "host")
        self.host.memory(8 * GIB, 8 * GIB)
        configure(self.host, ON)
        self.patch.setattr(guests, "seconds_since_boot", lambda: 599)
        for number in range(len(sizes)):
            autostart(self.host, f"guest{number}", self.xml(number))

    def xml(self, number: int) -> bytes:
        return definition(f"guest{number}", number + 1, self.sizes[number] * 512, number)

    def start(self, number: int) -> bool:
        found, _ = answer(f"guest{number}", "prepare", self.xml(number), None, self.host.machine)
        self.asked.add(number)
        if not found:
            self.started.add(number)
        return not found

    @precondition(lambda self: not self.over)
    @rule(pick=st.integers(0, 5))
    def start_one(self, pick: int) -> None:
        number = pick % len(self.sizes)
        assert self.start(number) == (number in winners(self.sizes))

    @precondition(lambda self: len(self.asked) == len(self.sizes))
    @rule()
    def end_the_window(self) -> None:
        self.over = True
        self.patch.setattr(guests, "seconds_since_boot", lambda: 600)

    @precondition(lambda self: self.over)
    @rule(pick=st.integers(0, 5))
    def start_late(self, pick: int) -> None:
        number = pick % len(self.sizes)
        others = sum(self.sizes[each] for each in self.started - {number}) * GIB // 2
        assert self.start(number) == (others + self.sizes[number] * GIB // 2 <= BUDGET)

    @invariant()
    def only_the_highest_run(self) -> None:
        if not self.over:
            assert self.started == winners(self.sizes) & self.asked


TestBoot = Boot.TestCase
