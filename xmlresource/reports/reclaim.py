"""What became of taking memory back, in words."""

from xmlresource.live.reclaim import Reclaimed
from xmlresource.printable import one_line, printable
from xmlresource.reclaiming import Action, Ask, Press, Seen
from xmlresource.units import approximate


def as_text(name: str, done: Reclaimed) -> str:
    """A line each: the outcome, the guest's part in it, the figures."""
    fate = "reached" if done.reached else "not reached, and all is put back"
    swap = f", {approximate(done.swapped)} in swap" if done.swapped else ""
    return (
        f"{fate}: {one_line(done.reason)}\n"
        f"guest '{printable(name)}': {done.cooperation.value}\n"
        f"charged: {approximate(done.before)} before, {approximate(done.after)} now{swap}\n"
    )


def progress_line(seen: Seen, action: Action) -> str:
    """What goes on, short."""
    doing = "waiting"
    if isinstance(action, Ask):
        doing = f"asking it to make do with {approximate(action.balloon)}"
    elif isinstance(action, Press):
        doing = f"pressing for {approximate(action.size)}"
    balloon = "" if seen.balloon is None else f", balloon {approximate(seen.balloon)}"
    return f"{seen.at:5.1f} s  charged {approximate(seen.charged)}{balloon}  {doing}"
