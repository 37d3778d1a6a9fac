"""A host through any history of starts, ends, faults, crashes and lost books, against a model."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fakes.host import MIB, uuid
from tests.fakes.traces import TRACES, Trace, TracedCall
from tests.faults import scenes
from tests.faults.points import ERRORS, Points, SpoiltMachine, spoilt
from tests.faults.systemd import SystemdHost, answering
from xmlresource.operations.guests.apply import apply_all
from xmlresource.promises.ledger import Ledger
from xmlresource.promises.promise import PromiseState
from xmlresource.system.systemd.unit_properties import CONTROL, DROP_INS

NUMBERS = range(1, 5)
OTHERS = 10  # what the uuid of another guest of that name has more
DECIDING = ("prepare", "migrate", "restore")
SIZES = st.sampled_from((500, 1000, 2500, 4000, 6000))
PICK = st.integers(0, 11)
WAYS = st.sampled_from([trace for trace in TRACES if trace.driver == "qemu"])
LARGEST = max(call.mib for trace in TRACES for step in trace.steps for call in step.calls)
FAULT = st.tuples(st.sampled_from((*ERRORS, "short")), st.integers(1, 60)) | st.none()
MEMORY = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it


def of(guests: set["Guest"], pick: int) -> "Guest":
    """One of them."""
    return sorted(guests)[pick % len(guests)]


Fault = tuple[str, int] | None
Guest = tuple[str, int, int]


class HostAgainstModel(RuleBasedStateMachine):
    """The model knows who starts and who runs; libvirt is played by the rules."""

    def __init__(self) -> None:
        super().__init__()
        folder = MEMORY if MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(dir=folder))
        self.starting: set[Guest] = set()
        self.running: set[Guest] = set()
        self.daemons = 1000
        self.forgotten: set[Guest] = set()
        self.damages = 0
        self.settled = False

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(kind=st.sampled_from(sorted(scenes.KINDS)))
    def make(self, kind: str) -> None:
        (self.folder / "host").mkdir()
        self.host = scenes.KINDS[kind](self.folder / "host")
        self.host.memory(scenes.RAM * MIB, scenes.RAM * MIB)
        self.host.process(scenes.LIBVIRTD)

    def call(self, operation: str, guest: Guest, fault: Fault = None) -> int:
        points = Points(*(fault or ("", 0)))
        with spoilt(points), answering(points):
            machine = SpoiltMachine(str(self.host.root), points)
            status = scenes.call(machine, operation, guest)
        # After these the ledger was gone through, and has what it should have, no more and no less.
        self.settled = fault is None and status == 0 and operation not in DECIDING
        return status

    def forget(self, guest: Guest) -> None:
        """What libvirt does after a start that failed, or a guest that ended."""
        if scenes.runs(self.host, guest):
            scenes.end(self.host, guest)
        self.starting.discard(guest)
        self.running.discard(guest)
        assert guest[1] not in {each[1] for each in self.starting | self.running}
        for operation in ("stopped", "release"):
            self.call(operation, guest)

    @rule(pick=PICK, mib=SIZES, fault=FAULT)
    def prepare(self, pick: int, mib: int, fault: Fault) -> None:
        """A guest starts; one that starts already may be asked for again, with another size."""
        numbers = sorted({*NUMBERS} - {number for _, number, _ in self.running})
        if not numbers:
            return
        number = numbers[pick % len(numbers)]
        guest = (f"guest{number}", number, mib)
        before = {each for each in self.starting if each[1] == number}
        self.starting -= before
        self.forgotten = {each for each in self.forgotten if each[1] != number}
        taken = sum(each[2] for each in self.starting | self.running)
        status = self.call("prepare", guest, fault)
        fits = (taken + guest[2]) * MIB <= scenes.BUDGET
        assert fits or status, "promised what another guest has"
        assert status == 0 or fault or not fits, "refused what is to be had"
        if status:
            self.forget(guest)
        else:
            self.starting.add(guest)

    @precondition(lambda self: self.starting | self.forgotten)
    @rule(pick=PICK, fault=FAULT, mib=SIZES | st.none(), repaired=st.booleans())
    def started(self, pick: int, fault: Fault, mib: int | None, repaired: bool) -> None:
        """A guest runs.

        With ``mib`` its definition was changed since it was asked about; with ``repaired`` the
        repair finds it running before the hook is called.
        """
        before = of(self.starting | self.forgotten, pick)
        guest = before if mib is None else (*before[:2], mib)
        self.starting.discard(before)
        self.forgotten.discard(before)
        taken = sum(each[2] for each in self.starting | self.running)
        fits = (taken + guest[2]) * MIB <= scenes.BUDGET
        scenes.run(self.host, guest)
        if repaired:
            with answering(Points("", 0)):
                apply_all(self.host.machine)
        status = self.call("started", guest, fault)
        assert fits or status, "runs with what another guest has"
        assert status == 0 or fault or not fits, "refused what is to be had"
        if status:
            self.forget(guest)
        else:
            self.running.add(guest)

    @precondition(lambda self: self.running)
    @rule(pick=PICK, fault=FAULT, told=st.booleans())
    def end(self, pick: int, fault: Fault, told: bool) -> None:
        guest = of(self.running, pick)
        scenes.end(self.host, guest)
        self.running.remove(guest)
        self.settled = False
        if told:
            self.call("stopped", guest, fault)
            self.call("release", guest)

    @rule(fault=FAULT)
    def restart_libvirt(self, fault: Fault) -> None:
        self.daemons += 1
        self.host.process(scenes.LIBVIRTD, start_time=self.daemons)
        self.starting.clear()
        self.forgotten.clear()  # it starts nothing that it did not begin
        self.settled = False
        for guest in sorted(self.running):
            self.call("reconnect", guest, fault)
            fault = None

    @precondition(lambda self: self.running)
    @rule(pick=PICK, mib=SIZES, repaired=st.booleans())
    def edit(self, pick: int, mib: int, repaired: bool) -> None:
        """Somebody changes a live definition, and asks nobody; then it is found by the hook."""
        guest = of(self.running, pick)
        ledger = self.transaction()
        if ledger is None or ledger.get(("qemu", uuid(guest[1]))) is None:
            return  # nothing tells any more what was promised
        edited = (*guest[:2], mib)
        scenes.define(self.host, edited)
        others = sum(each[2] for each in (self.starting | self.running) - {guest})
        fits = (others + mib) * MIB <= scenes.BUDGET
        if repaired:
            with answering(Points("", 0)):
                apply_all(self.host.machine)
        else:
            self.call("reconnect", edited)
        taken_over = fits if mib > guest[2] else repaired
        promised = edited if taken_over else guest
        self.running = (self.running - {guest}) | {promised}
        scenes.define(self.host, promised)

    @rule(pick=PICK, mib=SIZES, trace=WAYS, fault=FAULT, at=st.integers(0, 9))
    def play(self, pick: int, mib: int, trace: Trace, fault: Fault, at: int) -> None:
        """A guest takes a way that libvirt was seen to take, and one of its hooks meets a fault."""
        begun = {number % OTHERS for _, number, _ in self.running | self.starting | self.forgotten}
        numbers = sorted({*NUMBERS} - begun)
        if not numbers:
            return
        number = numbers[pick % len(numbers)]
        for step in trace.steps:
            for call in step.calls:
                own = number + OTHERS * (call.uuid - 1)
                guest = (f"guest{number}", own, call.mib * mib // LARGEST)
                if call.operation == "reconnect" and step.daemon == "started":
                    continue  # with all others, when the daemon ended: it is back at once
                if not self.take_step(call, guest, fault if at == 0 else None):
                    return
                at -= 1
                self.all_is_well()
            left = {each for each in self.running if each[1] % OTHERS == number}
            if not step.runs and left:
                scenes.end(self.host, *left)
                self.running -= left
                self.settled = False
            if step.daemon in {"killed", "stopped"}:
                self.restart_libvirt(None)

    def take_step(self, call: TracedCall, guest: Guest, fault: Fault) -> bool:
        """One call of a trace; whether libvirt goes on as it did then."""
        others = {each for each in self.starting | self.running if each[1] != guest[1]}
        fits = (sum(each[2] for each in others) + guest[2]) * MIB <= scenes.BUDGET
        if call.operation in {"stopped", "release"}:
            if guest in self.running:
                scenes.end(self.host, guest)
            self.running.discard(guest)
            self.starting.discard(guest)
            self.call(call.operation, guest, fault)
            return True
        if call.operation == "started":
            scenes.run(self.host, guest)
        if call.operation == "start":  # which nobody answers
            return True
        status = self.call(call.operation, guest, fault)
        assert fits or status, "promised what another guest has"
        assert status == 0 or fault or not fits, "refused what is to be had"
        if call.operation in {"migrate", "restore"}:
            return status == 0
        if status:
            self.forget(guest)
            return False
        self.starting.discard(guest)
        (self.starting if call.operation == "prepare" else self.running).add(guest)
        return True

    def all_is_well(self) -> None:
        """As after each rule."""
        self.guests_have_what_they_were_promised()
        self.no_more_is_promised_than_there_is()
        self.the_book_holds_nothing_else()

    def lose_sight(self) -> None:
        """Nothing shows any more who starts; `started` asks again."""
        self.forgotten |= self.starting
        self.starting.clear()

    @rule()
    def lose_the_book(self) -> None:
        scenes.ledger_file(self.host).unlink(missing_ok=True)
        self.lose_sight()
        self.settled = False

    @rule()
    def damage_the_book(self) -> None:
        if scenes.ledger_file(self.host).exists():
            scenes.damage(self.host)
            self.lose_sight()
            self.damages += 1
            self.settled = False

    @rule()
    def reboot(self) -> None:
        for guest in self.running:
            scenes.end(self.host, guest)
        self.daemons += 1
        self.host.write("/proc/sys/kernel/random/boot_id", f"boot {self.daemons}\n")
        self.host.group("/machine")
        if isinstance(self.host, SystemdHost):  # /run is empty
            self.host.group("/machine.slice")
            for folder in (DROP_INS, CONTROL):
                shutil.rmtree(self.host.root / folder[1:], ignore_errors=True)
            self.host.write(f"{DROP_INS}/.keep", "")
        self.starting.clear()
        self.forgotten.clear()
        self.running.clear()
        self.settled = False

    @invariant()
    def guests_have_what_they_were_promised(self) -> None:
        if not hasattr(self, "host"):
            return
        assert sum(mib for _, _, mib in self.running) * MIB <= scenes.BUDGET
        if self.host.version == 1:
            return
        for guest in self.running:
            path = f"{scenes.folder_of(self.host, guest)}/memory.min"
            assert int(self.host.read(path)) == guest[2] * MIB
        above = int(self.host.read(f"{scenes.above(self.host)}/memory.min"))
        assert above >= sum(mib for _, _, mib in self.running) * MIB

    @invariant()
    def no_more_is_promised_than_there_is(self) -> None:
        transaction = self.transaction()
        if transaction is None:
            return
        promises = {each.uuid: each for each in transaction.all()}
        assert sum(each.size for each in promises.values()) == transaction.total <= scenes.BUDGET
        for guest in self.running | self.starting:
            promise = promises.get(uuid(guest[1]))
            assert promise is not None, f"{guest[0]} lost its promise"
            assert promise.size == guest[2] * MIB
            if guest in self.running:
                assert promise.state is PromiseState.RUNNING
                assert promise.process is not None
                assert promise.process.pid == scenes.pid_of(guest)
                assert promise.cgroup is not None
                assert promise.cgroup in scenes.folder_of(self.host, guest)

    @invariant()
    def the_book_holds_nothing_else(self) -> None:
        """Nor did anybody find it damaged but where it was."""
        if not hasattr(self, "host"):
            return
        folder = scenes.ledger_file(self.host).parent
        assert len(list(folder.glob("ledger.corrupt-*"))) <= self.damages
        if not self.settled:
            return
        transaction = self.transaction()
        found = {each.uuid for each in transaction.all()} if transaction is not None else set()
        assert found == {uuid(guest[1]) for guest in self.starting | self.running}
        if self.host.version == 2:
            above = int(self.host.read(f"{scenes.above(self.host)}/memory.min"))
            assert above == sum(mib for _, _, mib in self.running) * MIB

    def transaction(self) -> Ledger | None:
        """The ledger of this boot, where there is one that makes sense."""
        if not hasattr(self, "host") or not scenes.ledger_file(self.host).exists():
            return None
        if scenes.ledger_file(self.host).read_bytes() == b"no ledger":
            return None
        transaction = scenes.ledger(self.host)
        boot = self.host.read("/proc/sys/kernel/random/boot_id").strip()
        return transaction if transaction.boot_id == boot else None


TestHostAgainstModel = HostAgainstModel.TestCase
