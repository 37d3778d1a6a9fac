"""Plans and results of taking memory back: as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from xmlresource.live.reclaim.guest_reclaim import Reclaimed
from xmlresource.live.reclaim.host_give_back import Return, Returned, ReturnPlan
from xmlresource.live.reclaim.host_reclaim import HostPlan, HostReclaimed, Share
from xmlresource.printable import one_line, printable
from xmlresource.reclaim.steps import Action, Ask, Observation, Press
from xmlresource.reports.layout.tables import aligned, short
from xmlresource.units import approximate

_LONGEST_NAME = 24
_NUMBERS = frozenset(range(1, 6))


def as_text(name: str, done: Reclaimed) -> str:
    """A line each: the outcome, the guest's part in it, the figures."""
    return (
        f"{_fate(done.reached)}: {one_line(done.reason)}\n"
        f"guest '{printable(name)}': {done.cooperation.value}\n{_figures(done)}\n"
    )


def as_json(name: str, done: Reclaimed) -> dict[str, Any]:
    """The shape of ``reclaim --json``, version 1; sizes in bytes."""
    return {"version": 1, "name": name, **_outcome(done)}


def plan_as_text(plan: HostPlan) -> str:
    """The plan of what each guest gives, a line a guest."""
    lines = [f"to take: {approximate(plan.demand)}"]
    if plan.missing:
        had = approximate(plan.demand - plan.missing)
        lines[0] += f", of which {approximate(plan.missing)} can't be had: {had} lies above"
        lines[0] += " what guests must keep"
    head = ("guest", "charged", "guarantee", "soft limit", "gives", "keeps")
    lines += aligned([head, *map(_row, plan.shares)], _NUMBERS)
    lines += [
        f"guest '{printable(each.name)}' is left with less than its soft limit"
        for each in plan.shares
        if each.below_soft
    ]
    lines += map(_passed_over, plan.passed_over)
    return "".join(f"{line}\n" for line in lines)


def return_as_text(plan: ReturnPlan) -> str:
    """The plan of what each guest gets back, a line a guest."""
    lines = [f"to give back: {approximate(plan.gives)} of {approximate(plan.lacking)}"]
    if plan.missing:
        lines[0] += f"; the host has room for {approximate(plan.room)} beside what is promised"
    if plan.returns:
        head = ("guest", "has", "defined", "promised", "gets", "then has")
        lines += aligned([head, *map(_return_row, plan.returns)], _NUMBERS)
    lines += map(_passed_over, plan.passed_over)
    return "".join(f"{line}\n" for line in lines)


def returned_as_text(done: Returned) -> str:
    """The outcome, and whom libvirt did not let have it."""
    plan = done.plan
    if not done.agreed:
        return "nothing was done: it was not agreed to\n"
    if not plan.returns:
        return "nothing was done: every guest that can be asked has its RAM\n"
    if not plan.gives:
        return f"nothing was done: no room for the {approximate(plan.missing)} that guests lack\n"
    failed = dict(done.failed)
    asked = [each for each in plan.returns if each.size and each.name not in failed]
    size, count = sum(each.size for each in asked), len(asked)
    lines = [
        f"asked to take again: {approximate(size)}, {count} guest{'' if count == 1 else 's'}",
        *(f"NOT asked: guest '{printable(name)}': {one_line(why)}" for name, why in done.failed),
    ]
    if plan.missing:
        lines.append(f"no room for {approximate(plan.missing)} that guests lack still")
    return "".join(f"{line}\n" for line in lines)


def return_as_json(plan: ReturnPlan, done: Returned | None = None) -> dict[str, Any]:
    """The shape of ``reclaim --host --give-back --json``, version 1; sizes in bytes."""
    failed = {} if done is None else dict(done.failed)
    return {
        "version": 1,
        "room": plan.room,
        "lacking": plan.lacking,
        "gives": plan.gives,
        "missing": plan.missing,
        "agreed": None if done is None else done.agreed,
        "guests": [{**_return(each), "failed": failed.get(each.name)} for each in plan.returns],
        "passed_over": [{"name": name, "reason": why} for name, why in plan.passed_over],
    }


def host_as_text(done: HostReclaimed) -> str:
    """The outcome, and of each guest that was asked its part in it."""
    if not done.guests:
        return f"nothing was done: {one_line(done.reason)}\n"
    lines = [f"{_fate(done.reached)}: {one_line(done.reason)}"]
    for share, outcome in zip(done.plan.shares, done.guests, strict=True):
        if outcome is not None:
            name = printable(share.name)
            lines += [f"guest '{name}': {outcome.cooperation.value}", f"  {_figures(outcome)}"]
    return "".join(f"{line}\n" for line in lines)


def host_as_json(plan: HostPlan, done: HostReclaimed | None = None) -> dict[str, Any]:
    """The shape of ``reclaim --host --json``, version 1; sizes in bytes."""
    outcomes = done.guests if done is not None and done.guests else (None,) * len(plan.shares)
    return {
        "version": 1,
        "demand": plan.demand,
        "missing": plan.missing,
        "reached": None if done is None else done.reached,
        "reason": None if done is None else done.reason,
        "guests": [
            {**_share(share), **({} if outcome is None else _outcome(outcome))}
            for share, outcome in zip(plan.shares, outcomes, strict=True)
        ],
        "passed_over": [{"name": name, "reason": why} for name, why in plan.passed_over],
    }


def progress_line(seen: Observation, action: Action) -> str:
    """The step that is being done, in a few words."""
    doing = "waiting"
    if isinstance(action, Ask):
        doing = f"asking it to make do with {approximate(action.balloon)}"
    elif isinstance(action, Press):
        doing = f"pressing for {approximate(action.size)}"
    balloon = "" if seen.balloon is None else f", balloon {approximate(seen.balloon)}"
    return f"{seen.at:5.1f} s  charged {approximate(seen.charged)}{balloon}  {doing}"


def _fate(reached: bool) -> str:  # noqa: FBT001 -- read where it is called
    return "reached" if reached else "not reached, and all is put back"


def _figures(done: Reclaimed) -> str:
    swap = f", {approximate(done.swapped)} in swap" if done.swapped else ""
    return f"charged: {approximate(done.before)} before, {approximate(done.after)} now{swap}"


def _passed_over(found: tuple[str, str]) -> str:
    name, why = found
    return f"passed over: guest '{printable(name)}': {why}"


def _return_row(back: Return) -> tuple[str, ...]:
    sizes = (back.balloon, back.defined, back.lack.covered, back.size, back.target)
    return (short(printable(back.name), _LONGEST_NAME), *_cells(sizes))


def _return(back: Return) -> dict[str, Any]:
    return {
        "name": back.name,
        "uuid": back.uuid,
        "balloon": back.balloon,
        "defined": back.defined,
        "promised": back.lack.covered,
        "gets": back.size,
        "target": back.target,
    }


def _row(share: Share) -> tuple[str, ...]:
    standing = share.standing
    sizes = (standing.charged, standing.guarantee, standing.soft, share.size, share.target)
    return (short(printable(share.name), _LONGEST_NAME), *_cells(sizes))


def _cells(sizes: tuple[int, ...]) -> Iterator[str]:
    for size in sizes:
        yield approximate(size) if size else "-"


def _share(share: Share) -> dict[str, Any]:
    return {
        "name": share.name,
        "uuid": share.uuid,
        "charged": share.standing.charged,
        "min_guarantee": share.standing.guarantee,
        "soft_limit": share.standing.soft or None,
        "gives": share.size,
        "target": share.target,
    }


def _outcome(done: Reclaimed) -> dict[str, Any]:
    return {
        "reached": done.reached,
        "reason": done.reason,
        "cooperation": done.cooperation.name.lower().replace("_", "-"),
        "before": done.before,
        "after": done.after,
        "swapped": done.swapped,
    }
