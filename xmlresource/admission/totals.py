"""A decision from the ledger's totals alone, for the start on a host with thousands of guests.

Reading what is charged to each of ten thousand guests costs more than a start may take. While the
host is far from full it is not needed: what fits when no promise has been touched yet, and none of
the host reserve is in use, fits the more when some has.
"""

from collections.abc import Sequence
from typing import Final

from xmlresource.admission.demand import Demand
from xmlresource.model.host import AncestorLimit, HostFacts
from xmlresource.promises.terms import Terms

_PLAIN: Final = Terms()


def fits_by_totals(
    demand: Demand,
    host: HostFacts,
    promised: int,
    reserve: int,
    ancestors: Sequence[AncestorLimit] = (),
    terms: Terms = _PLAIN,
) -> bool:
    """Whether ``decide`` would admit the guest whatever its promises in detail.

    ``False`` says nothing: then read the ledger's entries and ``decide``.

    Args:
        demand: What the guest asks for.
        host: The host's facts.
        promised: The sum of what all promises in the ledger need, stale ones included.
        reserve: The host reserve.
        ancestors: The limits above the place where the guest will run.
        terms: What else the administrator settled, ``unpromised`` apart.
    """
    if demand.nodes or demand.hugepages:
        return False
    needed = max(demand.committed, demand.needed) + promised
    memory = host.memory
    there = memory.total - reserve - memory.hugepage_bytes
    return (
        needed <= there + terms.gain(there)
        and needed <= memory.available - reserve
        and all(needed <= limit.limit - limit.usage for limit in ancestors)
        and all(needed <= budget.size for budget in terms.budgets)
    )
