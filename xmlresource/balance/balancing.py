"""The decision of one round: who gives memory, who gets it, and why. Pure, without a clock.

The order of claims: what is promised to a guest; guests that starve; the host itself and a guest
that waits to start; last, guests that merely lack RAM which nobody else needs. What is taken comes
from what guests have above their soft limits, then above their guarantees, in proportion
(:mod:`xmlresource.reclaim.sharing`).
"""

from collections.abc import Iterable, Iterator, Sequence

from xmlresource.balance.guest_part import GuestPart, part_of
from xmlresource.balance.host_need import host_need, marks
from xmlresource.balance.movement import (
    Cause,
    Direction,
    LeftAlone,
    Means,
    Reason,
    RoundDecision,
    Step,
)
from xmlresource.balance.observed import GuestObserved, Observed
from xmlresource.balance.recent import NOTICEABLE, Lately
from xmlresource.balance.standing import (
    LEAST_STEP,
    UNTRIED_PART,
    spare,
    step_of,
)
from xmlresource.configuration.balance_settings import BalanceSettings, Mode
from xmlresource.reclaim.sharing import Pool, Shortfall, Standing, give, spread
from xmlresource.record import replace


def decide(seen: Observed, lately: Lately, settings: BalanceSettings) -> RoundDecision:
    """What to do now.

    Guests that are only observed are decided on by themselves, as if the others were not there: so
    nothing that is really done counts on them.

    Args:
        seen: What is observed.
        lately: What is remembered, with ``recent.noticed`` applied.
        settings: The settings.
    """
    acting = _of_mode(seen, {Mode.BALLOON, Mode.PRESS})
    decision = _Round(acting, lately, settings).decision()
    observing = _of_mode(seen, {Mode.OBSERVE})
    if not observing.guests:
        return decision
    would = _Round(observing, lately, settings).decision()
    told = tuple(replace(step, observe=True) for step in would.steps)
    return replace(
        decision,
        steps=(*decision.steps, *told),
        left_alone=(*decision.left_alone, *would.left_alone),
    )


def _of_mode(seen: Observed, modes: set[Mode]) -> Observed:
    return replace(seen, guests=tuple(each for each in seen.guests if each.mode in modes))


class _Round:
    """One round for guests of one kind."""

    def __init__(self, seen: Observed, lately: Lately, settings: BalanceSettings) -> None:
        self._seen = seen
        self._settings = settings
        self._marks = marks(seen.host.total, settings)
        self._parts = [part_of(guest, lately, seen.at, settings) for guest in seen.guests]
        self._need = host_need(seen.host, settings)
        severe = any(each.need is not None and each.need.severe for each in self._parts)
        self._critical = self._need.critical or severe

    def decision(self) -> RoundDecision:
        parts = self._parts
        given = list(self._urgent())
        wants = self._wanted()
        demand = max(self._need.size, wants)
        coming = sum(max(0, each.under_way) for each in parts)
        shares, missing = self._taken(max(0, demand - coming))
        taken = list(self._take_steps(shares, wants))
        pressed = list(self._press_steps(missing, {step.key for step in taken}))
        if not given and not demand:
            given = list(self._surplus())
        steps = (*self._held(), *given, *taken, *pressed)
        return RoundDecision(
            steps=steps,
            left_alone=tuple(self._left_alone()),
            demand=demand,
            missing=max(0, missing - sum(step.size for step in pressed)),
            soon=bool(steps or self._seen.host.wanted) or any(each.waits for each in parts),
        )

    def _room(self, mark: int) -> int:
        """What can be given until ``mark`` is what is available."""
        going = sum(max(0, -each.under_way) for each in self._parts)
        return self._seen.host.available - mark - going

    def _urgent(self) -> Iterator[Step]:
        """What guests get of what is promised to them, or because they starve."""
        parts = [each for each in self._parts if each.free and (each.need or each.promised)]
        spent = 0
        lacks = [each.shortfall for each in parts]
        severe = [at for at, each in enumerate(parts) if each.need and each.need.severe]
        others = [at for at in range(len(parts)) if at not in severe]
        for group, mark in ((severe, self._marks.last), (others, self._marks.below)):
            some = [lacks[at] for at in group]
            sizes = give(some, [Pool(self._room(mark) - spent, tuple(range(len(group))))])
            for at, size in zip(group, sizes, strict=True):
                spent += size
                guest = parts[at].guest
                if size >= min(LEAST_STEP, guest.lack):
                    yield _given(guest, size, parts[at].reason)

    def _wanted(self) -> int:
        """What others have to give up for guests that starve."""
        wants = sum(each.need.size for each in self._parts if each.need and each.is_believed)
        short = wants - self._room(self._marks.below)
        return min(short, sum(map(self._spare, self._parts))) if wants and short > 0 else 0

    def _spare(self, each: GuestPart) -> int:
        if not each.free or each.need is not None or each.distrust is not None:
            return 0
        given, critical = each.recent.given, self._critical
        if given is not None and self._seen.at - given < self._settings.calm and not critical:
            return 0
        return spare(each.guest, self._settings, critical=critical)

    def _taken(self, demand: int) -> tuple[list[int], int]:
        """What each gives of ``demand``, before any step is bounded, and what nobody can."""
        standings = [_standing(each.guest, self._spare(each)) for each in self._parts]
        found = spread(demand, standings)
        shares = list(found.shares)
        if self._seen.host.wanted and 0 < max(shares, default=0) < LEAST_STEP:
            # A start waits for the last little of it: one guest gives what all would not.
            rooms = [each.above_guarantee for each in standings]
            most = max(range(len(rooms)), key=rooms.__getitem__)
            shares[most] = min(LEAST_STEP, rooms[most])
        return shares, found.missing

    def _step(self, guest: GuestObserved) -> int:
        hurry = self._critical or self._seen.host.wanted > 0
        return step_of(guest, self._settings, hurry=hurry)

    def _asked_at_most(self, each: GuestPart) -> int:
        """The most to ask a guest's balloon for: little before its word has stood a trial."""
        step = self._step(each.guest)
        return step if each.recent.proven else max(LEAST_STEP, step // UNTRIED_PART)

    def _take_steps(self, shares: Sequence[int], wanted: int) -> Iterator[Step]:
        reason = self._need.reason or Reason(Cause.OTHERS_STARVE, (("wanted", wanted),))
        for each, share in zip(self._parts, shares, strict=True):
            guest, balloon = each.guest, each.guest.balloon
            if balloon is not None and share >= LEAST_STEP:
                size = _whole(min(share + guest.untouched, self._asked_at_most(each)))
                yield _taking(guest, Means.BALLOON, size, balloon - size, reason)

    def _press_steps(self, missing: int, asked: set[tuple[str, str]]) -> Iterator[Step]:
        """Press for what balloons don't give, for the host's own need alone."""
        reason = self._need.reason
        if reason is None:
            return
        guests = [each.guest for each in self._parts if self._is_pressed(each, asked)]
        standings = [Standing(each.charged, each.guarantee, each.soft) for each in guests]
        for guest, share in zip(guests, spread(missing, standings).shares, strict=True):
            size = _whole(min(share, self._step(guest)))
            if size >= LEAST_STEP:
                yield _taking(guest, Means.PRESS, size, guest.charged - size, reason)

    def _is_pressed(self, each: GuestPart, asked: set[tuple[str, str]]) -> bool:
        guest = each.guest
        return (
            guest.mode is Mode.PRESS
            and guest.key not in asked
            and each.need is None
            and not each.waits
            and (guest.pressure or 0) < self._settings.pressure
        )

    def _surplus(self) -> Iterator[Step]:
        """What guests get that lack something, as the host has room."""
        parts = [each for each in self._parts if self._is_owed(each)]
        kept = self._seen.host.promised + sum(each.guest.untouched for each in parts)
        room = self._room(self._marks.above) - kept
        lacks = [Shortfall(each.guest.lack) for each in parts]
        sizes = give(lacks, [Pool(room, tuple(range(len(parts))))])
        figures = (("available", self._seen.host.available), ("above", self._marks.above))
        for each, size in zip(parts, sizes, strict=True):
            bounded = min(size, step_of(each.guest, self._settings))
            if bounded >= min(LEAST_STEP, each.guest.lack):
                yield _given(each.guest, bounded, Reason(Cause.HOST_HAS_ROOM, figures))

    def _is_owed(self, each: GuestPart) -> bool:
        taken, step = each.recent.taken, step_of(each.guest, self._settings)
        is_calm = taken is None or self._seen.at - taken >= self._settings.calm
        return each.free and is_calm and each.guest.lack > 0 and each.guest.untouched < step

    def _held(self) -> Iterator[Step]:
        """Have guests that don't do as asked asked for no more than they did."""
        for each in self._parts:
            asked, balloon = each.recent.asked, each.guest.balloon
            if asked and balloon is not None and each.recent.ignored is not None and each.waits:
                figures = (("balloon", balloon), ("asked", asked.target))
                yield _step(each.guest, Direction.HOLD, 0, balloon, Reason(Cause.IGNORES, figures))

    def _left_alone(self) -> Iterable[LeftAlone]:
        for each in self._parts:
            if each.left_alone is not None:
                yield LeftAlone(each.guest.key, each.guest.name, each.left_alone)


def _standing(guest: GuestObserved, spare_ram: int) -> Standing:
    """A guest that is to be left with all but what it can spare."""
    fixed = guest.charged - min(spare_ram, guest.charged)
    return Standing(guest.charged, guest.guarantee, guest.soft, max(fixed, guest.overhead))


def _whole(size: int) -> int:
    """The size in whole MiB: libvirt counts in KiB, and a page may be larger."""
    return size - size % NOTICEABLE


def _given(guest: GuestObserved, size: int, reason: Reason) -> Step:
    size = size if size == guest.lack else _whole(size)
    return _step(guest, Direction.GIVE, size, (guest.balloon or 0) + size, reason)


def _taking(guest: GuestObserved, means: Means, size: int, target: int, reason: Reason) -> Step:
    return Step(guest.key, guest.name, Direction.TAKE, means, size, target, reason)


def _step(
    guest: GuestObserved, direction: Direction, size: int, target: int, reason: Reason
) -> Step:
    return Step(guest.key, guest.name, direction, Means.BALLOON, size, target, reason)
