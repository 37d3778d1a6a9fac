"""CPU time through any history of starts, ends, edits and lost ledgers, against a model."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fakes.host import FakeHost, cpu_guarantee, domain, uuid
from tests.operations.guests.test_hook_events import LIBVIRTD, call, ledger
from xmlresource.operations.guests.apply import apply_all

CPUS = 8
BUDGET = CPUS * 1000 - 500
NUMBERS = range(1, 6)
TIMES = st.sampled_from((100, 250, 1000, 2500, 4000, 6000))
PICK = st.integers(0, 11)
ROOTS = {1: "/sys/fs/cgroup/cpu", 2: "/sys/fs/cgroup"}


def definition(number: int, time: int) -> bytes:
    cpu = cpu_guarantee(f"{time / 1000:g}") if time else ""
    return domain(f"g{number}", number, "", cpu=cpu, more=f"<vcpu>{CPUS}</vcpu>")


def cgroup(number: int) -> str:
    return f"/machine/qemu-{100 + number}-g{number}.libvirt-qemu"


class CpuTimeAgainstModel(RuleBasedStateMachine):
    """The model knows who starts and who runs, and with how much."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))  # noqa: S108 -- a folder of our own in it
        self.starting: dict[int, int] = {}
        self.running: dict[int, int] = {}
        self.plain: set[int] = set()
        self.settled = True

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(version=st.sampled_from((1, 2)))
    def make(self, version: int) -> None:
        self.host = FakeHost(self.folder, version, cpus=CPUS)
        self.host.process(LIBVIRTD)
        for name in ("/system", "/user"):
            self.host.group(name)

    @property
    def taken(self) -> int:
        return sum(self.starting.values()) + sum(self.running.values())

    def call(self, operation: str, number: int, time: int) -> int:
        return call(self.host, operation, definition(number, time), f"g{number}")[0]

    def ends(self, number: int) -> None:
        self.host.end(100 + number)
        for suffix in ("pid", "xml"):
            (self.host.root / f"run/libvirt/qemu/g{number}.{suffix}").unlink()
        for root in {ROOTS[self.host.version], "/sys/fs/cgroup/memory"}:
            shutil.rmtree(self.host.root / f"{root}{cgroup(number)}"[1:], ignore_errors=True)

    @rule(pick=PICK, time=TIMES)
    def prepare(self, pick: int, time: int) -> None:
        numbers = sorted({*NUMBERS} - {*self.running} - {*self.starting})
        if not numbers:
            return
        number = numbers[pick % len(numbers)]
        fits = self.taken + time <= BUDGET
        assert self.call("prepare", number, time) == (0 if fits else 3)
        if fits:
            self.starting[number] = time
        else:
            assert self.call("stopped", number, time) == 0

    @precondition(lambda self: self.starting)
    @rule(pick=PICK)
    def started(self, pick: int) -> None:
        number = sorted(self.starting)[pick % len(self.starting)]
        time = self.starting.pop(number)
        self.host.run(f"g{number}", 100 + number, definition(number, time))
        assert self.call("started", number, time) == 0
        self.running[number] = time
        self.settled = True

    @precondition(lambda self: self.running)
    @rule(pick=PICK, told=st.booleans())
    def end(self, pick: int, told: bool) -> None:
        number = sorted(self.running)[pick % len(self.running)]
        time = self.running.pop(number)
        self.ends(number)
        self.settled = told
        if told:
            assert self.call("stopped", number, time) == 0

    @rule(number=st.integers(10, 14))
    def somebody_without_a_policy_comes_or_goes(self, number: int) -> None:
        """Nobody asks us."""
        if number in self.plain:
            self.ends(number)
        else:
            self.host.run(f"g{number}", 100 + number, definition(number, 0))
        self.plain ^= {number}
        self.settled = False

    @rule()
    def repair(self) -> None:
        apply_all(self.host.machine)
        self.settled = True

    @precondition(lambda self: self.running)
    @rule(lost=st.booleans())
    def restart_libvirt(self, lost: bool) -> None:
        if lost and not self.starting:
            (self.host.root / "run/xmlresource/ledger").unlink(missing_ok=True)
        for number, time in sorted(self.running.items()):
            assert self.call("reconnect", number, time) == 0
        self.settled = True

    @precondition(lambda self: self.running)
    @rule(pick=PICK, time=TIMES)
    def edit(self, pick: int, time: int) -> None:
        """Somebody changes a live definition; the repair asks for more, and takes less."""
        number = sorted(self.running)[pick % len(self.running)]
        others = self.taken - self.running[number]
        if time < self.running[number] or others + time <= BUDGET:
            self.running[number] = time
        for each, has in ((number, time), (number, self.running[number])):
            xml = definition(each, has).decode()
            status = f"<domstatus state='running' pid='{100 + each}'>{xml}</domstatus>"
            self.host.write(f"/run/libvirt/qemu/g{each}.xml", status)
            apply_all(self.host.machine)
        self.settled = True

    @invariant()
    def the_ledger_has_who_starts_and_who_runs(self) -> None:
        if not (hasattr(self, "host") and (self.host.root / "run/xmlresource/ledger").exists()):
            return
        promises = {each.uuid: each.cpu_time for each in ledger(self.host).all()}
        wanted = {uuid(number): time for number, time in (self.starting | self.running).items()}
        assert promises.items() >= wanted.items()
        assert sum(wanted.values()) <= BUDGET

    @invariant()
    def every_floor_holds(self) -> None:
        if not (hasattr(self, "host") and self.settled):
            return
        weight = self.host.weight
        usual = {1: 1024, 2: 100}[self.host.version]
        machine = weight("/machine")
        assert self.running or machine == usual
        inside = {number: weight(cgroup(number)) for number in (*self.running, *self.plain)}
        assert all(inside[number] == usual for number in self.plain)
        time = CPUS * 1000 * machine / (machine + weight("/system") + weight("/user"))
        for number, promised in self.running.items():
            assert time * inside[number] / sum(inside.values()) >= promised


TestCpuTimeAgainstModel = CpuTimeAgainstModel.TestCase
TestCpuTimeAgainstModel.settings = settings(max_examples=30, stateful_step_count=15)
