"""Guests are moved by the libvirt daemons of their hosts."""

from typing import Final

from xmlresource.live.drain.moving import GuestGoneError, MoveError
from xmlresource.promises.promise import Key
from xmlresource.system.libvirt import migration
from xmlresource.system.libvirt.connection import Hypervisor, LibvirtError, connect, error_type

USUAL_URI: Final = "{driver}+ssh://{host}/system"


class LibvirtMover:
    """Moves guests by live migration, from daemon to daemon."""

    def __init__(self, uri: str = USUAL_URI) -> None:
        """Say how daemons are reached.

        Args:
            uri: The connection to a host, from here and from the other hosts, with ``{host}`` and
                ``{driver}`` in it.
        """
        self._uri: Final = uri

    def move(self, key: Key, source: str, target: str) -> None:
        """Move a guest; where a move of it is under way, wait for its end first.

        Raises:
            GuestGoneError: It does not run at the source.
            MoveError: It could not be moved.
        """
        driver, uuid = key
        try:
            hypervisor = connect(self._of(source, driver))
        except LibvirtError as error:
            raise MoveError(f"{source}: {error}") from error
        try:
            migration.wait_for_job(hypervisor, uuid)
            if migration.runs(hypervisor, uuid):
                migration.migrate(hypervisor, uuid, self._of(target, driver))
                return
        except error_type() as error:
            if self._is_there(hypervisor, uuid):
                raise MoveError(str(error)) from error
        finally:
            hypervisor.close()
        raise GuestGoneError(f"it does not run on {source} any more")

    def _is_there(self, hypervisor: Hypervisor, uuid: str) -> bool:
        """Whether the guest runs at the source; so it is taken to, where nobody tells."""
        try:
            return migration.runs(hypervisor, uuid)
        except error_type():
            return True

    def _of(self, host: str, driver: str) -> str:
        return self._uri.replace("{host}", host).replace("{driver}", driver)
