"""A decision of admission as text and as JSON."""

from collections.abc import Sequence
from typing import Any, Final

from xmlresource.admission.reckoning import Decision, HeldBack, Reckoning, Rule
from xmlresource.admission.refusal import reckoning_lines, refusal_text
from xmlresource.printable import one_line, printable
from xmlresource.reports import demand
from xmlresource.units import approximate

_ASKED: Final = "asked for"
_RULES: Final = {
    Rule.COMMITMENT: "all promises, with what is pinned beyond them, fit what the host has",
    Rule.PHYSICAL: "the guarantee, or what is taken at once, fits what is free now and spoken for "
    "by nobody",
    Rule.ANCESTORS: "both hold below every limit of a cgroup above the guest",
    Rule.PARTITIONS: "the promises in a partition fit its budget",
    Rule.NODES: "both hold on the nodes to which the guest's memory is bound",
    Rule.HUGEPAGES: "there are hugepages for the guest's RAM",
    Rule.PRIORITY: "it also fits with those of higher priority that are to start (boot_priority)",
}
# By how a label begins, the longer ones first.
_LINES: Final = (
    ("MemTotal", "what the host, or the nodes, have (meminfo)"),
    ("MemAvailable", "what the kernel could give now without swapping (meminfo)"),
    ("available", "the same for the nodes, by the kernel's formula"),
    ("host reserve, not used yet", "the reserve less what the host itself has taken by now"),
    ("host reserve", "what is kept for the host itself (host_reserve)"),
    ("hugepages", "what the pools have taken from ordinary memory"),
    ("commit ratio", "what commit_ratio adds to the lines above it, or takes from them"),
    ("guests without a promise", "RAM and expected overhead of guests that run unpromised"),
    ("promised in it", "the promises of the partition's other guests"),
    ("promised, not used yet", "what other guests were promised or need, and have yet to take"),
    ("promised there, not used yet", "the same, as far as it is bound to these nodes"),
    ("promised below it, not used yet", "the same, of guests below this cgroup"),
    ("promised", "what was promised to other guests, or is pinned beyond it"),
    ("limit", "the cgroup's own limit"),
    ("charged", "what the cgroup uses now"),
    ("page cache of it", "what of that the kernel takes back first"),
    ("held back", "what guests of higher priority will be promised that have not started yet"),
    ("budget", "what the administrator gave the partition ([partitions])"),
    ("free pages", "hugepages that nobody has or has reserved"),
    ("for guests that start", "those of guests that were admitted and have not taken them yet"),
)


def explained(decision: Decision) -> str:
    """The answer: what the guest asks for, the reckoning, and what each line of it is about."""
    first, *reckoning = as_text(decision).splitlines()
    labels = dict.fromkeys(
        line.label for reckoning in decision.reckonings for line in reckoning.lines
    )
    rules = dict.fromkeys(reckoning.rule for reckoning in decision.reckonings)
    lines = [first, "", "its RAM:", *demand.as_lines(decision.demand), ""]
    if reckoning:
        lines += ["the reckoning:", *reckoning, ""]
    lines += ["the rules:"]
    lines += [f"  {rule.value}: {_RULES[rule]}" for rule in rules]
    lines += ["", "the lines:"]
    lines += [f"  {label}: {_meaning(label)}" for label in labels]
    lines += [f"  = room: their sum; the rule holds where it is at least what is {_ASKED}"]
    return "\n".join(lines) + "\n"


def _meaning(label: str) -> str:
    return next(text for start, text in _LINES if label.startswith(start))


def many_as_text(found: Sequence[tuple[str, Decision]]) -> str:
    """A line a document, in the order in which they were asked about."""
    return "".join(f"{one_line(path)}: {_first_line(decision)}\n" for path, decision in found)


def _first_line(decision: Decision) -> str:
    return as_text(decision).partition("\n")[0].removeprefix("xmlresource: ")


def as_text(decision: Decision) -> str:
    """The answer on the first line, the reckoning below."""
    if not decision.admitted:
        return refusal_text(decision) + "\n"
    name = printable(decision.demand.name)
    if not decision.demand.guarantee:
        return f"guest '{name}' admitted: it asks for no guarantee\n"
    asked, room = approximate(decision.demand.guarantee), approximate(decision.promisable)
    first = f"guest '{name}' admitted: it asks for a guarantee of {asked}, {room} can be promised"
    return "\n".join([first, *reckoning_lines(decision)]) + "\n"


def many_as_json(found: Sequence[tuple[str, Decision | None, list[Any]]]) -> dict[str, Any]:
    """The shape of ``check --json`` of several documents, version 1."""
    return {
        "version": 1,
        "fit": all(decision is not None and decision.admitted for _, decision, _ in found),
        "documents": [
            {
                "path": path,
                "diagnostics": diagnostics,
                "decision": None if decision is None else as_json(decision),
            }
            for path, decision, diagnostics in found
        ],
    }


def as_json(decision: Decision) -> dict[str, Any]:
    """The shape of ``check --json``, version 1; sizes in bytes."""
    return {
        "version": 1,
        "domain": decision.demand.name,
        "admitted": decision.admitted,
        "asked": decision.demand.guarantee,
        "promisable": decision.promisable,
        "memory": demand.as_json(decision.demand),
        "rules": [_rule(reckoning) for reckoning in decision.reckonings],
        "promises": decision.promises,
        "largest": [
            {"name": promise.name, "uuid": promise.uuid, "min_guarantee": promise.size}
            for promise in decision.largest
        ],
        **held_back_as_json(decision.held_back),
    }


def held_back_as_json(found: HeldBack | None) -> dict[str, Any]:
    """Only where there is something."""
    if found is None:
        return {}
    guests = [
        {"name": each.name, "uuid": each.uuid, "min_guarantee": each.size}
        for each in found.promises
    ]
    return {"held_back": {"seconds": found.seconds, "guests": guests}}


def _rule(reckoning: Reckoning) -> dict[str, Any]:
    return {
        "rule": reckoning.rule.value,
        "subject": reckoning.subject,
        "part": None if reckoning.part is None else reckoning.part.value,
        "holds": reckoning.admitted,
        "asked": reckoning.asked,
        "because": reckoning.because or None,
        "promisable": reckoning.promisable,
        "lines": [{"label": line.label, "bytes": line.size} for line in reckoning.lines],
    }
