"""The answer to a claim as text and as JSON."""

from collections import defaultdict
from typing import Any, Final

from xmlresource.fleet.claim_attempt import HostRefusal
from xmlresource.operations.fleet.claiming import ClaimAnswer
from xmlresource.printable import one_line, printable

_HOSTS_SHOWN: Final = 3


def as_text(answer: ClaimAnswer) -> str:
    """Why the guest fits nowhere: a line for each rule, with one host's reason below it."""
    count = len(answer.refusals)
    hosts = "there is no host" if not count else f"it fits on none of {_counted(count)}"
    lines = [f"xmlresource: guest '{printable(answer.name)}' can't be claimed: {hosts}"]
    for rule, refusals in _by_rule(answer):
        named = ", ".join(one_line(each.host) for each in refusals[:_HOSTS_SHOWN])
        more = len(refusals) - _HOSTS_SHOWN
        named += f" and {more} more" if more > 0 else ""
        lines.append(f"  {_counted(len(refusals))}: {one_line(rule)} ({named})")
        if refusals[0].reason != rule:
            lines.append(f"    {one_line(refusals[0].reason)}")
    return "\n".join(lines) + "\n"


def as_json(answer: ClaimAnswer) -> dict[str, Any]:
    """The shape of ``fleet claim --json``, version 1."""
    return {
        "version": 1,
        "guest": answer.name,
        "uuid": answer.uuid,
        "host": answer.host,
        "ttl": answer.ttl if answer.host is not None else None,
        "refusals": [
            {"host": each.host, "rule": each.rule, "reason": each.reason}
            for each in answer.refusals
        ],
    }


def _by_rule(answer: ClaimAnswer) -> list[tuple[str, list[HostRefusal]]]:
    """The refusals by rule, the most common one first."""
    found: dict[str, list[HostRefusal]] = defaultdict(list)
    for each in answer.refusals:
        found[each.rule].append(each)
    return sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))


def _counted(count: int) -> str:
    return f"{count} host{'' if count == 1 else 's'}"
