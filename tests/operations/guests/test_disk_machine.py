"""Parts of a disk through any history of starts, ends, edits and lost ledgers, against a model."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.fakes.controllers import DISK
from tests.operations.guests.test_disk_promises import (
    WeighedHost,
    edit,
    group_of,
    one,
    promised,
)
from tests.operations.guests.test_hook_events import call
from xmlresource.operations.guests.apply import apply_all

NUMBERS = range(1, 6)
PERCENT = st.sampled_from((2, 5, 10, 25, 40))
PICK = st.integers(0, 11)
SURE = {"iocost": 90, "v1": 20}
"""What is always kept; of bfq's weights, which end at 1000, less than of iocost's."""


class PartsOfADiskAgainstModel(RuleBasedStateMachine):
    """The model knows who starts and who runs, and with how much."""

    def __init__(self) -> None:
        super().__init__()
        shared = Path("/dev/shm")  # noqa: S108 -- a folder of our own in it
        self.folder = Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
        self.starting: dict[int, int] = {}
        self.running: dict[int, int] = {}
        self.plain: set[int] = set()
        self.settled = True

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    @initialize(kind=st.sampled_from(sorted(SURE)))
    def make(self, kind: str) -> None:
        self.host = WeighedHost(self.folder / "host", kind)
        self.host.group("/user")
        self.sure = SURE[kind]

    @property
    def taken(self) -> int:
        return sum(self.starting.values()) + sum(self.running.values())

    def call(self, operation: str, number: int, percent: int) -> int:
        return call(self.host, operation, one(f"g{number}", number, percent), f"g{number}")[0]

    def cgroup(self, number: int) -> str:
        return group_of(f"g{number}", 100 + number)

    def ends(self, number: int) -> None:
        self.host.end(100 + number)
        for suffix in ("pid", "xml"):
            (self.host.root / f"run/libvirt/qemu/g{number}.{suffix}").unlink()
        for controller in ("memory", "cpu", "blkio"):
            folder = self.host.folder(controller, self.cgroup(number))
            shutil.rmtree(self.host.root / folder[1:], ignore_errors=True)

    @rule(pick=PICK, percent=PERCENT)
    def prepare(self, pick: int, percent: int) -> None:
        numbers = sorted({*NUMBERS} - {*self.running} - {*self.starting})
        if not numbers:
            return
        number = numbers[pick % len(numbers)]
        answer = self.call("prepare", number, percent)
        assert answer in {0, 3}
        assert answer == 0 or self.taken + percent > self.sure
        assert answer == 3 or self.taken + percent <= 100
        if answer:
            assert self.call("stopped", number, percent) == 0
        else:
            self.starting[number] = percent

    @precondition(lambda self: self.starting)
    @rule(pick=PICK)
    def started(self, pick: int) -> None:
        number = sorted(self.starting)[pick % len(self.starting)]
        percent = self.starting.pop(number)
        self.host.run(f"g{number}", 100 + number, one(f"g{number}", number, percent))
        if self.call("started", number, percent):
            # Others came since it was admitted, and their weights are in the way.
            assert self.plain
            assert self.taken + percent > self.sure
            self.ends(number)
            assert self.call("stopped", number, percent) == 0
        else:
            self.running[number] = percent
        self.settled = True

    @precondition(lambda self: self.running)
    @rule(pick=PICK, told=st.booleans())
    def end(self, pick: int, told: bool) -> None:
        number = sorted(self.running)[pick % len(self.running)]
        percent = self.running.pop(number)
        self.ends(number)
        self.settled = told
        if told:
            assert self.call("stopped", number, percent) == 0

    @rule(number=st.integers(10, 12))
    def somebody_without_a_policy_comes_or_goes(self, number: int) -> None:
        """Nobody asks us."""
        if number in self.plain:
            self.ends(number)
        else:
            self.host.run(f"g{number}", 100 + number, one(f"g{number}", number))
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
        for number, percent in sorted(self.running.items()):
            self.call("reconnect", number, percent)
        self.settled = True

    @precondition(lambda self: self.running)
    @rule(pick=PICK, percent=PERCENT)
    def edit(self, pick: int, percent: int) -> None:
        """Somebody changes a live definition; the repair asks for more, and takes less."""
        number = sorted(self.running)[pick % len(self.running)]
        edit(self.host, f"g{number}", 100 + number, one(f"g{number}", number, percent))
        apply_all(self.host.machine)
        has = promised(self.host)[f"g{number}"][DISK] // 1000
        assert has in {percent, self.running[number]}
        assert has == percent or self.taken - has + percent > self.sure
        self.running[number] = has
        edit(self.host, f"g{number}", 100 + number, one(f"g{number}", number, has))
        apply_all(self.host.machine)
        self.settled = True

    @invariant()
    def the_ledger_has_who_starts_and_who_runs(self) -> None:
        if not (hasattr(self, "host") and (self.host.root / "run/xmlresource/ledger").exists()):
            return
        wanted = {
            f"g{number}": {DISK: 1000 * percent}
            for number, percent in (self.starting | self.running).items()
        }
        assert promised(self.host).items() >= wanted.items()
        assert self.taken <= 100

    @invariant()
    def every_floor_holds(self) -> None:
        if not (hasattr(self, "host") and self.settled):
            return
        host = self.host
        machine = host.lines("/machine")
        assert self.running or machine == {"default": 100}
        inside = {each: host.weight_on(self.cgroup(each)) for each in (*self.running, *self.plain)}
        assert all(inside[number] == 100 for number in self.plain)
        own = host.weight_on("/machine")
        part = 100 * own / (own + host.weight_on("/system") + host.weight_on("/user"))
        if sum(self.running.values()) > self.sure:
            return  # others that came may be too heavy; then as much is kept as can be
        for number, wanted in self.running.items():
            assert part * inside[number] / sum(inside.values()) >= wanted


TestPartsOfADiskAgainstModel = PartsOfADiskAgainstModel.TestCase
TestPartsOfADiskAgainstModel.settings = settings(max_examples=30, stateful_step_count=15)
