"""One round of balancing, for people and programs."""

import json

import pytest

from xmlresource.balance.movement import Cause, Direction, LeftAlone, Means, Reason, Step
from xmlresource.errors import ExitStatus
from xmlresource.live.balance.movements import StepOutcome, event_of
from xmlresource.live.balance.single_round import Balanced
from xmlresource.record import replace
from xmlresource.reports.guests.balance import as_json, as_text

MIB = 1 << 20
SHORT = Reason(Cause.HOST_SHORT, (("available", 500 * MIB), ("below", 1024 * MIB)))
TAKE = Step(("qemu", "u-1"), "db\x1b1", Direction.TAKE, Means.BALLOON, 64 * MIB, 960 * MIB, SHORT)
PRESS = replace(TAKE, means=Means.PRESS)
ROOM = Reason(Cause.HOST_HAS_ROOM, (("available", 9 * MIB), ("above", 8 * MIB)))
GIVE = replace(TAKE, direction=Direction.GIVE, target=1024 * MIB, reason=ROOM)
HOLD = replace(TAKE, direction=Direction.HOLD, size=0, reason=Reason(Cause.IGNORES))
ALONE = LeftAlone(("qemu", "u-2"), "web", Reason(Cause.NO_BALLOON))


def done(*outcomes: StepOutcome, dry: bool = False) -> Balanced:
    return Balanced(dry, outcomes, (ALONE,), 128 * MIB, 64 * MIB, -5)


def test_a_line_a_step() -> None:
    text = as_text(done(*map(StepOutcome, (TAKE, PRESS, GIVE, HOLD))))
    guest = "guest 'db\\x1b1'"
    short = "the host has 500 MiB available, less than 1 GiB"
    room = "the host has 9 MiB available, more than 8 MiB"
    held = "its balloon did not move as it was asked to"
    assert text.splitlines() == [
        f"{guest} is asked to give 64 MiB, down to 960 MiB: {short}",
        f"{guest} is pressed for 64 MiB: {short}",
        f"{guest} is given 64 MiB, up to 1 GiB: {room}",
        f"{guest} is asked for no more than 960 MiB: {held}",
        "64 MiB of 128 MiB nobody can spare",
        "guest 'web' is left alone: it has no balloon that it could be asked through",
        "room beside all promises: 0 bytes",
    ]


def test_what_would_be_done() -> None:
    text = as_text(done(StepOutcome(TAKE), dry=True))
    assert text.startswith("guest 'db\\x1b1' would be asked to give 64 MiB, ")
    nothing = as_text(replace(done(dry=True), missing=0))
    assert nothing.startswith("nothing is to be moved\nguest 'web'")


def test_what_was_not_done() -> None:
    failed, over = StepOutcome(TAKE, "libvirt said no"), StepOutcome(GIVE, is_over=True)
    lines = as_text(done(failed, over)).splitlines()
    assert lines[0].endswith("; not done: libvirt said no")
    assert lines[1].endswith("; not done: it has moved by itself, or ended")
    assert done(failed).exit_status == ExitStatus.USAGE
    assert done(over).exit_status == ExitStatus.FINE


@pytest.mark.parametrize("dry", [False, True])
def test_json(*, dry: bool) -> None:
    found = json.loads(json.dumps(as_json(done(StepOutcome(TAKE), dry=dry))))
    (step,) = found["steps"]
    assert step == {
        "name": "db\x1b1",
        "uuid": "u-1",
        "direction": "take",
        "means": "balloon",
        "size": 64 * MIB,
        "target": 960 * MIB,
        "done": not dry,
        "fault": None,
        "cause": "host-short",
        "figures": {"available": 500 * MIB, "below": 1024 * MIB},
    }
    assert (found["demand"], found["missing"]) == (128 * MIB, 64 * MIB)
    assert found["left_alone"][0]["cause"] == "no-balloon"


@pytest.mark.parametrize(
    ("step", "fault", "kind"),
    [
        (TAKE, None, "reclaimed"),
        (GIVE, None, "given-back"),
        (HOLD, None, "warning"),
        (TAKE, "no", "warning"),
        (replace(TAKE, observe=True), None, "warning"),
    ],
)
def test_events(step: Step, fault: str | None, kind: str) -> None:
    event = event_of(step, fault)
    assert event.kind == kind
    assert (event.operation, event.guest, event.uuid) == ("balance", step.name, "u-1")
    assert event.figures["cause"] == step.reason.cause.value
    assert event.figures["size"] == step.size
