"""A decision from the ledger's totals alone, for the start on a host with thousands of guests.

Reading what is charged to each of ten thousand guests costs more than a start may take. While the
host is far from full it is not needed: what fits when no promise has been touched yet, and none of
the host reserve is in use, fits the more when some has.
"""

from collections.abc import Sequence

from xmlresource.admission.demand import Demand
from xmlresource.model.host import AncestorLimit, Host


def surely_fits(
    demand: Demand,
    host: Host,
    promised: int,
    reserve: int,
    ancestors: Sequence[AncestorLimit] = (),
) -> bool:
    """Whether ``decide`` would admit the guest whatever its promises in detail.

    ``False`` says nothing: then read the ledger's entries and ``decide``.

    Args:
        demand: What the guest asks for.
        host: The host's facts.
        promised: The sum of all promises in the ledger, stale ones included.
        reserve: The host reserve.
        ancestors: The limits above the place where the guest will run.
    """
    if demand.nodes or demand.hugepages:
        return False
    needed = demand.guarantee + promised
    memory = host.memory
    return (
        needed <= memory.total - reserve - memory.hugepage_bytes
        and needed <= memory.available - reserve
        and all(needed <= limit.limit - limit.usage for limit in ancestors)
    )
