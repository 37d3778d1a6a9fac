"""One round of balancing: look at the machine, decide, do it, tell it."""

from collections.abc import Iterable
from typing import Final

from xmlresource.balance.balancing import decide
from xmlresource.balance.host_need import host_need
from xmlresource.balance.movement import Cause, LeftAlone, RoundDecision
from xmlresource.balance.observed import HostObserved, Key, Observed
from xmlresource.balance.recent import Lately, noticed, remembered
from xmlresource.balance.wording import sentence
from xmlresource.cgroup.hierarchy import Version
from xmlresource.configuration.balance_settings import BalanceSettings, Mode
from xmlresource.errors import XmlresourceError
from xmlresource.live.balance.balloons import Balloons, EndedError
from xmlresource.live.balance.guest_watch import GuestWatch, WatchedGuest
from xmlresource.live.balance.host_watch import (
    HostMemory,
    SwapRate,
    host_memory,
    host_pressures,
    settings_of,
)
from xmlresource.live.balance.movements import StepOutcome, carry_out, event_of
from xmlresource.live.balance.once_told import OPERATION, OnceTold
from xmlresource.model.events import WARNING, Event
from xmlresource.operations.event_log import log_event
from xmlresource.operations.guests.guest_definitions import GuestDefinition, GuestDefinitions
from xmlresource.operations.host import Host
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.printable import printable
from xmlresource.promises.promise import Process
from xmlresource.record import record, replace
from xmlresource.system.cgroups.pressure import now
from xmlresource.system.cgroups.pressure_triggers import IN_CGROUP
from xmlresource.system.machine import Machine

_PASSING: Final = frozenset({Cause.OLD_STATISTICS, Cause.NO_STATISTICS})
"""What a guest's next report ends: one is awaited whenever its balloon has moved."""

_SLOW_REPORTS: Final = 3  # in the time after which a report is too old


@record
class RoundResult:
    """What a round found and did.

    Attributes:
        memory: The host's memory.
        definitions: The guests that run.
        decision: What was decided; nothing where there was no occasion to look at guests.
        outcomes: What became of its steps, in their order.
        lacking: Whether some guest lacks RAM that was taken from it.
        sparable: What guests have above their guarantees that balancing may take, in bytes.
        pressure_files: Those of guests that lack RAM, on v2.
    """

    memory: HostMemory
    definitions: tuple[GuestDefinition, ...] = ()
    decision: RoundDecision = RoundDecision()
    outcomes: tuple[StepOutcome, ...] = ()
    lacking: bool = False
    sparable: int = 0
    pressure_files: tuple[str, ...] = ()


class Balancer:
    """Rounds of balancing on one machine, with what is remembered between them."""

    def __init__(self, machine: Machine, balloons: Balloons, told: OnceTold) -> None:
        self._machine: Final = machine
        self._balloons: Final = balloons
        self._told: Final = told
        self._definitions: Final = GuestDefinitions(machine)
        self._watch: Final = GuestWatch(machine, balloons)
        self._swaps: Final = SwapRate()
        self._periods: dict[Key, tuple[Process, int]] = {}
        self.lately = Lately()

    def begin(self) -> None:
        """Trust nothing that guests reported before now."""
        self.lately = Lately(since=now())

    def round(
        self, host: Host, asked: int = 0, *, stalled: bool = False, dry: bool = False
    ) -> RoundResult:
        """Look, decide, and do it.

        Args:
            host: The host.
            asked: The room that starts ask for, which there must be beside all promises.
            stalled: A pressure trigger has fired since the last round.
            dry: Only decide.

        Raises:
            XmlresourceError: What must be known is not; nothing is done.
            OSError: A kernel file can't be read; nothing is done.
        """
        settings = settings_of(host)
        promises = current_promises(self._machine, host.state)
        memory = host_memory(host, promises)
        wanted = max(0, asked - memory.room) if asked else 0
        rate = self._swaps.now(self._machine, now())
        seen = replace(
            memory.seen(wanted, rate, stalled=stalled), some=host_pressures(self._machine)
        )
        definitions = self._definitions.current()
        self._tell_unreadable()
        result = RoundResult(memory, definitions)
        if not dry and self._is_quiet(seen, definitions, settings):
            self._report(definitions, settings, attentive=False)
            return result
        promised = {each.key: each.size for each in promises}
        watched = self._watch.look(definitions, promised, settings)
        self._told.fault("libvirt", _unreachable(self._watch.unreachable))
        observed = Observed(now(), seen, tuple(each.seen for each in watched))
        lately = noticed(self.lately, observed, settings)
        decision = decide(observed, lately, settings)
        outcomes: tuple[StepOutcome, ...] = ()
        if not dry:
            outcomes = self._carried_out(host, decision, watched)
            failed = {each.step.key for each in outcomes if not each.done}
            self.lately = remembered(lately, observed, decision, failed)
            self._tell(host, decision, outcomes)
        lacking = any(each.lack for each in observed.guests)
        if not dry:
            attentive = decision.soon or lacking or bool(wanted)
            self._report([each.definition for each in watched], settings, attentive=attentive)
        return replace(
            result,
            decision=decision,
            outcomes=outcomes,
            lacking=lacking,
            sparable=_sparable(observed),
            pressure_files=tuple(
                f"{each.place.directory}/{IN_CGROUP}"
                for each in watched
                if each.seen.lack and each.place.controller.version is Version.V2
            ),
        )

    def _is_quiet(
        self,
        seen: HostObserved,
        definitions: Iterable[GuestDefinition],
        settings: BalanceSettings,
    ) -> bool:
        """Whether there is no occasion to look at guests, let alone to ask libvirt."""
        if settings.mode is Mode.OFF:
            return True
        if host_need(seen, settings).size or any(each.asked for each in self.lately.guests):
            return False
        return not any(each.lack for each in definitions)

    def _carried_out(
        self, host: Host, decision: RoundDecision, watched: Iterable[WatchedGuest]
    ) -> tuple[StepOutcome, ...]:
        by_key = {each.seen.key: each for each in watched}
        steps = (step for step in decision.steps if not step.observe)
        return tuple(carry_out(host, self._balloons, step, by_key) for step in steps)

    def _tell(self, host: Host, decision: RoundDecision, outcomes: Iterable[StepOutcome]) -> None:
        """Tell steps that were done each time, all else once."""
        kept = True
        faults: dict[str, Event] = {}
        for outcome in outcomes:
            if outcome.done:
                kept = log_event(host, event_of(outcome.step)) and kept
            elif outcome.fault is not None:
                sign = f"{outcome.step.key} {outcome.fault}"
                faults[sign] = event_of(outcome.step, outcome.fault)
        self._told.tell("steps", faults)
        would = {_sign(step.key, step.direction.value): step for step in decision.steps}
        observed = {sign: event_of(step) for sign, step in would.items() if step.observe}
        self._told.tell("observed", observed)
        self._tell_left_alone(decision, settings_of(host).stale)
        lost = "the history can't be written (is its folder full?); the log has all of it"
        if kept:
            self._told.fault("history", None)
        elif host.configuration.history_size:
            self._told.fault("history", lost)

    def _tell_left_alone(self, decision: RoundDecision, patience: float) -> None:
        """Tell who is left alone; who only has to report anew, after some time."""
        alone: dict[bool, dict[str, Event]] = {True: {}, False: {}}
        for each in decision.left_alone:
            sign = _sign(each.key, each.reason.cause.value)
            alone[each.reason.cause in _PASSING][sign] = _event_of_one(each)
        self._told.tell("alone", alone[False])
        self._told.tell("reports", alone[True], now(), patience)

    def _tell_unreadable(self) -> None:
        unread = {
            each.file_name: Event(
                WARNING,
                f"guest '{printable(each.file_name)}' is left alone: its definition can't be read",
                OPERATION,
                each.file_name,
            )
            for each in self._definitions.unreadable()
        }
        self._told.tell("unreadable", unread)

    def _report(
        self,
        definitions: Iterable[GuestDefinition],
        settings: BalanceSettings,
        *,
        attentive: bool,
    ) -> None:
        """Have guests report as often as is of use now: often while something moves."""
        often = settings.interval if attentive else settings.stale / _SLOW_REPORTS
        seconds = max(1, round(often))
        before, self._periods = self._periods, {}
        for each in definitions:
            process = each.guest.process
            known = before.get(each.key)
            if known is not None and known[0] == process:
                self._periods[each.key] = known
            elif 0 < each.reports_every <= seconds:
                continue  # what an administrator has set does
            if self._periods.get(each.key) != (process, seconds) and _reports(each, settings):
                self._report_every(each, seconds)

    def _report_every(self, definition: GuestDefinition, seconds: int) -> None:
        try:
            self._balloons.report_every(definition.key[1], seconds)
        except XmlresourceError as error:
            if not self._balloons.is_connected:
                self._told.fault("libvirt", _unreachable(str(error)))
        except EndedError:
            return
        else:
            self._periods[definition.key] = definition.guest.process, seconds


def _reports(definition: GuestDefinition, settings: BalanceSettings) -> bool:
    """Whether there is something to be had of a guest's reports."""
    mode = settings.mode_of(definition.partition, balance=definition.balance)
    return definition.has_balloon and mode is not Mode.OFF


def _sparable(observed: Observed) -> int:
    """What guests that may be asked have beyond what must stay with them."""
    return sum(
        max(0, each.charged - max(each.guarantee, 0 if each.mode is Mode.PRESS else each.overhead))
        for each in observed.guests
        if each.mode in {Mode.BALLOON, Mode.PRESS}
        and each.answers
        and (each.balloon is not None or each.mode is Mode.PRESS)
    )


def _sign(key: Key, what: str) -> str:
    return f"{key[0]} {key[1]} {what}"


def _event_of_one(each: LeftAlone) -> Event:
    text = f"guest '{printable(each.name)}' is left alone: {sentence(each.reason)}"
    figures = {"cause": each.reason.cause.value}
    return Event(WARNING, text, OPERATION, each.name, each.key[1], dict(figures))


def _unreachable(reason: str | None) -> str | None:
    return None if reason is None else f"libvirt can't be asked, guests are left alone: {reason}"
