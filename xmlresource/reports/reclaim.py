"""What is to become, and what became, of taking memory back: in words, and as JSON."""

from collections.abc import Iterator
from typing import Any

from xmlresource.live.reclaim import Reclaimed
from xmlresource.live.reclaim_host import HostPlan, HostReclaimed, Share
from xmlresource.printable import one_line, printable
from xmlresource.reclaiming import Action, Ask, Press, Seen
from xmlresource.reports.tables import aligned, short
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
    """Who gives what, a line a guest."""
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
    lines += [f"passed over: guest '{printable(name)}': {why}" for name, why in plan.passed_over]
    return "".join(f"{line}\n" for line in lines)


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


def progress_line(seen: Seen, action: Action) -> str:
    """What goes on, short."""
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
