"""Estimates of overhead for people (an aligned table) and for programs (plain data)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from xmlresource.operations.memory_use.overhead import Estimated, Estimates
from xmlresource.overhead import Charged, Cost, Item, Overhead
from xmlresource.overhead.guest_ram import GuestRam
from xmlresource.reports.guests.demand import part_as_json, where
from xmlresource.reports.layout.tables import aligned, mebibytes, short, wrapped
from xmlresource.units import Amount, Unlimited, approximate

_NAMELESS: Final = "a guest without a name"
_LONGEST_ITEM: Final = 42
_LONGEST_GUEST: Final = 28
_LONGEST_PART: Final = 30
_LONGEST_SOURCE: Final = 40

_ITEMS: Final = ("item", "count", "idle", "expected", "worst", "charged", "source")
_ITEM_NUMBERS: Final = range(1, 5)
_RAM: Final = ("RAM", "at start", "most", "from")
_RAM_NUMBERS: Final = range(1, 3)
_GUESTS: Final = ("guest", "RAM", "idle", "expected", "worst", "hard_limit", "min_guarantee")
_GUEST_NUMBERS: Final = range(1, len(_GUESTS))


def render(estimated: Estimated) -> str:
    """One estimate: the RAM, the items, their totals, the recommendation with its reasons, sources.

    What speaks against the limit that the document itself sets comes with it.
    """
    overhead = estimated.overhead
    lines = [f"{_name(overhead)}: overhead beyond RAM, in MiB", "", *_ram(overhead.guest_ram)]
    sources = list(dict.fromkeys(item.source for item in overhead.items))
    if overhead.items:
        rows = [_ITEMS, *(_item_row(item, sources) for item in overhead.items)]
        lines += [*aligned([*rows, *_totals(overhead)], _ITEM_NUMBERS), ""]
    lines += wrapped([*overhead.notes, *overhead.reasoning, *_locked(estimated)])
    if estimated.objections:
        lines += ["", *wrapped([f"too low: {each}" for each in estimated.objections])]
    if sources:
        numbered = (f"[{number}] {source}" for number, source in enumerate(sources, 1))
        lines += ["", *wrapped(numbered)]
    return "\n".join(lines) + "\n"


def render_all(estimates: Estimates) -> str:
    """Several estimates: a line a guest, and what a host needs that runs them all."""
    total = estimates.total
    sums = ("total", total.ram, *_columns(total.cost), total.hard_limit, total.min_guarantee)
    rows = [_guest_row(each.overhead) for each in estimates.guests]
    table = aligned([_GUESTS, *rows, _row(*sums)], _GUEST_NUMBERS)
    count = f"{total.guests} guest{'' if total.guests == 1 else 's'}"
    lines = [f"{count}: RAM, overhead beyond it and recommendations, in MiB", "", *table]
    notes = [*_host_notes(estimates), *_objections(estimates.guests)]
    if notes:
        lines += ["", *wrapped(notes)]
    return "\n".join(lines) + "\n"


def as_data(estimated: Estimated) -> dict[str, Any]:
    """One estimate as JSON has it; all sizes in bytes."""
    return {"version": 1, **_guest_data(estimated)}


def all_as_data(estimates: Estimates) -> dict[str, Any]:
    """Several estimates as JSON has them; all sizes in bytes."""
    total = estimates.total
    return {
        "version": 1,
        "guests": [{"path": each.path, **_guest_data(each)} for each in estimates.guests],
        "total": {
            "guests": total.guests,
            "ram": total.ram,
            "ram_at_start": total.ram_at_start,
            "hugepages": total.hugepages,
            **cost_data(total.cost),
            "outside": cost_data(total.outside),
            "hard_limit": total.hard_limit,
            "min_guarantee": total.min_guarantee,
            "without_recommendation": list(total.without),
        },
    }


def cost_data(cost: Cost) -> dict[str, int]:
    """A cost as JSON has it."""
    return {"idle": cost.idle, "expected": cost.expected, "worst": cost.worst}


def _guest_data(estimated: Estimated) -> dict[str, Any]:
    overhead, allows = estimated.overhead, estimated.libvirt_allows
    return {
        "domain": overhead.name,
        "type": overhead.type,
        "ram": overhead.ram,
        "ram_at_start": overhead.ram_at_start,
        "hugepages": overhead.hugepages,
        "ram_parts": [part_as_json(part) for part in overhead.guest_ram.parts],
        "items": [
            {
                "name": item.name,
                "count": item.count,
                **cost_data(item.cost),
                "charged": item.charged.value,
                "source": item.source,
                "note": item.note,
            }
            for item in overhead.items
        ],
        "total": cost_data(overhead.total),
        "outside": cost_data(overhead.outside),
        "by_charged": {who.value: cost_data(overhead.charged_to(who)) for who in Charged},
        "locked": {
            "needs": overhead.locked.needs,
            "libvirt_allows": allows.value if isinstance(allows, Unlimited) else allows,
        },
        "unknown": list(overhead.unknown),
        "notes": list(overhead.notes),
        "recommended": {
            "hard_limit": overhead.hard_limit,
            "min_guarantee": overhead.min_guarantee,
            "reasoning": list(overhead.reasoning),
        },
    }


def _locked(estimated: Estimated) -> Iterator[str]:
    """Lines on the memory that is locked and may be; none where nothing is."""
    locked, allows = estimated.overhead.locked, estimated.libvirt_allows
    if not locked.words and allows is None:
        return
    allowed = "leaves that to the host" if allows is None else f"allows {_amount(allows)}"
    by = f" by {locked.words}" if locked.words else ""
    yield f"{approximate(locked.needs)} of memory may be locked{by}, and libvirt {allowed}"
    if locked.unseen is not None:
        yield locked.unseen


def _amount(amount: Amount) -> str:
    return amount.value if isinstance(amount, Unlimited) else approximate(amount)


def _name(overhead: Overhead) -> str:
    return short(overhead.name, _LONGEST_GUEST) if overhead.name else _NAMELESS


def _ram(ram: GuestRam) -> list[str]:
    """The RAM by where it comes from; nothing where all of it is ordinary memory in one piece."""
    if len(ram.parts) == 1 and ram.at_start == ram.whole:
        return []
    rows = [
        (
            short(part.name, _LONGEST_PART),
            mebibytes(part.size),
            mebibytes(part.most),
            short(where(part), _LONGEST_SOURCE),
        )
        for part in ram.parts
    ]
    total = ("RAM in the guest's cgroup", mebibytes(ram.at_start), mebibytes(ram.most), "")
    return [*aligned([_RAM, *rows, total], _RAM_NUMBERS), ""]


def _item_row(item: Item, sources: Sequence[str]) -> tuple[str, ...]:
    name, count = short(item.name, _LONGEST_ITEM), str(item.count)
    figures = map(mebibytes, _columns(item.cost))
    return (name, count, *figures, item.charged.value, f"[{sources.index(item.source) + 1}]")


def _totals(overhead: Overhead) -> Iterator[tuple[str, ...]]:
    for who in Charged:
        if who.inside and overhead.charged_to(who).worst:
            yield _total_row(f"total, {who.value}", overhead.charged_to(who))
    yield _total_row("total in the guest's cgroup", overhead.total)
    if overhead.outside.worst:
        yield _total_row("total outside", overhead.outside)


def _total_row(name: str, cost: Cost) -> tuple[str, ...]:
    return (name, "", *map(mebibytes, _columns(cost)), "", "")


def _columns(cost: Cost) -> tuple[int, int, int]:
    return cost.idle, cost.expected, cost.worst


def _guest_row(overhead: Overhead) -> tuple[str, ...]:
    sizes = (overhead.ram, *_columns(overhead.total))
    return _row(_name(overhead), *sizes, overhead.hard_limit, overhead.min_guarantee)


def _row(name: str, *sizes: int | None) -> tuple[str, ...]:
    return (name, *("-" if size is None else mebibytes(size) for size in sizes))


def _host_notes(estimates: Estimates) -> Iterator[str]:
    total = estimates.total
    if total.hugepages:
        yield f"{mebibytes(total.hugepages)} MiB of RAM more come from hugepage pools"
    if total.outside.expected:
        yield (
            f"{mebibytes(total.outside.expected)} MiB more are expected outside the guests' "
            "cgroups: plan for them in the host's reserve"
        )
    for each in estimates.guests:
        if each.overhead.hard_limit is None:
            yield f"{each.path}: gives no memory that can be read: nothing to recommend"


def _objections(guests: Sequence[Estimated]) -> Iterator[str]:
    for each in guests:
        for objection in each.objections:
            yield f"{each.path}: too low: {objection}"
