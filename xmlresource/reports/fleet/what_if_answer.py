"""The answer to ``fleet what-if`` as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from xmlresource.fleet.packing.packing_problem import Proof
from xmlresource.fleet.planning.what_if import FleetOutcome, HostLoss
from xmlresource.operations.fleet.planning import AskedChange, FleetWhatIf
from xmlresource.printable import one_line, printable
from xmlresource.reports.fleet.drain_answer import guest_as_json, named
from xmlresource.reports.fleet.planning_lines import (
    counted,
    notes_as_json,
    notes_lines,
    paragraph,
    table,
)
from xmlresource.reports.layout.tables import short
from xmlresource.units import approximate


def as_text(found: FleetWhatIf) -> str:
    """What becomes of the change, then whether any one host could be lost."""
    outcome = found.outcome
    lines = [
        *_reserve(found.asked, outcome),
        *_lost(found.asked, outcome),
        *_added(outcome),
        *_losses(outcome),
        *notes_lines(found.notes),
    ]
    return "\n".join(lines) + "\n"


def as_json(found: FleetWhatIf) -> dict[str, Any]:
    """The shape of ``fleet what-if --json``; schemas/fleet-what-if.schema.json says it."""
    outcome = found.outcome
    return {
        "version": 1,
        "fine": outcome.is_fine,
        "n_plus_one": outcome.survives_any_loss,
        "overfull": [{"host": each.host, "bytes": each.missing} for each in outcome.overfull],
        "lost": {
            "hosts": list(found.asked.lost),
            "guests": outcome.lost_guests,
            "with_devices": [guest_as_json(each) for each in outcome.devices],
            "homeless": [guest_as_json(each) for each in outcome.homeless],
            "proof": outcome.proof.value,
        },
        "added": [
            {"guest": each.guest.demand.name, "asked": each.asked, "placed": each.placed}
            for each in outcome.added
        ],
        "losses": [
            {
                "host": each.host,
                "guests": each.guests,
                "homeless": [guest_as_json(guest) for guest in each.homeless],
                "proof": each.proof.value,
            }
            for each in outcome.losses
        ],
        **notes_as_json(found.notes),
    }


def is_kept(found: FleetWhatIf) -> bool:
    """Whether the answer is yes: to the change, or without one to the loss of any host."""
    if found.asked == AskedChange():
        return found.outcome.survives_any_loss
    return found.outcome.is_fine


def _reserve(asked: AskedChange, outcome: FleetOutcome) -> Iterator[str]:
    if asked.host_reserve is None:
        return
    kept = f"with {one_line(asked.host_reserve)} kept for each host"
    if not outcome.overfull:
        yield from paragraph(f"{kept}: no host is too full")
        return
    yield from paragraph(f"{kept}: {counted(len(outcome.overfull), 'host')} too full, by")
    rows = [(short(each.host, 30), approximate(each.missing)) for each in outcome.overfull]
    yield from table(rows, {1})


def _lost(asked: AskedChange, outcome: FleetOutcome) -> Iterator[str]:
    if not asked.lost:
        return
    hosts = ", ".join(map(one_line, asked.lost))
    guests = counted(outcome.lost_guests, "guest")
    if not outcome.homeless:
        yield from paragraph(f"without {hosts}: all of {guests} have a place elsewhere")
    else:
        proved = "" if outcome.proof is Proof.IMPOSSIBLE else " (not proved)"
        number = len(outcome.homeless)
        yield from paragraph(f"without {hosts}: {number:,} of {guests} have no place{proved}:")
        yield from table(
            [
                (short(each.host, 14), named(each), approximate(each.wanted.needed))
                for each in outcome.homeless
            ],
            {2},
        )
    if outcome.devices:
        number = len(outcome.devices)
        uses = "uses" if number == 1 else "use"
        yield from paragraph(
            f"  {number:,} of them {uses} devices of the host, which another one may lack: "
            + ", ".join(named(each) for each in outcome.devices[:3])
            + (", …" if number > 3 else ""),  # noqa: PLR2004 -- as many as a line shows
            indent="    ",
        )


def _added(outcome: FleetOutcome) -> Iterator[str]:
    for each in outcome.added:
        name, size = printable(each.guest.demand.name), approximate(each.guest.demand.guarantee)
        if each.placed == each.asked:
            answer = f"{each.asked:,} x '{name}' ({size}): all have a place"
        else:
            answer = f"{each.asked:,} x '{name}' ({size}): {each.placed:,} have a place"
        yield from paragraph(answer)


def _losses(outcome: FleetOutcome) -> Iterator[str]:
    hosts = counted(len(outcome.losses), "host")
    failed = [each for each in outcome.losses if each.homeless]
    if not outcome.losses:
        yield "N+1: there is no host left"
        return
    if not failed:
        yield from paragraph(f"N+1: any one of {hosts} can be lost, and the others take its guests")
        return
    yield from paragraph(
        f"N+1 is not kept: of {hosts}, {len(failed):,} can't be lost; without a place would be:"
    )
    yield from table([_row(each) for each in sorted(failed, key=lambda each: -_bytes(each))], {2})


def _row(loss: HostLoss) -> tuple[str, ...]:
    proved = "" if loss.proof is Proof.IMPOSSIBLE else "not proved"
    return (
        short(loss.host, 24),
        f"{len(loss.homeless):,} of {counted(loss.guests, 'guest')}",
        approximate(_bytes(loss)),
        proved,
    )


def _bytes(loss: HostLoss) -> int:
    return sum(each.wanted.needed for each in loss.homeless)
