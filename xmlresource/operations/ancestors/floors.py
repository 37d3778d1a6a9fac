"""Keep weights such that guests get what they are promised: CPU time, parts of disks.

The weights of all guests with a promise, and of all cgroups above them, follow from the ledger and
from the weights of others, which are nobody's to change but the administrator's. As with protected
memory a folder's value is the administrator's part and ours, and what is whose is remembered.
"""

from collections.abc import Iterable, Iterator, Mapping

from xmlresource.admission.weights.floor_weights import FloorWeights, TooLittle, floor_weights
from xmlresource.admission.weights.weight_tree import WeighedFolder, WeighedGuest, tree_of
from xmlresource.cgroup.ancestors import AncestorProtection, Key, Targets, targets
from xmlresource.cgroup.cpu_and_io.expected_cgroup import competing
from xmlresource.cgroup.hierarchy import Layout, Place
from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import (
    CgroupState,
    Executor,
    FileUnit,
    Plan,
    Problem,
    Rejection,
    Write,
)
from xmlresource.model.events import WARNING, Event
from xmlresource.operations.ancestors.divided import (
    CPU_TUNABLE,
    Divided,
    all_divided,
    parts_of,
)
from xmlresource.operations.ancestors.protection import carry_out, recorded_protection
from xmlresource.operations.ancestors.weighed_folders import (
    NO_LINE,
    found_folders,
    with_recovered,
    without_promises,
)
from xmlresource.operations.event_log import log_event, log_event_once, report_in_a_line
from xmlresource.operations.host import Host
from xmlresource.printable import printable
from xmlresource.promises.promise import Promise
from xmlresource.record import record
from xmlresource.system.cgroups import places
from xmlresource.system.host_facts import HostError
from xmlresource.system.libvirt import guests as libvirt_guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import Transaction


@record
class _Wanted:
    """The weights that there shall be.

    Attributes:
        guests: Those of guests, with the values of now.
        above: Those of the folders above them.
        floors: What they were worked out to be.
    """

    guests: Mapping[str, tuple[int, int]]
    above: Targets
    floors: FloorWeights


@record
class Unkept:
    """A promise that can't be kept.

    Attributes:
        subject: What it is about, in a few words.
        outcome: Why not.
    """

    subject: str
    outcome: Report | Rejection


def set_weights(
    host: Host,
    transaction: Transaction,
    promises: Iterable[Promise],
    former: Promise | None = None,
    asking: Promise | None = None,
) -> Unkept | None:
    """Have all weights as ``promises`` need them; of CPU time and each disk all or none.

    Args:
        host: The host.
        transaction: The ledger's transaction.
        promises: What is promised.
        former: What a guest that goes on running was promised until now: where that was something
            that it is not promised any more, it gets its own weight back.
        asking: The promise to the guest that is about to have it. Of what it is about nothing is
            written where no weights keep what is promised; otherwise they keep as much as they
            can, and what can't be done is logged: each later event does the same.

    Returns:
        What of ``asking`` can't be kept; ``None`` where all is.

    Raises:
        HostError: The kernel does not tell which CPUs there are.
        StateError: What is whose can't be remembered.
        OSError: A kernel file can't be read.
    """
    standing = list(promises)
    boot_id = transaction.ledger.boot_id
    chain = recorded_protection(transaction.read_chain(), boot_id) or AncestorProtection(boot_id)
    about = [*standing, *(() if former is None else (former,))]
    for each in all_divided(host.machine, about, chain):
        outcome: Report | Rejection
        if isinstance(each, Problem):
            asks = asking is not None and _is_asked(asking, each)
            subject, outcome = "guarantee", Rejection((each,))
        else:
            asks = asking is not None and each.part_of(asking) is not None
            subject = each.subject
            outcome = _set(host, transaction, each, standing, former, is_strict=asks)
        if isinstance(outcome, Report) and outcome.ok:
            continue
        if asks:
            return Unkept(subject, outcome)
        if isinstance(outcome, Rejection):
            log_event_once(host, Event(WARNING, outcome.describe()))
        else:
            log_event(host, Event(WARNING, report_in_a_line(outcome)))
    return None


def _is_asked(asking: Promise, problem: Problem) -> bool:
    """Whether a guest asks for something that can't be had at all here."""
    part = asking.cpu if problem.tunable == CPU_TUNABLE else asking.io
    return part is not None


def _set(
    host: Host,
    transaction: Transaction,
    divided: Divided,
    promises: list[Promise],
    former: Promise | None,
    *,
    is_strict: bool,
) -> Report | Rejection:
    """Have the weights that divide one thing, all of them or none."""
    machine = host.machine
    boot_id = transaction.ledger.boot_id
    chain = recorded_protection(transaction.read_chain(), boot_id) or AncestorProtection(boot_id)
    wanted = _wanted(machine, divided, chain, promises, former)
    plan = Plan(_place(machine, divided, wanted.above), tuple(_writes(machine, divided, wanted)))
    if wanted.floors.too_little is not None:
        reason = too_little_text(wanted.floors.too_little)
        if is_strict:
            return Rejection((Problem(divided.tunable, reason),))
        log_event_once(host, Event(WARNING, f"{divided.tunable}: {reason}"))
    # What systemd has no property for stands in no drop-in.
    weighing = divided.weighing
    files = () if weighing.disk else (weighing.label,)
    return carry_out(machine, transaction, plan, wanted.above, files)


def settle_weights(host: Host, transaction: Transaction) -> None:
    """Have all weights follow the ledger: when a guest is gone, or others came.

    What can't be done is logged: each later event does the same.

    Raises:
        StateError: What is whose can't be remembered.
        OSError: A kernel file can't be read.
    """
    try:
        set_weights(host, transaction, transaction.promises())
    except HostError as error:
        log_event(host, Event(WARNING, f"weights stay as they are: {error}"))


def missing_weights(host: Host, promise: Promise, promises: Iterable[Promise]) -> tuple[Write, ...]:
    """The weights of a guest, and of the cgroups above it, that are too low; without a lock.

    A weight that is larger keeps the promise, too, and is set right with the next event.

    Raises:
        HostError: The kernel does not tell which CPUs there are.
        StateError: What is whose can't be read.
        OSError: A kernel file can't be read.
    """
    machine, standing = host.machine, list(promises)
    boot_id = libvirt_guests.boot_id(machine)
    chain = recorded_protection(host.state.snapshot_chain(), boot_id)
    missing: list[Write] = []
    for divided in parts_of(machine, promise):
        guest = _guest(divided, promise)
        if guest is None:
            continue
        known = chain or AncestorProtection(boot_id)
        wanted = _wanted(machine, divided, known, standing, None)
        missing += (
            write
            for write in _writes(machine, divided, wanted)
            if write.raises and f"{guest.path}/".startswith(f"{write.cgroup}/")
        )
    return tuple(missing)


def why_unweighed(machine: Machine, promise: Promise) -> str | None:
    """What a guest that runs and is promised something can have no weight for, and why.

    ``None`` where it can have all weights.

    Raises:
        OSError: A kernel file can't be read.
    """
    for divided in parts_of(machine, promise):
        part, weighing = divided.part_of(promise), divided.weighing
        name = weighing.weights.file.partition(".")[0]
        if part is None:
            continue
        reason = None
        if part.cgroup is None:
            reason = (
                f"it has no cgroup of its own in the {name} controller (see cgroup_controllers in "
                "qemu.conf)"
            )
        elif weighing.weight(machine, competing(part.cgroup)) is None:
            reason = f"{printable(competing(part.cgroup))} has no {weighing.weights.file}"
        if reason is not None:
            return f"its {divided.subject} can't be kept: {reason}"
    return None


def too_little_text(found: TooLittle) -> str:
    """Why weights can't keep what is promised, without full stop."""
    eaters = ", ".join(f"{printable(each.name)} {each.weight}" for each in found.neighbours[:3])
    beside = f" beside the weights of {eaters}" if eaters else ""
    return f"no weights in {printable(found.path)} keep what is promised there{beside}"


def _wanted(
    machine: Machine,
    divided: Divided,
    chain: AncestorProtection,
    promises: list[Promise],
    former: Promise | None,
) -> _Wanted:
    weighing = divided.weighing
    promised = [each for each in promises if divided.part_of(each) is not None]
    guests, now = [], {}
    for promise in promised:
        guest = _guest(divided, promise)
        found = None if guest is None else weighing.weight(machine, guest.path)
        if guest is not None and found is not None:
            guests.append(guest)
            now[guest.path] = found
    found_now = found_folders(machine, divided, guests)
    in_force = _in_force(guests, now, found_now)
    chain = with_recovered(machine, weighing, chain, found_now, in_force)
    folders = without_promises(machine, weighing, chain, found_now)
    tree = tree_of(weighing.controller.root, guests, folders, weighing.weights.usual)
    floors = (
        floor_weights(divided.whole(promised), tree, weighing.weights) if guests else FloorWeights()
    )
    wanted = {path: (floors.values[path], before) for path, before in now.items()}
    wanted |= _given_back(machine, divided, former, wanted)
    return _Wanted(wanted, _above(machine, divided, chain, folders, floors), floors)


def _guest(divided: Divided, promise: Promise) -> WeighedGuest | None:
    """The guest as it competes; ``None`` for one that has no cgroup yet."""
    part = divided.part_of(promise)
    if part is None or part.cgroup is None:
        return None
    own = divided.weighing.weights.from_share(part.share)
    return WeighedGuest(competing(part.cgroup), own, part.amount)


def _in_force(
    guests: Iterable[WeighedGuest], now: Mapping[str, int], folders: Iterable[str]
) -> dict[str, int]:
    """By folder, how many guests below it have a weight of ours already."""
    ours = [each.path for each in guests if now[each.path] != each.own]
    return {
        folder: sum(path.startswith(f"{folder.rstrip('/')}/") for path in ours)
        for folder in folders
    }


def _given_back(
    machine: Machine,
    divided: Divided,
    former: Promise | None,
    wanted: Mapping[str, tuple[int, int]],
) -> dict[str, tuple[int, int]]:
    """The own weight of a guest that is promised nothing any more."""
    guest = None if former is None else _guest(divided, former)
    if guest is None or guest.path in wanted:
        return {}
    found = divided.weighing.weight(machine, guest.path)
    own = NO_LINE if divided.weighing.disk else guest.own
    return {} if found is None else {guest.path: (own, found)}


def _above(
    machine: Machine,
    divided: Divided,
    chain: AncestorProtection,
    folders: Mapping[str, WeighedFolder],
    floors: FloorWeights,
) -> Targets:
    """The weights of the folders: those that are needed, and back to what they were.

    Of a disk they are lines of a file; one that is to be taken out is 0 here.
    """
    weighing = divided.weighing
    label, root = weighing.label, weighing.controller.root
    remembered = [cgroup for cgroup, name in chain.parts if name == label]
    paths = dict.fromkeys((*(each for each in folders if each != root), *remembered))
    lines = {path: weighing.line(machine, path) for path in paths}
    sums: dict[Key, int] = {}
    for path in paths:
        own = folders[path].own if path in folders else 0
        more = floors.values.get(path, own) - own
        line = chain.own((path, label), lines[path] or NO_LINE)
        is_new = more and weighing.disk and line == NO_LINE
        sums[path, label] = own + more if is_new else more
    state = CgroupState(
        places.PAGE_SIZE,
        {path: {label: line} for path, line in lines.items() if line is not None},
    )
    return targets(chain, _place_above(machine, divided, paths), state, sums)


def _place(machine: Machine, divided: Divided, above: Targets) -> Place:
    return _place_above(machine, divided, (cgroup for cgroup, _ in above.values))


def _place_above(machine: Machine, divided: Divided, cgroups: Iterable[str]) -> Place:
    deepest_first = sorted(cgroups, key=lambda cgroup: (-cgroup.count("/"), cgroup))
    systemd = places.systemd_runs(machine)
    controller = divided.weighing.controller
    return Place(controller, "/", Layout.PLAIN, None, tuple(deepest_first), systemd)


def _writes(machine: Machine, divided: Divided, wanted: _Wanted) -> Iterator[Write]:
    """What raises first, from the top down; what lowers after, from the bottom up."""
    weighing = divided.weighing
    place = _place(machine, divided, wanted.above)
    changes = [(cgroup, value) for (cgroup, _), value in wanted.above.values.items()]
    changes += [(path, value) for path, (value, _) in wanted.guests.items()]
    writes = []
    for cgroup, value in changes:
        line, before = weighing.line(machine, cgroup), weighing.weight(machine, cgroup)
        if not isinstance(value, int) or line is None or before is None:
            continue
        if value in {line, line or before}:
            continue
        # A property of systemd's is for CPU time alone; lines of disks it does not touch.
        by_systemd = place.is_unit(cgroup) and not weighing.disk
        writes.append(
            Write(
                cgroup=cgroup,
                directory=weighing.controller.directory(cgroup),
                file=weighing.weights.file,
                value=value or weighing.usual(machine, cgroup),
                before=before,
                text=weighing.text_of(value),
                undo_text=weighing.text_of(line),
                tunable=divided.tunable,
                reason=(
                    f"guests keep the {divided.subject} that they are promised, whoever else is "
                    "busy"
                ),
                executor=Executor.SYSTEMD if by_systemd else Executor.FILE,
                entry=weighing.disk,
                unit=FileUnit.WEIGHT,
            )
        )
    down = sorted(writes, key=lambda write: write.cgroup.count("/"))
    yield from (write for write in down if write.raises)
    yield from (write for write in reversed(down) if not write.raises)
