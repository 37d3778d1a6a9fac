"""A decision of admission as text and as JSON."""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from xmlresource.admission.reckoning import Decision, HeldBack, Reckoning, Rule
from xmlresource.admission.refusal import notation_of, reckoning_lines, refusal_text
from xmlresource.admission.weights.cpu.cpu_demand import CpuDemand
from xmlresource.admission.weights.disks.disk_decision import DiskDemand
from xmlresource.admission.weights.floor_decision import FloorDecision
from xmlresource.printable import one_line, printable
from xmlresource.reports.guests import demand

Beside: TypeAlias = Sequence[FloorDecision[Any]]
"""What is decided of a guest beside memory."""

_ASKED: Final = "asked for"
RULES: Final = {
    Rule.COMMITMENT: "all promises, with what is pinned beyond them, fit what the host has",
    Rule.PHYSICAL: "the guarantee, or what is taken at once, fits what is free now and spoken for "
    "by nobody",
    Rule.ANCESTORS: "the same holds below every limit of a cgroup above the guest",
    Rule.PARTITIONS: "the promises in a partition fit its budget",
    Rule.NODES: "both hold on the nodes to which the guest's memory is bound",
    Rule.HUGEPAGES: "there are hugepages for the guest's RAM",
    Rule.VCPUS: "the vCPUs can use the CPU time at all",
    Rule.HARD_LIMIT: "the policy's own limit lets the guest have it",
    Rule.CPUS: "all promises fit the CPUs to which guests are bound",
    Rule.WEIGHTS: "there are weights that keep all promises, whoever else is busy",
    Rule.PRIORITY: "it also fits with those of higher priority that are to start (boot_priority)",
}
# By how a label begins, the longer ones first.
_LINES: Final = (
    ("MemTotal", "what the host, or the nodes, have (meminfo)"),
    ("MemAvailable", "what the kernel could give now without swapping (meminfo)"),
    ("available", "the same for the nodes, by the kernel's formula"),
    ("host reserve, not used yet", "the reserve less what the host itself has taken by now"),
    ("host reserve", "what is kept for the host itself (host_reserve)"),
    ("CPUs", "the host's CPUs that are online, or those of them to which guests are bound"),
    ("vCPUs", "a vCPU uses one CPU at a time"),
    ("pinned to fewer CPUs", "what vCPUs can't use that are pinned to the same CPUs"),
    ("cpuHardLimit", "the most CPU time that the policy lets the guest have"),
    ("CPU reserve", "the CPU time that is kept for the host itself (cpu_reserve)"),
    ("all of it", "what the disk can do, however much that is"),
    ("kept by ", "the most that weights can keep for the guest beside those of others"),
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


def explained(decision: Decision, beside: Beside = ()) -> str:
    """The answer: what the guest asks for, the reckoning, and what each line of it is about."""
    first, *reckoning = as_text(decision, beside).splitlines()
    reckonings = [each for one in _all(decision, beside) for each in one.reckonings]
    labels = dict.fromkeys(line.label for reckoning in reckonings for line in reckoning.lines)
    rules = dict.fromkeys(reckoning.rule for reckoning in reckonings)
    lines = [first, "", "its RAM:", *demand.as_lines(decision.demand), ""]
    if reckoning:
        lines += ["the reckoning:", *reckoning, ""]
    lines += ["the rules:"]
    lines += [f"  {rule.value}: {RULES[rule]}" for rule in rules]
    lines += ["", "the lines:"]
    lines += [f"  {label}: {meaning_of(label)}" for label in labels]
    lines += [f"  = room: their sum; the rule holds where it is at least what is {_ASKED}"]
    return "\n".join(lines) + "\n"


def _all(decision: Decision, beside: Beside) -> list[Decision | FloorDecision[Any]]:
    return [decision, *beside]


def meaning_of(label: str) -> str:
    """The explanation of a line of the calculation, by its label."""
    return next(text for start, text in _LINES if label.startswith(start))


def as_line(path: str, decision: Decision, beside: Beside = ()) -> str:
    """The answer for one document of several."""
    first = as_text(decision, beside).partition("\n")[0].removeprefix("xmlresource: ")
    return f"{one_line(path)}: {first}\n"


def as_text(decision: Decision, beside: Beside = ()) -> str:
    """The answer on the first line, the reckoning below; of several what refuses comes first."""
    both = _all(decision, beside)
    asked = both if decision.demand.guarantee or not beside else both[1:]
    return "".join(_answer(each) for each in sorted(asked, key=lambda each: each.admitted))


def _answer(decision: Decision | FloorDecision[Any]) -> str:
    if not decision.admitted:
        return refusal_text(decision) + "\n"
    name = printable(decision.demand.name)
    if not decision.demand.guarantee:
        return f"guest '{name}' admitted: it asks for no guarantee\n"
    short = notation_of(decision).short
    asked, room = short(decision.demand.guarantee), short(decision.promisable)
    first = f"guest '{name}' admitted: it asks for a guarantee of {asked}, {room} can be promised"
    return "\n".join([first, *reckoning_lines(decision)]) + "\n"


def many_as_json(
    found: Sequence[tuple[str, Decision | None, Beside, list[Any]]],
) -> dict[str, Any]:
    """The shape of ``check --json`` of several documents, version 1."""
    return {
        "version": 1,
        "fit": all(
            decision is not None and all(each.admitted for each in _all(decision, beside))
            for _, decision, beside, _ in found
        ),
        "documents": [
            {
                "path": path,
                "diagnostics": diagnostics,
                "decision": None if decision is None else as_json(decision, beside),
            }
            for path, decision, beside, diagnostics in found
        ],
    }


def as_json(decision: Decision, beside: Beside = ()) -> dict[str, Any]:
    """The shape of ``check --json``, version 1; sizes in bytes, all else in thousandths."""
    return {
        "version": 1,
        "domain": decision.demand.name,
        "admitted": all(each.admitted for each in _all(decision, beside)),
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
        **_beside_as_json(beside),
    }


def _beside_as_json(beside: Beside) -> dict[str, Any]:
    """Only where CPU time, or part of a disk, is asked for."""
    found: dict[str, Any] = {}
    for each in beside:
        if isinstance(each.demand, CpuDemand):
            bound = each.demand.cpus
            cpus = {"cpus": None if bound is None else sorted(bound)}
            found["cpu"] = _floor_as_json(each, cpus, "millicpus", "cpu_guarantee")
        elif isinstance(each.demand, DiskDemand):
            disk = {"disk": each.demand.disk.number, "name": each.demand.disk.name}
            rows = found.setdefault("disks", [])
            rows.append(_floor_as_json(each, disk, "millipercent", "guarantee"))
    return found


def _floor_as_json(
    decision: FloorDecision[Any], about: dict[str, Any], unit: str, promised: str
) -> dict[str, Any]:
    amount = notation_of(decision).promised
    return {
        "admitted": decision.admitted,
        "asked": decision.demand.guarantee,
        "promisable": decision.promisable,
        **about,
        "obstacle": decision.obstacle or None,
        "rules": [_rule(reckoning, unit) for reckoning in decision.reckonings],
        "promises": decision.promises,
        "largest": [
            {"name": promise.name, "uuid": promise.uuid, promised: amount(promise)}
            for promise in decision.largest
        ],
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


def _rule(reckoning: Reckoning, notation: str = "bytes") -> dict[str, Any]:
    return {
        "rule": reckoning.rule.value,
        "subject": reckoning.subject,
        "part": None if reckoning.part is None else reckoning.part.value,
        "holds": reckoning.admitted,
        "asked": reckoning.asked,
        "because": reckoning.because or None,
        "promisable": reckoning.promisable,
        "lines": [{"label": line.label, notation: line.size} for line in reckoning.lines],
    }
