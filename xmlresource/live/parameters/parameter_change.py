"""Give a guest new memory parameters: now, at its next start, or both; all or nothing."""

import shlex
from collections.abc import Callable, Mapping

from xmlresource.admission.refusal import sums
from xmlresource.cgroup.hierarchy import Version
from xmlresource.cgroup.report import Report
from xmlresource.errors import ExitStatus
from xmlresource.live.event_context import event_context
from xmlresource.live.guest_location import GuestLocation, require_location, sides_of
from xmlresource.live.parameters.definitions import Change, change_of, read_definition, refuse
from xmlresource.live.parameters.libvirt_parameters import amounts_of
from xmlresource.live.parameters.live_enforcement import (
    InForce,
    Wanted,
    dependents,
    put_in_force,
    settle,
    take_back,
)
from xmlresource.model.domain import Domain
from xmlresource.model.events import WRITTEN, Fields
from xmlresource.operations.event_log import event_of_report
from xmlresource.operations.guest import Guest, RefusalError, subject
from xmlresource.operations.guest_policy import GuestPolicy, guest_policy, obstacles
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.promises.prepare import admitted
from xmlresource.printable import one_line
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.record import record, replace
from xmlresource.system.libvirt.connection import (
    CONFIG,
    CURRENT,
    LIVE,
    Handle,
    VirDomain,
    error_type,
)
from xmlresource.system.machine import Machine
from xmlresource.tunables import Form
from xmlresource.units import UNLIMITED_KIB, Amount, Unlimited


@record
class Tuned:
    """The result of a change of memory parameters.

    Attributes:
        report: What was written to the kernel; ``None`` where only the persistent definition was
            to change.
    """

    report: Report | None = None

    def remarks(self) -> tuple[str, ...]:
        """Remarks on what is not quite as asked for, a sentence each."""
        if self.report is None:
            return ()
        warnings = (
            f"{warned.write.tunable}: {warned.write.file}: {warned.reason}"
            for warned in self.report.warnings
        )
        return (*warnings, *(note.describe() for note in self.report.plan.not_enforced))


def set_memory_parameters(
    domain: VirDomain,
    params: Mapping[str, int],
    flags: int = CURRENT,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> Tuned:
    """Give a guest new memory parameters; those that are not named stay as they are.

    Live ones are held against what is in force, admitted if the guarantee grows, written to the
    kernel, read back, promised, and declared in the live definition. Whatever fails, all is put
    back.

    Args:
        domain: A ``libvirt.virDomain``.
        params: KiB by name: libvirt's, ``min_guarantee``, ``swap_soft_limit``. libvirt's sentinel,
            9007199254740991, is no limit; 0 is no guarantee.
        flags: ``CURRENT``, ``LIVE``, ``CONFIG`` or both of these, as for
            ``virDomainSetMemoryParameters``.
        machine: The machine.

    Raises:
        libvirt.libvirtError: As ``virDomainSetMemoryParameters`` fails before anything is changed.
        UnknownParameterError: There is no such parameter (a ``LookupError``).
        ParameterValueError: libvirt can't hold a value (an ``OverflowError``).
        RefusalError: The guarantee can't be promised (``exit_status`` 3), the parameters
            contradict each other (1), or kernel or libvirt did not take them (4).
        ElsewhereError: The guest runs on another host, whose kernel can't be reached.
        XmlresourceError: Configuration or state of the host can't be used.
        OSError: A kernel file can't be read.
    """
    handle = Handle(domain)
    amounts = amounts_of(params)
    sides = sides_of(handle, flags)
    if not amounts:
        return Tuned()
    if LIVE not in sides:
        declare(handle, _changes(handle, sides, amounts), lambda: ())
        return Tuned()
    location = require_location(handle, machine, _command(handle, params, sides))
    asked: Fields = {
        name: amount.value if isinstance(amount, Unlimited) else amount
        for name, amount in amounts.items()
    }
    telling = event_context(machine, "memtune", handle, asked)
    with telling.failures():
        changes = _changes(handle, sides, amounts)
        faults = obstacles(changes[0].document, location.place.controller.version)
        refuse(handle.name, faults, running=True)
        wanted = _wanted(handle, changes[0], amounts, location)
        host = open_host(machine)
        done = put_in_force(host, wanted)
    if done.raised is not None:
        decision = done.raised
        telling.tell(admitted(wanted.guest, decision.demand, telling.operation, sums(decision)))
    with telling.failures(undone=True):
        declare(handle, changes, lambda: take_back(host, wanted, done))
        _settle(handle, changes, host, wanted, done)
    telling.tell(event_of_report(WRITTEN, wanted.guest, telling.operation, done.report))
    return Tuned(done.report)


def _changes(handle: Handle, sides: tuple[int, ...], amounts: Mapping[str, Amount]) -> list[Change]:
    return [change_of(handle.name, read_definition(handle, side), amounts) for side in sides]


def declare(handle: Handle, changes: list[Change], undo: Callable[[], tuple[str, ...]]) -> None:
    """Have libvirt change the definitions, or put everything back.

    Raises:
        RefusalError: libvirt does not.
    """
    told: list[Change] = []
    try:
        for change in changes:
            change.carry_out(handle)
            told.append(change)
    except BaseException as error:
        left = _put_back(handle, told, undo)
        if not isinstance(error, error_type()):
            raise
        raise _rolled_back(handle, error, left) from error


def _settle(
    handle: Handle, changes: list[Change], host: Host, wanted: Wanted, done: InForce
) -> None:
    try:
        settle(host, wanted, done)
    except BaseException:
        _put_back(handle, changes, lambda: take_back(host, wanted, done))
        raise


def _put_back(
    handle: Handle, told: list[Change], undo: Callable[[], tuple[str, ...]]
) -> tuple[str, ...]:
    """Undo all; what could not be, a sentence each."""
    left: list[str] = []
    try:
        left += undo()
    except Exception as error:  # noqa: BLE001 -- the rest is to be put back all the same
        left.append(str(error))
    for change in reversed(told):
        try:
            change.take_back(handle)
        except error_type() as error:
            left.append(str(error))
    return tuple(left)


def _rolled_back(handle: Handle, error: BaseException, left: tuple[str, ...]) -> RefusalError:
    fate = "all is as before" if not left else f"NOT undone: {'; '.join(left)}"
    text = f"{subject(handle.name)}: libvirt did not take it: {error}; {fate}"
    return RefusalError(ExitStatus.ROLLED_BACK, one_line(text))


def _wanted(
    handle: Handle, change: Change, amounts: Mapping[str, Amount], location: GuestLocation
) -> Wanted:
    """The policy to put in force: all that is declared then; what changes is written.

    What stands in ``<memtune>`` libvirt writes when it is told, and on v2 not as we do.
    """
    declared = change.document.policy_in(Form.METADATA, Form.MEMTUNE)
    policy = replace(declared, **amounts)
    changed = frozenset(amounts)
    enforced = changed
    soft = guest_policy(change.document).soft_share
    if location.place.controller.version is Version.V2:
        enforced = (changed | dependents(changed, policy)) - change.before.in_memtune
    elif not policy.guarantee:
        soft = 0
    guest = Guest(
        name=handle.name,
        uuid=canonical_uuid(handle.uuid) or handle.uuid,
        domain=change.document.domain or Domain(),
        policy=GuestPolicy(policy, enforced),
        document=change.document,
    )
    return Wanted(guest, location, changed, change.before.policy, soft)


def _command(handle: Handle, params: Mapping[str, int], sides: tuple[int, ...]) -> str:
    """The command to run on the guest's host, for a shell."""
    words = ["xmlresource", "memtune", handle.name, "--live"]
    words += ["--config"] if CONFIG in sides else []
    for name, kib in params.items():
        words += [f"--{name.replace('_', '-')}", "-1" if kib == UNLIMITED_KIB else str(kib)]
    return one_line(shlex.join(words))
