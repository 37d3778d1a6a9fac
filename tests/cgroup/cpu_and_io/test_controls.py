import pytest

from tests.fakes.controllers import FakeControllers
from xmlresource.cgroup.cpu_and_io.controls import Control, Draft, PlanPart, TargetValue, joined
from xmlresource.cgroup.hierarchy import Version
from xmlresource.cgroup.writes import FileUnit, NotEnforced, Plan, Problem, Rejection
from xmlresource.units import UNLIMITED


@pytest.fixture
def control():
    kernel = FakeControllers(Version.V2)
    place = kernel.add_guest()
    return Control(place, kernel.texts(place))


def target(control, **changes):
    words = {
        "cgroup": control.place.cgroup,
        "file": "cpu.weight",
        "value": 200,
        "text": "200",
        "undo_text": "100",
        "tunable": "cpu_share",
        "reason": "so",
        "unit": FileUnit.WEIGHT,
    }
    return TargetValue(**(words | changes))


def test_what_is_in_force_or_not_there_is_no_write(control):
    draft = Draft(control)
    draft.set(target(control, value=100))
    draft.set(target(control, file="cpu.idle"))
    assert draft.part() == PlanPart()
    draft.set(target(control))
    (write,) = draft.part().writes
    assert (write.before, write.value, write.path) == (
        100,
        200,
        "/cg/machine/qemu-1-a.libvirt-qemu/cpu.weight",
    )


def test_a_part_joins_the_plan_of_memory(control):
    note, problem = NotEnforced("cpu_share", "so"), Problem("cpu_hard_limit", "so")
    draft = Draft(control)
    draft.set(target(control))
    part = PlanPart(draft.part().writes, (note,))
    plan = joined(Plan(control.place, (), (note,)), part)
    assert isinstance(plan, Plan)
    assert (plan.writes, plan.not_enforced) == (part.writes, (note, note))
    broken = PlanPart(problems=(problem,))
    assert joined(Plan(control.place), broken) == Rejection((problem,))
    assert joined(Rejection((problem,)), broken) == Rejection((problem, problem))
    assert joined(Rejection((problem,)), PlanPart()) == Rejection((problem,))


@pytest.mark.parametrize(
    ("unit", "amount", "words"),
    [
        (FileUnit.BYTES, 4096, "4 KiB"),
        (FileUnit.MICROSECONDS, 50_000, "50000 µs"),
        (FileUnit.WEIGHT, 200, "200"),
        (FileUnit.BYTES_PER_SECOND, 1 << 20, "1 MiB/s"),
        (FileUnit.OPERATIONS_PER_SECOND, 5, "5 operations/s"),
        (FileUnit.WEIGHT, UNLIMITED, "unlimited"),
        (FileUnit.BYTES_PER_SECOND, UNLIMITED, "unlimited"),
    ],
)
def test_amounts_in_words(unit, amount, words):
    assert unit.describe(amount) == words
