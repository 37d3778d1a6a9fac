"""What one round of balancing did or would do, for people and programs."""

from typing import Any

from xmlresource.balance.movement import LeftAlone, Reason
from xmlresource.balance.wording import sentence
from xmlresource.live.balance.movements import StepOutcome, described
from xmlresource.live.balance.single_round import Balanced
from xmlresource.printable import one_line, printable
from xmlresource.record import replace
from xmlresource.units import approximate


def as_text(done: Balanced) -> str:
    """A line a step with its reason, then who is left alone."""
    lines = [_step(each, dry=done.dry) for each in done.outcomes] or ["nothing is to be moved"]
    if done.missing:
        lines.append(f"{approximate(done.missing)} of {approximate(done.demand)} nobody can spare")
    lines += [
        f"guest '{printable(each.name)}' is left alone: {_why(each)}" for each in _alone(done)
    ]
    lines.append(f"room beside all promises: {approximate(max(0, done.room))}")
    return "".join(f"{one_line(line)}\n" for line in lines)


def as_json(done: Balanced) -> dict[str, Any]:
    """The shape of ``balance --json``, version 1; sizes in bytes."""
    return {
        "version": 1,
        "dry_run": done.dry,
        "demand": done.demand,
        "missing": done.missing,
        "room": done.room,
        "steps": [
            {
                "name": each.step.name,
                "uuid": each.step.key[1],
                "direction": each.step.direction.value,
                "means": each.step.means.value,
                "size": each.step.size,
                "target": each.step.target,
                "done": each.done and not done.dry and not each.step.observe,
                "fault": each.fault,
                **_reason(each.step.reason),
            }
            for each in done.outcomes
        ],
        "left_alone": [
            {"name": each.name, "uuid": each.key[1], **_reason(each.reason)}
            for each in _alone(done)
        ],
    }


def _alone(done: Balanced) -> tuple[LeftAlone, ...]:
    return tuple(sorted(done.left_alone, key=lambda each: each.name))


def _why(each: LeftAlone) -> str:
    return sentence(each.reason)


def _step(each: StepOutcome, *, dry: bool) -> str:
    if each.fault is not None:
        return f"{described(each.step)}; not done: {each.fault}"
    if each.is_over:
        return f"{described(each.step)}; not done: it has moved by itself, or ended"
    return described(replace(each.step, observe=True) if dry else each.step)


def _reason(reason: Reason) -> dict[str, Any]:
    return {"cause": reason.cause.value, "figures": dict(reason.figures)}
