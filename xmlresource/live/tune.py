"""Give a guest other limits and shares of CPU time and IO: now, at its next start, or both.

What is guaranteed is not changed while a guest runs: that takes a decision about all guests, which
``apply`` makes of what the live definition declares.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.document.editing import assign
from xmlresource.errors import ExitStatus
from xmlresource.formats.quantity_names import QuantityName, parse_quantity_name
from xmlresource.live.event_context import event_context
from xmlresource.live.guest_location import require_location, sides_of
from xmlresource.live.parameters.definitions import (
    Change,
    element_declaring,
    read_definition,
    refuse,
)
from xmlresource.live.parameters.live_enforcement import undoing
from xmlresource.live.parameters.parameter_change import Tuned, declare
from xmlresource.model.domain import Domain
from xmlresource.model.events import WRITTEN, Fields
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import policies_of
from xmlresource.operations.event_log import event_of_report
from xmlresource.operations.guest import Guest, RefusalError, subject
from xmlresource.operations.guest_policy import GuestPolicy, obstacles
from xmlresource.operations.guests.enforcement import carry_out, enforce, with_disks
from xmlresource.operations.host import open_host
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.rules import errors
from xmlresource.system.libvirt.connection import CONFIG, CURRENT, LIVE, Handle, opened
from xmlresource.system.machine import Machine
from xmlresource.tunables import Form, Kind
from xmlresource.units import UNLIMITED, Amount, Unlimited

USUAL_SHARE: Final = 100
_OPERATION: Final = "tune"


def tune(
    domain: str,
    changes: Mapping[str, Amount | None],
    flags: int = CURRENT,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> Tuned:
    """Give a guest other limits and shares of CPU time and IO; the others stay as they are.

    Live ones are written to the kernel, read back, and declared in the live definition. Whatever
    fails, all is put back.

    Args:
        domain: Its name, uuid or id.
        changes: The new amounts by tunable: ``cpu_share``, ``vda.iops_hard_limit.read``. ``None``
            takes a tunable out.
        flags: ``CURRENT``, ``LIVE``, ``CONFIG``, or both of these to change both.
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        EditError: No document can hold an amount.
        RefusalError: A tunable is none of these or can't be changed while the guest runs, the
            definition would have errors, or kernel or libvirt did not take it.
        ElsewhereError: The guest runs on another host, whose kernel can't be reached.
        XmlresourceError: Configuration or state of the host can't be used.
        OSError: A kernel file can't be read.
    """
    with opened(uri, domain) as handle:
        return _tuned(handle, changes, flags, machine)


def _tuned(
    handle: Handle, changes: Mapping[str, Amount | None], flags: int, machine: Machine
) -> Tuned:
    named = {_named(handle, name): amount for name, amount in changes.items()}
    sides = sides_of(handle, flags)
    if LIVE not in sides:
        declare(handle, _definitions(handle, sides, changes), lambda: ())
        return Tuned()
    words = " ".join(f"{name}=…" for name in changes)
    command = f"xmlresource tune {handle.name} {words} --live"
    location = require_location(handle, machine, command)
    telling = event_context(machine, _OPERATION, handle, _figures(changes))
    with telling.failures():
        definitions = _definitions(handle, sides, changes)
        live = definitions[0]
        faults = obstacles(live.document, location.place.controller.version)
        refuse(handle.name, faults, running=True)
        guest = with_disks(machine, _guest(handle, live, named))
        host = open_host(machine)
        report = enforce(host, guest, location.process.pid, None, ExitStatus.FINDINGS)

    def undo() -> tuple[str, ...]:
        writes = [done.write for done in report.applied]
        back = carry_out(machine, undoing(report.plan, writes))
        return () if back.ok else (back.describe(),)

    with telling.failures(undone=True):
        declare(handle, definitions, undo)
    telling.tell(event_of_report(WRITTEN, guest, _OPERATION, report))
    return Tuned(report)


def _named(handle: Handle, name: str) -> QuantityName:
    found = parse_quantity_name(name)
    if found is None:
        text = f"{subject(handle.name)}: there is no tunable {name!r} of CPU time or IO"
        raise RefusalError(ExitStatus.USAGE, text)
    return found


def _figures(changes: Mapping[str, Amount | None]) -> Fields:
    """What was asked for, as the history has it."""
    return {
        name: amount.value if isinstance(amount, Unlimited) else amount or 0
        for name, amount in changes.items()
    }


def _definitions(
    handle: Handle, sides: tuple[int, ...], changes: Mapping[str, Amount | None]
) -> list[Change]:
    """The definitions that are to change, before and after."""
    made = []
    for side in sides:
        before = read_definition(handle, side)
        document = assign(before.document, changes, Form.METADATA).document
        refuse(handle.name, errors(document), running=side != CONFIG)
        metadata = element_declaring(before.metadata, changes)
        made.append(Change(before, document, metadata, {}, {}))
    return made


def _guest(handle: Handle, live: Change, named: Mapping[QuantityName, Amount | None]) -> Guest:
    """The guest with a policy of what changes alone: what is taken out goes back to the usual.

    Raises:
        RefusalError: It can't be changed while the guest runs.
    """
    declared = live.document.cpu_policy_in(Form.METADATA)
    wanted: dict[QuantityName, Amount] = {}
    for name, amount in named.items():
        kind = name.tunable.kind
        weighs_cpu = kind is Kind.WEIGHT and not name.tunable.name.startswith("io_")
        if kind is Kind.GUARANTEE or (weighs_cpu and declared.is_guaranteed):
            text = (
                f"{subject(handle.name)}: {name} is decided about when the guest starts; change it "
                "with --config"
            )
            raise RefusalError(ExitStatus.FINDINGS, text)
        usual: Amount = USUAL_SHARE if kind is Kind.WEIGHT else UNLIMITED
        wanted[name] = usual if amount is None else amount
    cpu, io = policies_of(wanted)
    return Guest(
        name=handle.name,
        uuid=canonical_uuid(handle.uuid) or handle.uuid,
        domain=live.document.domain or Domain(),
        policy=GuestPolicy(MemoryPolicy(), frozenset(), cpu or None, io or None),
        document=live.document,
    )
