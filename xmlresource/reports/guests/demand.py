"""A guest's demand as text and as JSON: its RAM part by part, and what follows from it."""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from xmlresource.admission.demand import Demand
from xmlresource.admission.ram import Backing, RamPart
from xmlresource.admission.reckoning import nodes_text, pages_text
from xmlresource.units import approximate

_Row: TypeAlias = tuple[str, int, str]

_BACKINGS: Final = {
    Backing.MEMORY: "memory",
    Backing.FILE: "page cache of its file",
    Backing.DEVICE: "none of the host's RAM",
}


def as_lines(demand: Demand) -> list[str]:
    """The guest's RAM part by part, and what it asks for, exact to the byte and aligned."""
    rows = [*_parts(demand), *_sums(demand)]
    label_width = max(len(label) for label, _, _ in rows)
    sizes = [(f"{size:,}", f"({approximate(size)})") for _, size, _ in rows]
    exact, rounded = (max(len(each[at]) for each in sizes) for at in (0, 1))
    return [
        f"  {label:<{label_width}}  {size:>{exact}}  {about:<{rounded}}  {text}"
        for (label, _, text), (size, about) in zip(rows, sizes, strict=True)
    ]


def as_json(demand: Demand) -> dict[str, Any]:
    """The part of ``check --json`` that is about the guest's RAM; sizes in bytes."""
    return {
        "ram": demand.ram,
        "max_memory": demand.most_ram or None,
        "at_once": demand.at_once,
        "taken_by": list(demand.taken_by),
        "pinned": demand.pinned,
        "pinned_by": list(demand.pinned_by),
        "parts": [part_as_json(part) for part in demand.parts],
    }


def where(part: RamPart) -> str:
    """The source of a part of the RAM, for people."""
    if part.backing is Backing.HUGEPAGES:
        return pages_text(part.page_size, part.nodes)
    text = _BACKINGS[part.backing]
    if part.backing is Backing.FILE and not part.pinned:
        return f"{text}: taken back when needed, asked of nobody"
    if part.nodes is not None:
        text += f" of {nodes_text(part.nodes)}"
    if part.backing is not Backing.DEVICE and part.at_once:
        text += ", for good" if part.pinned else ", at once"
    return text


def part_as_json(part: RamPart) -> dict[str, Any]:
    """A part as JSON has it; sizes in bytes."""
    return {
        "name": part.name,
        "bytes": part.size,
        "pluggable": part.pluggable,
        "charged": part.is_charged,
        "from": part.backing.value,
        "page_size": part.page_size,
        "nodes": None if part.nodes is None else sorted(part.nodes),
        "at_once": part.at_once,
        "pinned": part.pinned,
    }


def _parts(demand: Demand) -> Iterator[_Row]:
    for part in demand.parts:
        yield part.name, part.size, where(part)
    if demand.most_ram > demand.ram:
        text = "the rest of <maxMemory>: nothing is asked for it before it is plugged in"
        yield "not plugged in", demand.most_ram - demand.ram, text


def _sums(demand: Demand) -> Iterator[_Row]:
    yield (
        "= from memory",
        demand.ordinary,
        "the guarantee is about this and what the emulator needs",
    )
    for pool in demand.hugepages:
        yield "= from hugepages", pool.size, f"{pages_text(pool.page_size, pool.nodes)}, whole ones"
    yield "guarantee", demand.guarantee, "min_guarantee, rounded up to a page"
    if demand.pinned:
        text = f"for good, by {', '.join(demand.pinned_by)}: asked for in commitment if it is more"
        yield "pinned", demand.pinned, text
    if demand.at_once:
        text = f"by {', '.join(demand.taken_by)}: asked for in physical if it is more"
        yield "taken at once", demand.at_once, text
