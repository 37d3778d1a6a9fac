"""A bar that shows where a guest would go: what is taken, what it asks for, what is left."""

from typing import Final

from xmlresource.admission.reckoning import Decision, Reckoning
from xmlresource.printable import printable
from xmlresource.reports.layout.bars import legend, painted_parts, parted_bar
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.units import approximate

_LONGEST_TITLE: Final = 40
_NARROWEST: Final = 20


def room_bar(decision: Decision, canvas: Canvas) -> str:
    """The bar of the rule that refuses the guest, or else of the first, with its legend.

    Args:
        decision: What was decided.
        canvas: What to draw it on.

    Returns:
        Lines; none for a guest that asks for nothing.
    """
    if not decision.demand.guarantee or not decision.reckonings:
        return ""
    signs, width = canvas.parts, canvas.width
    reckoning = (*decision.failed, *decision.reckonings)[0]
    taken = [(line.label, -line.size) for line in reckoning.lines if line.size < 0]
    title = printable(reckoning.title, _LONGEST_TITLE)
    sizes = [size for _, size in taken]
    cells = max(_NARROWEST, width - len(title) - len(" []"))
    bar = parted_bar(cells, sizes, reckoning.asked, reckoning.room, signs)
    items = [
        (sign, f"{label} {approximate(size)}")
        for sign, (label, size) in zip(signs.parts, taken, strict=False)
    ]
    left = reckoning.room - reckoning.asked
    items.append((signs.wanted, _wanted(decision, reckoning)))
    if left > 0:
        items.append((signs.free, f"left {approximate(left)}"))
    fits, style = left >= 0, canvas.style
    head = f"{title} [{painted_parts(bar, signs, style, fits=fits)}]"
    lines = (head, *legend(items, width, signs, style, fits=fits))
    return "".join(f"{line}\n" for line in lines)


def _wanted(decision: Decision, reckoning: Reckoning) -> str:
    name, asked = printable(decision.demand.name), approximate(reckoning.asked)
    over = reckoning.asked - max(0, reckoning.room)
    return f"{name} {asked}" + (f", {approximate(over)} too much" if over > 0 else "")
