"""``memtune``: a guest's memory parameters, by its name."""

from collections.abc import Mapping

from xmlresource.live.parameters.current_parameters import get_memory_parameters
from xmlresource.live.parameters.parameter_change import Tuned, set_memory_parameters
from xmlresource.record import record
from xmlresource.system.libvirt.connection import CURRENT, opened
from xmlresource.system.machine import Machine


@record
class Memtune:
    """The result of ``memtune``: exactly one of the two fields is there.

    Attributes:
        parameters: KiB by name, in the order in which they are shown.
        tuned: What became of a change.
    """

    parameters: Mapping[str, int] | None = None
    tuned: Tuned | None = None


def memtune(
    domain: str,
    params: Mapping[str, int],
    flags: int = CURRENT,
    uri: str | None = None,
    machine: Machine = Machine(),  # noqa: B008 -- immutable
) -> Memtune:
    """Read a guest's memory parameters, or give it new ones.

    Args:
        domain: Its name, uuid or id.
        params: The new ones, in KiB by name; none to read.
        flags: ``CURRENT``, ``LIVE``, ``CONFIG``, or both of these to change both.
        uri: The connection to libvirt; ``None`` for its default.
        machine: The machine.

    Raises:
        LibvirtError: libvirt can't be reached or refuses.
        XmlresourceError: As ``set_memory_parameters``.
        OSError: A kernel file can't be read.
    """
    with opened(uri, domain) as handle:
        if params:
            tuned = set_memory_parameters(handle.domain, params, flags, machine)
            return Memtune(tuned=tuned)
        return Memtune(parameters=get_memory_parameters(handle.domain, flags, machine))
