"""What came of ``fleet drain --execute``, as text."""

from xmlresource.live.drain.emptying import DrainRun
from xmlresource.live.drain.moving import EndedMove, GuestMove, MoveResult
from xmlresource.printable import one_line
from xmlresource.reports.fleet.drain_answer import staying
from xmlresource.reports.fleet.planning_lines import counted, notes_lines


def as_text(found: DrainRun) -> str:
    """The guests that stay, why, and how many went."""
    moved = sum(each.result is MoveResult.MOVED for each in found.moves)
    gone = sum(each.result is MoveResult.GONE for each in found.moves)
    lines = [*staying(found.drain.plan), f"{counted(moved, 'guest')} moved"]
    if gone:
        lines.append(f"{counted(gone, 'guest')} had ended or left before")
    left = [each for each in found.moves if each.result is MoveResult.LEFT]
    if left:
        lines.append(f"{counted(len(left), 'guest')} not begun with: the same command goes on")
    return "\n".join([*lines, *notes_lines(found.drain.notes)]) + "\n"


def move_text(move: GuestMove) -> str:
    """A move in a line."""
    return f"{one_line(move.name)}  {one_line(move.source)} -> {one_line(move.target)}"


def end_text(ended: EndedMove, seconds: float) -> str:
    """The end of a move in a line."""
    what = {
        MoveResult.MOVED: f"moved in {seconds:.0f} s",
        MoveResult.GONE: "nothing to move",
        MoveResult.REFUSED: "no room now",
        MoveResult.FAILED: "could not be moved",
        MoveResult.LEFT: "not begun",
    }[ended.result]
    reason = f": {one_line(ended.reason)}" if ended.reason else ""
    return f"{move_text(ended.move)}  {what}{reason}"
