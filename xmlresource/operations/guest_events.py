"""What to answer when libvirt starts, stops or finds a guest: the hook's operations.

``prepare``, ``migrate`` and ``restore`` decide and promise; ``started`` writes; ``stopped`` and
``release`` take back; ``reconnect`` takes a guest in that runs already. Each may come twice, or
without those before it: libvirt calls ``stopped`` and ``release`` after a refused ``prepare`` too.
"""

from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.events import WARNING
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.guest import Guest, RefusalError, read_guest, subject
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.telling import of_failure, tell, tell_of
from xmlresource.system.machine import Machine

_STARTS: Final = frozenset({"prepare", "migrate", "restore"})
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
    event = of_failure(refusal, operation, name, "" if guest is None else guest.uuid, kind)
    if host is None:
        tell_of(machine, event, said=True)
    else:
        tell(host, event, said=True)
    return refusal.exit_status, f"{refusal}\n"


def _carry_out(operation: str, guest: Guest, caller: int | None, host: Host) -> None:
    if operation in _STARTS:
        from xmlresource.operations.promising import prepare  # noqa: PLC0415 -- see below

        prepare(host, guest, caller, operation)
        return
    # A start that is only decided about does not pay for what writes and undoes.
    from xmlresource.operations import running  # noqa: PLC0415

    if operation == "started":
        running.started(host, guest)
    elif operation == "reconnect":
        running.reconnect(host, guest)
    else:
        running.stopped(host, guest, operation)
