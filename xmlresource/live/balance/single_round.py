"""``balance --once`` and ``--dry-run``: one round, and what it did or would do."""

from xmlresource.balance.movement import LeftAlone
from xmlresource.errors import ExitStatus
from xmlresource.live.balance.balancer import Balancer, RoundResult
from xmlresource.live.balance.balloons import Balloons
from xmlresource.live.balance.movements import StepOutcome
from xmlresource.live.balance.once_told import OnceTold
from xmlresource.live.balance.service import only_instance
from xmlresource.operations.host import open_host
from xmlresource.record import record
from xmlresource.system.machine import Machine


@record
class Balanced:
    """The outcome of one round.

    Attributes:
        dry: Nothing was done; the steps are what would be.
        outcomes: The steps, and what became of them.
        left_alone: Guests that can't be asked.
        demand: What was to come free, in bytes.
        missing: What of it nobody can spare.
        room: What the host has beside all promises and its reserve.
    """

    dry: bool
    outcomes: tuple[StepOutcome, ...]
    left_alone: tuple[LeftAlone, ...]
    demand: int
    missing: int
    room: int

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status: a step that failed is a failure, what nobody can spare is none."""
        failed = any(each.fault is not None for each in self.outcomes)
        return ExitStatus.USAGE if failed else ExitStatus.FINE


def balance(
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    dry: bool = False,
) -> Balanced:
    """Balance for one round, or tell what would be done.

    Args:
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.
        dry: Change nothing, also while a service runs.

    Raises:
        SecondInstanceError: A service runs, and something is to be done.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    if dry:
        return _round(uri, machine, dry=True)
    with only_instance(machine):
        return _round(uri, machine, dry=False)


def _round(uri: str | None, machine: Machine, *, dry: bool) -> Balanced:
    host = open_host(machine)
    balloons = Balloons(uri)
    try:
        done = Balancer(machine, balloons, OnceTold(machine)).round(host, dry=dry)
    finally:
        balloons.close()
    return _outcome(done, dry=dry)


def _outcome(done: RoundResult, *, dry: bool) -> Balanced:
    steps = done.decision.steps
    acted = {(each.step.key, each.step.direction): each for each in done.outcomes}
    outcomes = tuple(acted.get((step.key, step.direction), StepOutcome(step)) for step in steps)
    return Balanced(
        dry=dry,
        outcomes=outcomes,
        left_alone=done.decision.left_alone,
        demand=done.decision.demand,
        missing=done.decision.missing,
        room=done.memory.room,
    )
