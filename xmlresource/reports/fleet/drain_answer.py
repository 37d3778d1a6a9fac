"""The answer to ``fleet drain`` as text and as JSON."""

from collections.abc import Iterator
from typing import Any, Final

from xmlresource.fleet.packing.packing_problem import Proof
from xmlresource.fleet.planning.drain_plan import DrainPlan
from xmlresource.fleet.planning.fleet_vectors import SeatedGuest
from xmlresource.operations.fleet.planning import FleetDrain
from xmlresource.printable import one_line
from xmlresource.reports.fleet.planning_lines import (
    counted,
    notes_as_json,
    notes_lines,
    paragraph,
    reasons_as_json,
    reasons_text,
    table,
)
from xmlresource.reports.layout.tables import short
from xmlresource.units import approximate

_LONGEST_NAME: Final = 30
_LONGEST_HOST: Final = 14


def as_text(found: FleetDrain) -> str:
    """What can't go first, then the moves, then what is known of the plan."""
    plan = found.plan
    lines = [*staying(plan), *_moves(plan), *_verdict(plan)]
    return "\n".join([*lines, *notes_lines(found.notes)]) + "\n"


def staying(plan: DrainPlan) -> list[str]:
    """The guests that can't go, and why."""
    return [*_fixed(plan), *_homeless(plan)]


def as_json(found: FleetDrain) -> dict[str, Any]:
    """The shape of ``fleet drain --json``, version 1; schemas/fleet-drain.schema.json says it."""
    plan = found.plan
    return {
        "version": 1,
        "hosts": list(plan.hosts),
        "complete": plan.is_complete,
        "moves": [
            {
                **guest_as_json(each.seated),
                "target": each.target,
                "bytes": each.seated.wanted.needed,
            }
            for each in plan.moves
        ],
        "fixed": [
            {**guest_as_json(each), "fixed_by": list(each.guest.fixed_by)} for each in plan.fixed
        ],
        "homeless": [
            {**guest_as_json(each.seated), "reasons": reasons_as_json(each.reasons)}
            for each in plan.homeless
        ],
        "hosts_used": plan.hosts_used,
        "bound": plan.bound,
        "proof": plan.proof.value,
        "solver": plan.solved,
        **notes_as_json(found.notes),
    }


def guest_as_json(seated: SeatedGuest) -> dict[str, Any]:
    """A guest and the host that it is on."""
    promise = seated.guest.held.promise
    return {
        "guest": promise.name,
        "uuid": promise.uuid,
        "driver": promise.driver,
        "source": seated.host,
    }


def named(seated: SeatedGuest) -> str:
    """A guest's name for a table."""
    return short(seated.guest.held.promise.name, _LONGEST_NAME)


def _host(name: str) -> str:
    return short(name, _LONGEST_HOST)


def _fixed(plan: DrainPlan) -> Iterator[str]:
    if plan.fixed:
        number = counted(len(plan.fixed), "guest")
        yield from paragraph(
            f"{number} can't be moved while running, for devices of the host; shut down what is to "
            "go, or detach them:"
        )
        rows = [
            (_host(each.host), named(each), short(", ".join(each.guest.fixed_by), _LONGEST_NAME))
            for each in plan.fixed
        ]
        yield from table(rows)


def _homeless(plan: DrainPlan) -> Iterator[str]:
    if not plan.homeless:
        return
    known = {
        Proof.IMPOSSIBLE: "proved: not without moving guests of other hosts",
        Proof.UNKNOWN: "not proved: another plan might have one",
    }
    end = known.get(plan.proof, "")
    yield from paragraph(
        f"{counted(len(plan.homeless), 'guest')} without a place{f' ({end})' if end else ''}:"
    )
    by_reason: dict[str, list[SeatedGuest]] = {}
    for each in plan.homeless:
        reason = reasons_text(each.reasons) or "the hosts that it fits on are full of the others"
        by_reason.setdefault(reason, []).append(each.seated)
    for reason, guests in by_reason.items():
        yield from table([(_host(each.host), named(each), _size(each)) for each in guests], {2})
        yield from paragraph(f"    {reason}", indent="      ")


def _moves(plan: DrainPlan) -> Iterator[str]:
    if plan.moves:
        yield "moves, one after the other:"
        rows = [
            (
                str(number),
                named(each.seated),
                _size(each.seated),
                _host(each.seated.host),
                "->",
                _host(each.target),
                "" if each.seated.host in plan.hosts else "(makes room)",
            )
            for number, each in enumerate(plan.moves, 1)
        ]
        yield from table(rows, {0, 2}, most=len(rows))


def _verdict(plan: DrainPlan) -> Iterator[str]:
    hosts = ", ".join(map(one_line, plan.hosts))
    if not plan.moves:
        nothing = "nothing to move" if plan.is_complete else "no guest can go"
        yield from paragraph(f"{hosts}: {nothing}")
        return
    if len(plan.hosts) > 1:
        yield from paragraph(f"empty: {', '.join(_emptied(plan)) or 'none of them'}")
    number = counted(len(plan.moves) - plan.aside, "guest")
    yield from paragraph(f"{hosts}: {number} to {counted(plan.hosts_used, 'host')}; {_known(plan)}")


def _emptied(plan: DrainPlan) -> Iterator[str]:
    """After which move each host is empty."""
    kept = {each.host for each in (*plan.fixed, *(each.seated for each in plan.homeless))}
    last = {each.seated.host: number for number, each in enumerate(plan.moves, 1)}
    for host in plan.hosts:
        if host not in kept:
            yield f"{one_line(host)} after move {last[host]}" if host in last else one_line(host)


def _known(plan: DrainPlan) -> str:
    """What is known of the number of hosts that get guests."""
    if plan.homeless:
        return "not all can go"
    if plan.aside:
        return f"{counted(plan.aside, 'guest')} of other hosts first, to make room"
    if plan.proof is Proof.OPTIMAL:
        return f"{plan.bound} is the least"
    solver = "OR-tools did not tell" if plan.solved else "OR-tools (the extra plan) may tell"
    return f"the least is {plan.bound} or more: {solver}"


def _size(seated: SeatedGuest) -> str:
    return approximate(seated.wanted.needed)
