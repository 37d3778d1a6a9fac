"""The hook's operations: answers to libvirt when it starts, stops or finds a guest.

``migrate`` and ``restore`` decide; ``prepare`` decides and promises; ``started`` writes;
``stopped`` and ``release`` take back; ``reconnect`` takes a guest in that runs already. Each may
come twice, or without those before it: libvirt calls ``stopped`` and ``release`` after a refused
``prepare`` too, and after ``migrate`` and ``restore`` nothing at all where no start follows. In
which order it calls them on which way is recorded in ``fixtures/hook-traces`` and told in
``docs/hook-calls.md``.
"""

from typing import Final

from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.model.events import WARNING
from xmlresource.operations.event_log import event_of_failure, log_event, log_event_on
from xmlresource.operations.guest import Guest, RefusalError, read_guest, subject
from xmlresource.operations.host import Host, open_host
from xmlresource.system.machine import Machine

_COMES: Final = frozenset({"migrate", "restore"})  # or does not: nothing tells of that
# Whatever is answered, the guest goes on: nothing is refused.
_HARMLESS: Final = frozenset({"stopped", "release", "reconnect"})


def answer(
    name: str,
    operation: str,
    xml: bytes,
    caller: int | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> tuple[int, str]:
    """Answer one call of the hook.

    Args:
        name: The guest's name.
        operation: What libvirt does with it.
        xml: Its live definition.
        caller: The pid of the libvirt daemon.
        machine: The machine.

    Returns:
        The exit status and what to say on standard error.
    """
    guest: Guest | None = None
    host: Host | None = None
    try:
        guest = read_guest(name, xml)
        if guest is None:
            return ExitStatus.FINE, ""
        host = open_host(machine)
        _carry_out(operation, guest, caller, host)
    except RefusalError as error:
        refusal = error
    except (XmlresourceError, OSError) as error:
        refusal = RefusalError(ExitStatus.USAGE, f"{subject(name)} refused: {error}")
    else:
        return ExitStatus.FINE, ""
    kind = WARNING if operation in _HARMLESS else None
    event = event_of_failure(refusal, operation, name, "" if guest is None else guest.uuid, kind)
    if host is None:
        log_event_on(machine, event, already_shown=True)
    else:
        log_event(host, event, already_shown=True)
    return refusal.exit_status, f"{refusal}\n"


def _carry_out(operation: str, guest: Guest, caller: int | None, host: Host) -> None:
    if operation == "prepare" or operation in _COMES:
        from xmlresource.operations.promises import prepare  # noqa: PLC0415 -- see below

        if operation in _COMES:
            prepare.decide(host, guest)
        else:
            prepare.prepare(host, guest, caller)
        return
    # A start that is only decided about does not pay for what writes and undoes.
    from xmlresource.operations.guests import lifecycle  # noqa: PLC0415

    if operation == "started":
        lifecycle.started(host, guest)
    elif operation == "reconnect":
        from xmlresource.operations.guests.adoption import reconnect  # noqa: PLC0415 -- as above

        reconnect(host, guest)
    else:
        lifecycle.stopped(host, guest, operation)
