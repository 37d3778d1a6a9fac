"""The text of a refusal, for the person who started the guest.

``virsh start`` shows the whole after "unexpected exit status 3: ". The first line must do alone:
logs and graphical tools often cut the rest. So it is short, whatever the guests' names are: who is
refused, what is asked, what there is, and why; the reckoning below has the figures.
"""

from typing import Final

from xmlresource.admission.notation import MEMORY, Notation
from xmlresource.admission.reckoning import Decision, HeldBack, Line, Reckoning, Rule
from xmlresource.printable import LONGEST_MESSAGE, printable
from xmlresource.promises.promise import Promise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from xmlresource.admission.weights.floor_decision import FloorDecision

    AnyDecision: TypeAlias = Decision | FloorDecision[Any]

_LARGEST_SHOWN: Final = 3
_LONGEST_TITLE: Final = 160  # a cgroup's path may be long, and holds names from outside


def refusal_text(decision: "AnyDecision") -> str:
    """The refusal: guest, what it asks, what can be promised and why; then the reckoning.

    Raises:
        ValueError: The guest is admitted.
    """
    if decision.admitted:
        raise ValueError("the guest is admitted")
    obstacle = _obstacle(decision)
    if obstacle:
        notation = notation_of(decision)
        asked = notation.short(decision.demand.guarantee) + notation.whole
        return (
            f"xmlresource: guest '{printable(decision.demand.name)}' refused: "
            f"it asks for a guarantee of {asked}, which can't be kept here: {obstacle}"
        )
    first, *below = _opening(decision)
    return "\n".join((first, *below, *reckoning_lines(decision)))


def _opening(decision: "AnyDecision") -> list[str]:
    """The first line, and below it what it had no room for and the reckoning does not say."""
    notation, worst = notation_of(decision), decision.failed[0]
    asked, promisable = _told_apart(notation, decision.demand.guarantee, decision.promisable)
    head = (
        f"xmlresource: guest '{printable(decision.demand.name)}' refused: "
        f"it asks for a guarantee of {asked}{notation.whole}, {promisable} can be promised ("
    )
    room = LONGEST_MESSAGE - len(head) - len(")")
    reason = printable(worst.title, room)
    need = f": {_need(notation, worst, decision.demand.guarantee)}"
    if need != ": " and len(reason) + len(need) <= room:
        reason += need
    largest = _largest(decision)
    fitting = [text for text in largest if len(reason) + len("; ") + len(text) <= room]
    if fitting:
        reason += f"; {fitting[0]}"
    below = [] if fitting[:1] == largest[:1] else [largest[0]]
    if worst.rule is Rule.PRIORITY and decision.held_back is not None:
        below.append(_yields(decision.held_back))
    return [f"{head}{reason})", *below]


def notation_of(decision: "AnyDecision") -> Notation:
    """How amounts of what the decision is about are written."""
    return MEMORY if isinstance(decision, Decision) else decision.notation


def _obstacle(decision: "AnyDecision") -> str:
    """Why this host keeps no guarantee at all; empty where it can. A host always has memory."""
    return "" if isinstance(decision, Decision) else decision.obstacle


def figures(decision: "AnyDecision") -> dict[str, int | str]:
    """The refusal for a log: the rule, what is asked, what can be promised, and the reckoning.

    Raises:
        ValueError: The guest is admitted.
    """
    if decision.admitted:
        raise ValueError("the guest is admitted")
    suffix, obstacle = notation_of(decision).suffix, _obstacle(decision)
    found: dict[str, int | str] = {
        "rule": obstacle or _title(decision.failed[0]),
        f"asked{suffix}": decision.demand.guarantee,
        f"promisable{suffix}": decision.promisable,
    }
    return found if obstacle else {**found, "reckoning": sums(decision)}


def sums(decision: "AnyDecision") -> str:
    """The reckoning on one line, every rule's sum; also for an admitted guest."""
    notation = notation_of(decision)
    return "; ".join(_sum(notation, each) for each in decision.reckonings)


def _sum(notation: Notation, reckoning: Reckoning) -> str:
    """``commitment fails: MemTotal 8589934592 - promised 429916160 = 8160018432 < 9437184000``."""
    plain = notation.plain
    first, *rest = reckoning.lines
    terms = (
        f"{'+' if line.size > 0 else '-'} {line.label} {plain(abs(line.size))}" for line in rest
    )
    lines = " ".join((f"{first.label} {plain(first.size)}", *terms))
    word, comparison = ("holds", ">=") if reckoning.admitted else ("fails", "<")
    room, asked = plain(reckoning.room), plain(reckoning.asked)
    return f"{_title(reckoning)} {word}: {lines} = {room} {comparison} {asked}"


def reckoning_lines(decision: "AnyDecision") -> list[str]:
    """Every rule line by line, exact and aligned; also for an admitted guest."""
    notation = notation_of(decision)
    tables = [(each, _table(each)) for each in decision.reckonings]
    rows = [line for _, table in tables for line in table]
    label_width = max(len(line.label) for line in rows)
    size_width = max(len(notation.cell(line.size)) for line in rows)
    text = []
    for reckoning, table in tables:
        text.append(f"{_title(reckoning)}: {'holds' if reckoning.admitted else 'fails'}")
        text += [
            f"  {line.label:<{label_width}}  {notation.cell(line.size):>{size_width}}  "
            f"({notation.short(line.size)})"
            for line in table
        ]
    return text


def _table(reckoning: Reckoning) -> tuple[Line, ...]:
    return (
        *reckoning.lines,
        Line("= room", reckoning.room),
        Line(", ".join(filter(None, ("asked for", reckoning.because))), reckoning.asked),
    )


def _title(reckoning: Reckoning) -> str:
    return printable(reckoning.title, _LONGEST_TITLE)


def _told_apart(notation: Notation, asked: int, promisable: int) -> tuple[str, str]:
    """Both amounts for people, exact where they would read alike."""
    if not promisable:
        return notation.short(asked), "nothing"
    short = notation.short(asked), notation.short(promisable)
    return short if short[0] != short[1] else (notation.exact(asked), notation.exact(promisable))


def _need(notation: Notation, reckoning: Reckoning, guarantee: int) -> str:
    """The need where it is not the guarantee: less, or something else, on nodes and in hugepages.

    ``21 GiB pinned by hostdev pci``; empty where the guarantee is what is needed.
    """
    if reckoning.asked == guarantee and not reckoning.because:
        return ""
    return f"{notation.term(reckoning.asked)} {reckoning.because or 'needed'}"


def _largest(decision: "AnyDecision") -> list[str]:
    """The largest promises of others: as many as a message shows, then fewer and fewer of them."""
    notation = notation_of(decision)
    if not decision.largest:
        own = notation.short(decision.own)
        return [f"no promises but its own of {own}" if decision.own else "no promises so far"]
    shown = [
        f"{printable(each.name)} {notation.short(notation.promised(each))}"
        for each in decision.largest[:_LARGEST_SHOWN]
    ]
    return [
        f"largest promises: {', '.join(shown[:count])}{', …' if decision.promises > count else ''}"
        for count in range(len(shown), 0, -1)
    ]


def _yields(held_back: HeldBack) -> str:
    """For whom it is, how long, and the cure."""
    shown = ", ".join(_promise(each) for each in held_back.promises[:_LARGEST_SHOWN])
    more = ", …" if len(held_back.promises) > _LARGEST_SHOWN else ""
    return (
        f"room is held back for guests of higher priority that are still to start ({shown}{more}): "
        f"start it when they run, or in {held_back.seconds} s (boot_window)"
    )


def _promise(promise: Promise) -> str:
    return f"{printable(promise.name)} {MEMORY.short(promise.committed)}"
