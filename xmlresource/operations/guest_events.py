"""What to answer when libvirt starts, stops or finds a guest: the hook's operations.

``prepare``, ``migrate`` and ``restore`` decide and promise; ``started`` writes; ``stopped`` and
``release`` take back; ``reconnect`` takes a guest in that runs already. Each may come twice, or
without those before it: libvirt calls ``stopped`` and ``release`` after a refused ``prepare`` too.
"""

from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.guest import Guest, RefusalError, read_guest, subject
from xmlresource.operations.host import open_host
from xmlresource.system import log
from xmlresource.system.machine import Machine

_STARTS: Final = frozenset({"prepare", "migrate", "restore"})


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
    try:
        guest = read_guest(name, xml)
        if guest is None:
            return ExitStatus.FINE, ""
        _carry_out(operation, guest, caller, machine)
    except RefusalError as refusal:
        log.warning(f"{operation}: {refusal}")
        return refusal.exit_status, f"{refusal}\n"
    except (XmlresourceError, OSError) as error:
        text = f"{subject(name)} refused: {error}"
        log.warning(f"{operation}: {text}")
        return ExitStatus.USAGE, f"{text}\n"
    return ExitStatus.FINE, ""


def _carry_out(operation: str, guest: Guest, caller: int | None, machine: Machine) -> None:
    host = open_host(machine)
    if operation in _STARTS:
        from xmlresource.operations.promising import prepare  # noqa: PLC0415 -- see below

        prepare(host, guest, caller)
        return
    # A start that is only decided about does not pay for what writes and undoes.
    from xmlresource.operations import running  # noqa: PLC0415

    if operation == "started":
        running.started(host, guest)
    elif operation == "reconnect":
        running.reconnect(host, guest)
    else:
        running.stopped(host, guest)
