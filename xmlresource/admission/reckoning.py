"""The calculation behind a decision, as data. Sizes are in bytes."""

from collections.abc import Iterable
from enum import Enum

from xmlresource.admission.demand import Demand
from xmlresource.promises.promise import Promise
from xmlresource.record import record
from xmlresource.units import approximate


class Rule(Enum):
    """The rules; a value is the rule's name in messages and in JSON."""

    COMMITMENT = "commitment"
    PHYSICAL = "physical"
    ANCESTORS = "ancestors"
    PARTITIONS = "partitions"
    NODES = "nodes"
    HUGEPAGES = "hugepages"
    PRIORITY = "priority"
    VCPUS = "vcpus"
    HARD_LIMIT = "hard limit"
    CPUS = "cpus"
    WEIGHTS = "weights"


@record
class Line:
    """One line of a reckoning: a label and the bytes it adds, or takes where negative.

    Of CPU time it is thousandths of a CPU.
    """

    label: str
    size: int


@record
class Reckoning:
    """One rule applied to one thing.

    Attributes:
        rule: The rule.
        subject: What it was applied to: ``""`` for the host, ``/machine/prod``, ``node 0``,
            ``pages of 2 MiB on node 0``; under the last rule the rule it repeats, with its own.
        part: Which of the first two rules was applied to ``subject``; ``None`` for hugepages and
            under the last rule.
        lines: What there is and what is taken from it.
        asked: What the guest asks for under this rule.
        promisable: The largest guarantee that this rule would admit, 0 where none;
            ``None`` where it would admit any.
        because: Why more is asked for than the guarantee takes; empty where it is not.
    """

    rule: Rule
    subject: str
    part: Rule | None
    lines: tuple[Line, ...]
    asked: int
    promisable: int | None
    because: str = ""

    @property
    def room(self) -> int:
        """The room that is left: the sum of the lines, negative where too much was promised."""
        return sum(line.size for line in self.lines)

    @property
    def admitted(self) -> bool:
        """Whether this rule lets the guest start."""
        return self.asked <= self.room

    @property
    def title(self) -> str:
        """The rule and what it was applied to: ``nodes, commitment on node 0``."""
        if not self.subject:
            return self.rule.value
        if self.part is None:
            return f"{self.rule.value}, {self.subject}"
        return f"{self.rule.value}, {self.part.value} on {self.subject}"


@record
class HeldBack:
    """Room for guests of higher priority that are still to start.

    Attributes:
        promises: What they will be promised, highest priority first.
        seconds: For how much longer it is held back.
    """

    promises: tuple[Promise, ...]
    seconds: int

    @property
    def size(self) -> int:
        """The sum of these promises, with what is pinned beyond them."""
        return sum(promise.committed for promise in self.promises)


@record
class Decision:
    """Whether a guest may start, and why.

    Attributes:
        demand: What it asks for.
        reckonings: The rules in their order, each applied to all it applies to.
        promisable: The largest guarantee that all rules would admit, a multiple of a page;
            0 where there is none.
        largest: The promises of others, largest first, no more than a message needs.
        promises: How many promises of others there are.
        held_back: What is held back for others; ``None`` where nothing is.
        own: What the guest itself is promised already, as one that runs and asks for more.
    """

    demand: Demand
    reckonings: tuple[Reckoning, ...]
    promisable: int
    largest: tuple[Promise, ...]
    promises: int
    held_back: HeldBack | None = None
    own: int = 0

    @property
    def admitted(self) -> bool:
        """Whether the guest may start: all rules hold, or it declares no guarantee."""
        return not self.demand.guarantee or all(each.admitted for each in self.reckonings)

    @property
    def failed(self) -> tuple[Reckoning, ...]:
        """The rules that do not hold, the one that leaves least first; empty where admitted."""
        if self.admitted:
            return ()
        return worst_first(self.reckonings)

    @property
    def short_of_presence(self) -> int | None:
        """The room that is asked for, where guests that use more than is promised to them have it.

        ``None`` where it is admitted, or where memory that comes free would not do.
        """
        failed = self.failed
        if not failed or any(each.rule is not Rule.PHYSICAL for each in failed):
            return None
        return failed[0].asked


def worst_first(reckonings: Iterable[Reckoning]) -> tuple[Reckoning, ...]:
    """The rules that do not hold, the one that leaves least first."""
    failed = [each for each in reckonings if not each.admitted]
    return tuple(sorted(failed, key=lambda each: (each.promisable or 0, each.room)))


def pages_text(page_size: int | None, nodes: frozenset[int] | None) -> str:
    """``pages of 2 MiB``, ``pages of the default size on node 1``."""
    pages = f"pages of {approximate(page_size)}" if page_size else "pages of the default size"
    return pages if nodes is None else f"{pages} on {nodes_text(nodes)}"


def nodes_text(numbers: frozenset[int]) -> str:
    """``node 0``, ``nodes 0-2,5``."""
    return f"{'node' if len(numbers) == 1 else 'nodes'} {numbers_text(numbers)}"


def numbers_text(numbers: frozenset[int]) -> str:
    """``0-2,5``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
