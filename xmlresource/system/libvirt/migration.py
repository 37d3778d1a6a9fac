"""Live migration by libvirt: a guest goes from one host to another with its definition."""

import time
from typing import Any, Final

from xmlresource.system.libvirt.connection import Hypervisor, error_type, has_ended

_LIVE: Final = 1  # VIR_MIGRATE_LIVE
_PEER2PEER: Final = 2  # VIR_MIGRATE_PEER2PEER: the source's daemon goes on when we are gone
_PERSIST_DEST: Final = 8  # VIR_MIGRATE_PERSIST_DEST
_UNDEFINE_SOURCE: Final = 16  # VIR_MIGRATE_UNDEFINE_SOURCE
_NO_JOB: Final = frozenset({0, 3, 4, 5})  # none; completed, failed, cancelled
_LOOKS: Final = 1.0


def runs(hypervisor: Hypervisor, uuid: str) -> bool:
    """Whether a guest runs there.

    Raises:
        libvirtError: libvirt does not tell.
    """
    return _found(hypervisor, uuid) is not None


def wait_for_job(hypervisor: Hypervisor, uuid: str) -> None:
    """Wait until nothing goes on with a guest that takes long, such as a migration.

    Raises:
        libvirtError: libvirt does not tell.
    """
    while (domain := _found(hypervisor, uuid)) is not None and domain.jobInfo()[0] not in _NO_JOB:
        time.sleep(_LOOKS)


def migrate(hypervisor: Hypervisor, uuid: str, target: str) -> None:
    """Move a guest that runs; the daemons talk to each other.

    Args:
        hypervisor: The source.
        uuid: The guest.
        target: The connection of the target, as the source sees it.

    Raises:
        libvirtError: It does not run there, or could not be moved; then it runs where it ran.
    """
    handle = hypervisor.guest(uuid)
    flags = _LIVE | _PEER2PEER
    if handle.is_persistent():
        flags |= _PERSIST_DEST | _UNDEFINE_SOURCE
    handle.domain.migrateToURI3(target, {}, flags)


def _found(hypervisor: Hypervisor, uuid: str) -> Any:
    """The domain of a guest that runs; ``None`` where it does not."""
    try:
        handle = hypervisor.guest(uuid)
        return handle.domain if handle.is_running() else None
    except error_type() as error:
        if has_ended(error):
            return None
        raise
