"""An estimate of overhead for people (an aligned table) and for programs (plain data)."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from xmlresource.overhead import Charged, Cost, Item, Overhead
from xmlresource.units import approximate

_HEAD: Final = ("item", "count", "idle", "expected", "worst", "charged", "source")
_NUMBERS: Final = range(1, 5)


def render(overhead: Overhead) -> str:
    """The estimate as a table, its totals, and the recommendation with its reasons."""
    rows = [_HEAD, *(_item_row(item) for item in overhead.items)]
    totals = [
        _total_row(f"total, {who.value}", overhead.charged_to(who))
        for who in Charged
        if who.inside and overhead.charged_to(who).worst
    ]
    totals.append(_total_row("total in the guest's cgroup", overhead.total))
    if overhead.outside.worst:
        totals.append(_total_row("total outside", overhead.outside))
    lines = [f"{overhead.name or 'a guest without a name'}: overhead beyond RAM", ""]
    if overhead.items:
        lines += [*_aligned([*rows, *totals]), ""]
    lines += overhead.notes
    lines += overhead.reasoning
    return "\n".join(lines) + "\n"


def as_data(overhead: Overhead) -> dict[str, Any]:
    """The estimate as JSON has it; all sizes in bytes."""
    return {
        "version": 1,
        "domain": overhead.name,
        "type": overhead.type,
        "ram": overhead.ram,
        "ram_at_start": overhead.ram_at_start,
        "hugepages": overhead.hugepages,
        "items": [
            {
                "name": item.name,
                "count": item.count,
                **_cost_data(item.cost),
                "charged": item.charged.value,
                "source": item.source,
                "note": item.note,
            }
            for item in overhead.items
        ],
        "total": _cost_data(overhead.total),
        "outside": _cost_data(overhead.outside),
        "by_charged": {who.value: _cost_data(overhead.charged_to(who)) for who in Charged},
        "unknown": list(overhead.unknown),
        "notes": list(overhead.notes),
        "recommended": {
            "hard_limit": overhead.hard_limit,
            "min_guarantee": overhead.min_guarantee,
            "reasoning": list(overhead.reasoning),
        },
    }


def _cost_data(cost: Cost) -> dict[str, int]:
    return {"idle": cost.idle, "expected": cost.expected, "worst": cost.worst}


def _item_row(item: Item) -> tuple[str, ...]:
    return (item.name, str(item.count), *_figures(item.cost), item.charged.value, item.source)


def _total_row(name: str, cost: Cost) -> tuple[str, ...]:
    return (name, "", *_figures(cost), "", "")


def _figures(cost: Cost) -> tuple[str, str, str]:
    return approximate(cost.idle), approximate(cost.expected), approximate(cost.worst)


def _aligned(rows: Sequence[tuple[str, ...]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = [
            cell.rjust(width) if column in _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
