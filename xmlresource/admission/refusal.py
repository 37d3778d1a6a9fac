"""What a person reads when a guest is refused.

``virsh start`` shows the whole after "unexpected exit status 3: ". The first line must do alone:
logs and graphical tools often cut the rest.
"""

from typing import Final

from xmlresource.admission.reckoning import Decision, HeldBack, Line, Reckoning, Rule
from xmlresource.model.promise import Promise
from xmlresource.printable import printable
from xmlresource.units import approximate, format_amount

_LARGEST_SHOWN: Final = 3
_LONGEST_TITLE: Final = 160  # a cgroup's path may be long, and holds names from outside


def refusal_text(decision: Decision) -> str:
    """The refusal: guest, what it asks, what can be promised and why; then the reckoning.

    Raises:
        ValueError: The guest is admitted.
    """
    if decision.admitted:
        raise ValueError("the guest is admitted")
    worst = decision.failed[0]
    asked, promisable = _told_apart(decision.demand.guarantee, decision.promisable)
    first = (
        f"xmlresource: guest '{printable(decision.demand.name)}' refused: "
        f"it asks for a guarantee of {asked}, {promisable} can be promised "
        f"({_title(worst)}: {_why(worst, decision.demand.guarantee)}; {_largest(decision)})"
    )
    if worst.rule is Rule.PRIORITY and decision.held_back is not None:
        first += f"; {_yields(decision.held_back)}"
    return "\n".join((first, *reckoning_lines(decision)))


def figures(decision: Decision) -> dict[str, int | str]:
    """The refusal for a log: the rule, what is asked, what can be promised, and the reckoning.

    Raises:
        ValueError: The guest is admitted.
    """
    if decision.admitted:
        raise ValueError("the guest is admitted")
    return {
        "rule": _title(decision.failed[0]),
        "asked": decision.demand.guarantee,
        "promisable": decision.promisable,
        "reckoning": sums(decision),
    }


def sums(decision: Decision) -> str:
    """The reckoning on one line, every rule's sum; also for an admitted guest."""
    return "; ".join(_sum(each) for each in decision.reckonings)


def _sum(reckoning: Reckoning) -> str:
    """``commitment fails: MemTotal 8589934592 promised -429916160 … = 8160018432 < 9437184000``."""
    lines = " ".join(f"{line.label} {line.size}" for line in reckoning.lines)
    word, sign = ("holds", ">=") if reckoning.admitted else ("fails", "<")
    return f"{_title(reckoning)} {word}: {lines} = {reckoning.room} {sign} {reckoning.asked}"


def reckoning_lines(decision: Decision) -> list[str]:
    """Every rule line by line, exact to the byte and aligned; also for an admitted guest."""
    tables = [(each, _table(each)) for each in decision.reckonings]
    rows = [line for _, table in tables for line in table]
    label_width = max(len(line.label) for line in rows)
    size_width = max(len(f"{line.size:,}") for line in rows)
    text = []
    for reckoning, table in tables:
        text.append(f"{_title(reckoning)}: {'holds' if reckoning.admitted else 'fails'}")
        text += [
            f"  {line.label:<{label_width}}  {line.size:>{size_width},}  ({approximate(line.size)})"
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


def _told_apart(asked: int, promisable: int) -> tuple[str, str]:
    """Both sizes for people, exact where they would read alike."""
    if not promisable:
        return approximate(asked), "nothing"
    short = approximate(asked), approximate(promisable)
    return short if short[0] != short[1] else (format_amount(asked), format_amount(promisable))


def _why(reckoning: Reckoning, guarantee: int) -> str:
    """The rule in one go: ``MemTotal 23.42 GiB - host reserve 1.171 GiB - …``."""
    first, *rest = reckoning.lines
    terms = f"{first.label} {_plain(first.size)}" + "".join(
        f" {'+' if line.size > 0 else '-'} {line.label} {_plain(abs(line.size))}" for line in rest
    )
    # On nodes and in hugepages less, or something else, is needed than the guarantee.
    if reckoning.asked == guarantee and not reckoning.because:
        return terms
    return f"{_plain(reckoning.asked)} {reckoning.because or 'needed'}, {terms}"


def _plain(size: int) -> str:
    return approximate(size) if size else "0"


def _largest(decision: Decision) -> str:
    if not decision.largest:
        return "no promises so far"
    shown = ", ".join(_promise(each) for each in decision.largest[:_LARGEST_SHOWN])
    return f"largest promises: {shown}{', …' if decision.promises > _LARGEST_SHOWN else ''}"


def _yields(held_back: HeldBack) -> str:
    """For whom it is, how long, and the cure."""
    shown = ", ".join(_promise(each) for each in held_back.promises[:_LARGEST_SHOWN])
    more = ", …" if len(held_back.promises) > _LARGEST_SHOWN else ""
    return (
        f"room is held back for guests of higher priority that are still to start ({shown}{more}): "
        f"start it when they run, or in {held_back.seconds} s (boot_window)"
    )


def _promise(promise: Promise) -> str:
    return f"{printable(promise.name)} {approximate(promise.committed)}"
