"""Every order in which libvirt really calls the hook, played to it: who runs has its promise."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.controllers import DISK
from tests.fakes.host import MIB, FakeHost, cpu_guarantee, domain, guarantee, uuid
from tests.fakes.traces import TRACES, USUAL, Trace, TracedCall, TracedStep
from tests.operations.guests.test_disk_promises import WeighedHost
from tests.operations.guests.test_hook_events import LIBVIRTD, ledger
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system.libvirt.guests import LIB_FOLDER

NAME, PID = "db1", 4242
ROOM = 7000 // (USUAL + 10) * USUAL  # so that the largest guest of a trace fits alone
CPU_ROOM = 3000 // (USUAL + 10) * USUAL
DISK_ROOM = 80_000 // (USUAL + 10) * USUAL


class Player:
    """libvirt, playing a trace on a host of plain files."""

    def __init__(self, trace: Trace, host: FakeHost) -> None:
        self.trace, self.host = trace, host
        self.running: TracedCall | None = None
        self.daemons = 1000
        host.process(LIBVIRTD, self.daemons)
        host.write(f"{LIB_FOLDER}/save/.keep", "")
        self.folder = host.root / LIB_FOLDER[1:] / f"domain-1-{NAME}"

    @property
    def kind(self) -> str:
        return {"lxc": "lxc"}.get(self.trace.driver, "kvm")

    def xml_of(self, call: TracedCall) -> bytes:
        size = guarantee(call.mib * ROOM // USUAL)
        return domain(NAME, call.uuid, size, kind=self.kind, ram=8000)

    def play(self, step: TracedStep) -> None:
        if step.daemon == "started":
            self.daemons += 1
            self.host.process(LIBVIRTD, self.daemons)
        for call in step.calls:
            self._before(call)
            status, said = answer(
                NAME, call.operation, self.xml_of(call), LIBVIRTD, self.host.machine
            )
            beside = self.running is not None and self.running.uuid != call.uuid
            assert status == (3 if beside else 0), f"{step.what}: {call.operation}: {said}"
            self.check(f"{step.what}: {call.operation}")
        if not step.runs:
            self._end()
        if step.daemon in {"killed", "stopped"}:
            self.host.end(LIBVIRTD)

    def _before(self, call: TracedCall) -> None:
        """What is there when the hook is called."""
        if call.operation == "start":
            self.folder.mkdir(exist_ok=True)
        if call.operation in {"started", "reconnect"} and self.running is None:
            assert call.has_process
            self.host.run(NAME, PID, self.xml_of(call), self.trace.driver)
            self.running = call
        if call.operation == "stopped":
            self._end()

    def _end(self) -> None:
        if self.folder.exists():
            self.folder.rmdir()
        if self.running is not None:
            self.host.end(PID)
            for suffix in ("pid", "xml"):
                (self.host.root / f"run/libvirt/{self.trace.driver}/{NAME}.{suffix}").unlink()
        self.running = None

    def check(self, after: str) -> None:
        """A guest that runs has what it was promised when it started."""
        if self.running is None:
            return
        key = (self.trace.driver, uuid(self.running.uuid))
        promises = {each.key: each.size for each in ledger(self.host).all()}
        assert promises == {key: self.running.mib * ROOM // USUAL * MIB}, after
        if self.host.version == 2:
            above = int(self.host.read("/sys/fs/cgroup/machine/memory.min"))
            assert above == promises[key], after

    def rival(self) -> int:
        """Whether somebody else gets nearly all that there is."""
        xml = domain("rival", 99, guarantee(7000))
        status = answer("rival", "prepare", xml, LIBVIRTD, self.host.machine)[0]
        answer("rival", "release", xml, LIBVIRTD, self.host.machine)
        return status


class CpuPlayer(Player):
    """The same with CPU time in the place of memory: a MiB of a trace is a thousandth of a CPU."""

    def xml_of(self, call: TracedCall) -> bytes:
        cpu = cpu_guarantee(f"{self.time_of(call) / 1000:.3f}")
        return domain(NAME, call.uuid, "", kind=self.kind, cpu=cpu, more="<vcpu>4</vcpu>")

    @staticmethod
    def time_of(call: TracedCall) -> int:
        return call.mib * CPU_ROOM // USUAL

    def check(self, after: str) -> None:
        if self.running is None:
            return
        key = (self.trace.driver, uuid(self.running.uuid))
        promises = {each.key: each.cpu_time for each in ledger(self.host).all()}
        assert promises == {key: self.time_of(self.running)}, after
        # Beside one folder of the usual weight it keeps what it has of four CPUs.
        machine, other = self.host.weight("/machine"), self.host.weight("/system")
        assert 4000 * machine / (machine + other) >= promises[key], after

    def rival(self) -> int:
        xml = domain("rival", 99, "", cpu=cpu_guarantee("3.45"), more="<vcpu>4</vcpu>")
        status = answer("rival", "prepare", xml, LIBVIRTD, self.host.machine)[0]
        answer("rival", "release", xml, LIBVIRTD, self.host.machine)
        return status


class DiskPlayer(Player):
    """The same with part of a disk in the place of memory."""

    def xml_of(self, call: TracedCall) -> bytes:
        return self.definition(NAME, call.uuid, self.part_of(call))

    def definition(self, name: str, number: int, part: int) -> bytes:
        percent = f"<xr:ioBandwidthPercentage>{part / 1000:.3f}</xr:ioBandwidthPercentage>"
        io = f"<xr:io><xr:device path='/dev/vda'>{percent}</xr:device></xr:io>"
        block = f"<xr:resource xmlns:xr='urn:xmlresource:1'>{io}</xr:resource>"
        empty = domain(name, number, "", kind=self.kind).decode()
        return empty.replace("<metadata>", f"<metadata>{block}").encode()

    @staticmethod
    def part_of(call: TracedCall) -> int:
        return call.mib * DISK_ROOM // USUAL

    def check(self, after: str) -> None:
        if self.running is None:
            return
        key = (self.trace.driver, uuid(self.running.uuid))
        promises = {each.key: each.part_of(DISK) for each in ledger(self.host).all()}
        assert promises == {key: self.part_of(self.running)}, after
        assert isinstance(self.host, WeighedHost)
        machine, other = self.host.weight_on("/machine"), self.host.weight_on("/system")
        assert 100_000 * machine / (machine + other) >= promises[key], after

    def rival(self) -> int:
        xml = self.definition("rival", 99, 90_000)
        status = answer("rival", "prepare", xml, LIBVIRTD, self.host.machine)[0]
        answer("rival", "release", xml, LIBVIRTD, self.host.machine)
        return status


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("trace", TRACES, ids=[trace.name for trace in TRACES])
def test_trace(trace: Trace, version: int, tmp_path: Path) -> None:
    """No promise is shrunk on the way; each ends with its guest."""
    play(Player(trace, FakeHost(tmp_path, version)))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("trace", TRACES, ids=[trace.name for trace in TRACES])
def test_trace_of_cpu_time(trace: Trace, version: int, tmp_path: Path) -> None:
    """The same holds for a guest that is promised CPU time alone."""
    host = FakeHost(tmp_path, version, cpus=4)
    host.group("/system")
    play(CpuPlayer(trace, host))


@pytest.mark.parametrize("trace", TRACES, ids=[trace.name for trace in TRACES])
def test_trace_of_part_of_a_disk(trace: Trace, tmp_path: Path) -> None:
    """And for one that is promised part of a disk alone."""
    play(DiskPlayer(trace, WeighedHost(tmp_path, "iocost")))


def play(player: Player) -> None:
    for step in player.trace.steps:
        player.play(step)
        if step.daemon not in {"killed", "stopped"}:
            assert player.rival() == (3 if step.runs else 0), step.what


def test_there_are_traces() -> None:
    assert len(TRACES) > 40
    assert {trace.driver for trace in TRACES} == {"qemu", "lxc"}


PAGE = Path(__file__).parents[3] / "docs" / "hook-calls.md"
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"


def rows() -> Iterator[str]:
    """The traces as the page has them."""
    yield "| way | what is done | calls |\n|---|---|---|\n"
    for trace in TRACES:
        for number, step in enumerate(trace.steps):
            way = "" if number else trace.name.replace("-", " ")
            what = step.what + (", fails" if step.failed else "")
            yield f"| {way} | {what} | {' '.join(map(shown, step.calls)) or 'nothing'} |\n"


def shown(call: TracedCall) -> str:
    text = call.operation + ("²" if call.uuid > 1 else "")
    text = f"**{text}**" if call.has_process else text
    return text if call.mib == USUAL else f"{text} {call.mib}"


def test_the_page_shows_them() -> None:
    before, _, rest = PAGE.read_text().partition(BEGIN)
    made = before + BEGIN + "".join(rows()) + END + rest.partition(END)[2]
    if os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made
