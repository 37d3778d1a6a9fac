"""Put the policy of a guest that runs in force."""

from xmlresource.cgroup.report import Report
from xmlresource.operations.finding import running_guest
from xmlresource.operations.guest import read_guest
from xmlresource.operations.host import open_host
from xmlresource.operations.running import take_in
from xmlresource.system.machine import Machine


def apply(name: str, machine: Machine = Machine()) -> Report | None:  # noqa: B008 -- immutable
    """Admit a guest that runs, if it was not, and write its policy.

    Returns:
        What became of it; ``None`` for a guest without a policy.

    Raises:
        NotRunningError: No guest of that name runs.
        RefusalError: It can't be admitted, or its policy can't be put in force.
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The book of promises can't be used.
        OSError: A kernel file can't be read.
    """
    running = running_guest(name, machine)
    guest = read_guest(name, running.status)
    return None if guest is None else take_in(open_host(machine), guest, running.process)
