"""The words about what becomes of a host's guests, were it lost."""

from collections.abc import Iterable

from xmlresource.fleet.packing.packing_problem import Proof
from xmlresource.fleet.planning.what_if import HostLoss
from xmlresource.reports.findings.diagnostics import counted
from xmlresource.reports.page.host_card import Spare, SpareAnswer


def spare_answers(losses: Iterable[HostLoss]) -> dict[str, SpareAnswer]:
    """The answers by the names of the hosts."""
    return {each.host: _answer(each) for each in losses}


def _answer(loss: HostLoss) -> SpareAnswer:
    if not loss.guests:
        return SpareAnswer(Spare.ENOUGH, "it has no guests")
    if not loss.homeless:
        guests = "its guest fits" if loss.guests == 1 else f"its {loss.guests:,} guests fit"
        return SpareAnswer(Spare.ENOUGH, f"{guests} elsewhere")
    some = f"{len(loss.homeless):,} of {counted(loss.guests, 'guest')}"
    found = "no place for" if loss.proof is Proof.IMPOSSIBLE else "no place found for"
    return SpareAnswer(Spare.LACKING, f"{found} {some}")
