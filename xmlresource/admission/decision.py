"""The rules of admission. Sizes are in bytes.

Each rule is a function from facts to reckonings; :func:`decide` asks them all, so that a refusal
can tell every reason at once. *Commitment* is about what nobody else can be promised: guarantees,
and what is pinned beyond them. *Physical* is about what must be there: guarantees, and what a guest
takes beyond them before it runs. Swap is in none of them: it never counts as memory that can be
promised.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from xmlresource.admission.demand import Demand, NodeDemand
from xmlresource.admission.reckoning import Decision, Line, Reckoning, Rule, nodes_text, pages_text
from xmlresource.admission.reserve import reserve_not_in_use, reserve_of_part
from xmlresource.model.host import AncestorLimit, HostFacts
from xmlresource.promises.promise import Held, HugepageShare, PromiseState
from xmlresource.promises.terms import WHOLE, PartitionBudget, Terms

_LARGEST_SHOWN: Final = 5
_UNPROMISED: Final = "guests without a promise"
_PLAIN: Final = Terms()


def decide(
    demand: Demand,
    host: HostFacts,
    held: Iterable[Held],
    reserve: int,
    ancestors: Sequence[AncestorLimit] = (),
    terms: Terms = _PLAIN,
) -> Decision:
    """Whether the guest's guarantee can be promised.

    Args:
        demand: What it asks for.
        host: The host's facts, with the nodes and pools that ``demand`` names.
        held: The promises given so far. One to the same guest is left out: a start replaces it.
        reserve: The host reserve.
        ancestors: The limits above the place where the guest will run.
        terms: What else the administrator settled.
    """
    everybody = tuple(held)
    others = tuple(each for each in everybody if each.promise.key != demand.key)
    reckonings = (
        commitment(demand, host, others, reserve, terms),
        physical(demand, host, others, reserve, terms.unpromised),
        *(each for limit in ancestors for each in ancestor(demand, limit, others, terms)),
        *(partition(demand, budget, others) for budget in terms.budgets),
        *(
            each
            for group in demand.nodes
            for each in nodes(demand, group, host, (*others, *terms.unpromised), reserve)
        ),
        *hugepages(demand, host, others),
    )
    room = min(each.promisable for each in reckonings if each.promisable is not None)
    promises = [each.promise for each in others]
    return Decision(
        demand=demand,
        reckonings=reckonings,
        promisable=room - room % host.page_size,
        largest=tuple(
            sorted(promises, key=lambda each: (-each.committed, each.name))[:_LARGEST_SHOWN]
        ),
        promises=len(promises),
        own=_promised(each for each in everybody if each.promise.key == demand.key),
    )


def commitment(
    demand: Demand, host: HostFacts, others: Sequence[Held], reserve: int, terms: Terms = _PLAIN
) -> Reckoning:
    """Rule 1: Σ promises + G ≤ (MemTotal - host reserve - hugepage pools) x commit ratio."""
    there = host.memory.total - reserve - host.memory.hugepage_bytes
    lines = (
        Line("MemTotal", host.memory.total),
        Line("host reserve", -reserve),
        Line("hugepages", -host.memory.hugepage_bytes),
        *_unless_none(f"commit ratio {terms.commit_ratio / WHOLE:g}", terms.gain(there)),
        Line("promised", -_promised(others)),
        *_unless_none(_UNPROMISED, -_promised(terms.unpromised)),
    )
    return _for_all(Rule.COMMITMENT, "", Rule.COMMITMENT, lines, demand)


def physical(
    demand: Demand,
    host: HostFacts,
    others: Sequence[Held],
    reserve: int,
    unpromised: Sequence[Held] = (),
) -> Reckoning:
    """Rule 2: G ≤ MemAvailable - promised but not used yet - host reserve not in use."""
    memory = host.memory
    guests = sum(each.kept for each in (*others, *unpromised))
    to_keep = reserve_not_in_use(
        reserve, memory.total, memory.available, memory.hugepage_bytes, guests
    )
    lines = (
        Line("MemAvailable", memory.available),
        Line("promised, not used yet", -_untouched(others)),
        *_unless_none(f"{_UNPROMISED}, not used yet", -_untouched(unpromised)),
        Line("host reserve, not used yet", -to_keep),
    )
    return _for_all(Rule.PHYSICAL, "", Rule.PHYSICAL, lines, demand)


def ancestor(
    demand: Demand, limit: AncestorLimit, others: Sequence[Held], terms: Terms = _PLAIN
) -> tuple[Reckoning, Reckoning]:
    """Rule 3: the same two against one cgroup above the guest.

    The host reserve and hugepages are the host's business: neither is charged to the cgroup.
    """
    below = [each for each in others if each.promise.is_below(limit.path)]
    besides = [each for each in terms.unpromised if each.promise.is_below(limit.path)]
    committed = (
        Line("limit", limit.limit),
        Line("promised below it", -_promised(below)),
        *_unless_none(f"{_UNPROMISED} below it", -_promised(besides)),
    )
    present = (
        Line("limit", limit.limit),
        Line("charged", -limit.usage),
        Line("page cache of it", limit.reclaimable),
        Line("promised below it, not used yet", -_untouched(below)),
        *_unless_none(f"{_UNPROMISED} below it, not used yet", -_untouched(besides)),
    )
    return (
        _for_all(Rule.ANCESTORS, limit.path, Rule.COMMITMENT, committed, demand),
        _for_all(Rule.ANCESTORS, limit.path, Rule.PHYSICAL, present, demand),
    )


def partition(demand: Demand, budget: PartitionBudget, others: Sequence[Held]) -> Reckoning:
    """Σ promises in a partition and below it + G ≤ what the administrator gave it."""
    inside = [each for each in others if budget.covers(each.promise.partition)]
    lines = (Line("budget", budget.size), Line("promised in it", -_promised(inside)))
    return _for_all(Rule.PARTITIONS, budget.path, Rule.COMMITMENT, lines, demand)


def nodes(
    demand: Demand, group: NodeDemand, host: HostFacts, others: Sequence[Held], reserve: int
) -> tuple[Reckoning, Reckoning]:
    """Rule 4: the first two on the nodes to which memory of the guest is bound.

    A promise that is bound to one of these nodes counts in full, even where it may use others,
    too: the kernel fills the nearest node of a strict binding first (MPOL_BIND), and does not move
    pages away for somebody who has no other choice. A promise that is not bound has a choice, and
    counts by what it uses, in what is available. A node that the host lacks has no memory.
    """
    regions = [host.nodes[number] for number in group.nodes if number in host.nodes]
    total = sum(region.total for region in regions)
    available = sum(region.available for region in regions)
    in_pools = sum(region.hugepage_bytes for region in regions)
    kept = reserve_of_part(reserve, total, host.memory.total)
    # Guests may have any of their memory here unless they are bound elsewhere.
    guests = sum(each.kept for each in others if not _bound_elsewhere(each, group.nodes))
    to_keep = reserve_not_in_use(kept, total, available, in_pools, guests)
    committed = (
        Line("MemTotal", total),
        Line("host reserve", -kept),
        Line("hugepages", -in_pools),
        Line("promised there", -sum(_committed_on(each, group.nodes) for each in others)),
    )
    present = (
        Line("available", available),
        Line(
            "promised there, not used yet",
            -sum(min(_bound_to(each, group.nodes), each.untouched) for each in others),
        ),
        Line("host reserve, not used yet", -to_keep),
    )
    subject = nodes_text(group.nodes)
    own = _all_bound_to(demand, group.nodes)
    return (
        _for_share(subject, Rule.COMMITMENT, committed, demand, own),
        _for_share(subject, Rule.PHYSICAL, present, demand, own),
    )


def hugepages(demand: Demand, host: HostFacts, others: Sequence[Held]) -> tuple[Reckoning, ...]:
    """Rule 5: guest RAM ≤ free pages of that size, of those nodes.

    libvirt has QEMU touch all hugepages at its start: those of a running guest are gone from the
    pool, those of a starting one may not be, and are taken off here.
    """
    wanted = [
        HugepageShare(each.page_size or host.default_hugepage or 0, each.size, each.nodes)
        for each in demand.hugepages
    ]
    starting = [
        share
        for each in others
        if each.promise.state is PromiseState.STARTING
        for share in each.promise.hugepages
    ]
    # What is bound to nodes must also leave enough in the whole for what is not.
    pools = dict.fromkeys(
        (each.page_size, group) for each in wanted for group in (each.nodes, None)
    )
    return tuple(_pool(host, size, group, wanted, starting) for size, group in pools)


def _pool(
    host: HostFacts,
    size: int,
    group: frozenset[int] | None,
    wanted: Sequence[HugepageShare],
    starting: Sequence[HugepageShare],
) -> Reckoning:
    if group is None:
        regions = [host.memory]
    else:
        regions = [host.nodes[number] for number in group if number in host.nodes]
    free = sum(pool.free_bytes for region in regions if (pool := region.pool(size)))
    asked = _pages_from(wanted, size, group)
    lines = (
        Line("free pages", free),
        Line("for guests that start", -_pages_from(starting, size, group)),
    )
    return Reckoning(
        rule=Rule.HUGEPAGES,
        subject=pages_text(size, group),
        part=None,
        lines=lines,
        asked=asked,
        # The guarantee is about ordinary memory: it is none of this rule's business while the
        # pages are there, and worth nothing where they are not.
        promisable=None if asked <= sum(line.size for line in lines) else 0,
    )


def _pages_from(shares: Sequence[HugepageShare], size: int, group: frozenset[int] | None) -> int:
    """The pages of ``size`` that ``shares`` take on ``group`` (``None``: on the host)."""
    return sum(
        share.size
        for share in shares
        if share.page_size == size
        and (group is None or (share.nodes is not None and share.nodes & group))
    )


def _for_all(
    rule: Rule, subject: str, part: Rule, lines: tuple[Line, ...], demand: Demand
) -> Reckoning:
    """A rule under which the whole guarantee is asked for, or what is taken beyond it."""
    room = sum(line.size for line in lines)
    taken = demand.pinned if part is Rule.COMMITMENT else demand.at_once
    asked, because = _asked(demand, part, demand.guarantee, taken)
    return Reckoning(rule, subject, part, lines, asked, room if taken <= room else 0, because)


def _for_share(
    subject: str, part: Rule, lines: tuple[Line, ...], demand: Demand, own: NodeDemand
) -> Reckoning:
    """A rule under which only what is bound to some nodes is asked for."""
    room = sum(line.size for line in lines)
    share = own.share(demand.guarantee, demand.ordinary)
    taken = own.pinned if part is Rule.COMMITMENT else own.at_once
    asked, because = _asked(demand, part, share, taken)
    return Reckoning(
        rule=Rule.NODES,
        subject=subject,
        part=part,
        lines=lines,
        asked=asked,
        promisable=_largest_guarantee(room, own, demand.ordinary) if taken <= room else 0,
        because=because,
    )


def _asked(demand: Demand, part: Rule, share: int, taken: int) -> tuple[int, str]:
    """The bytes that a group is asked for, and why they are more than the guarantee's share."""
    if taken <= share:
        return share, ""
    if part is Rule.COMMITMENT:
        return taken, f"pinned by {', '.join(demand.pinned_by)}"
    return taken, f"taken at once by {', '.join(demand.taken_by)}"


def _largest_guarantee(room: int, own: NodeDemand, ordinary: int) -> int | None:
    """The largest guarantee whose share on some nodes fits ``room``; ``None`` for any.

    The inverse of ``NodeDemand.share``: up to the cells' RAM the share grows with the guarantee,
    then stays, and grows again beyond all RAM if the rest is bound here.
    """
    if room < own.cells:
        return room
    if not own.rest:
        return None
    return ordinary + room - own.cells


def _all_bound_to(demand: Demand, group: frozenset[int]) -> NodeDemand:
    """All of the guest's own that is bound to any of these nodes."""
    touching = [each for each in demand.nodes if each.nodes & group]
    return NodeDemand(
        nodes=group,
        cells=sum(each.cells for each in touching),
        rest=any(each.rest for each in touching),
        at_once=sum(each.at_once for each in touching),
        pinned=sum(each.pinned for each in touching),
    )


def _bound_to(held: Held, group: frozenset[int]) -> int:
    return sum(share.size for share in held.promise.shares if share.nodes & group)


def _committed_on(held: Held, group: frozenset[int]) -> int:
    return min(_bound_to(held, group), held.promise.committed)


def _bound_elsewhere(held: Held, group: frozenset[int]) -> bool:
    shares = held.promise.shares
    return bool(shares) and not any(share.nodes & group for share in shares)


def _unless_none(label: str, size: int) -> tuple[Line, ...]:
    """A line that only some hosts have."""
    return (Line(label, size),) if size else ()


def _promised(held: Iterable[Held]) -> int:
    return sum(each.promise.committed for each in held)


def _untouched(held: Iterable[Held]) -> int:
    return sum(each.untouched for each in held)
