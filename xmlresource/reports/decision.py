"""A decision of admission as text and as JSON."""

from typing import Any

from xmlresource.admission.reckoning import Decision, Reckoning
from xmlresource.admission.refusal import reckoning_lines, refusal_text
from xmlresource.printable import printable
from xmlresource.units import approximate


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


def as_json(decision: Decision) -> dict[str, Any]:
    """The shape of ``check --json``, version 1; sizes in bytes."""
    return {
        "version": 1,
        "domain": decision.demand.name,
        "admitted": decision.admitted,
        "asked": decision.demand.guarantee,
        "promisable": decision.promisable,
        "rules": [_rule(reckoning) for reckoning in decision.reckonings],
        "promises": decision.promises,
        "largest": [
            {"name": promise.name, "uuid": promise.uuid, "min_guarantee": promise.size}
            for promise in decision.largest
        ],
    }


def _rule(reckoning: Reckoning) -> dict[str, Any]:
    return {
        "rule": reckoning.rule.value,
        "subject": reckoning.subject,
        "part": None if reckoning.part is None else reckoning.part.value,
        "holds": reckoning.admitted,
        "asked": reckoning.asked,
        "promisable": reckoning.promisable,
        "lines": [{"label": line.label, "bytes": line.size} for line in reckoning.lines],
    }
