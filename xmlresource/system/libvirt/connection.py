"""libvirt, through its own Python binding, for guests that are changed while they run.

Nothing else calls libvirt, and the hook must not: it would wait for the daemon that waits for it.
The binding (``libvirt-python``) is imported when a connection is opened and not before. It has no
types; what is used of it is here, wrapped once. Its errors, ``libvirt.libvirtError``, are let
through: whoever hands us a ``virDomain`` knows them. The commands see :class:`LibvirtError`.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from xmlresource.errors import XmlresourceError
from xmlresource.tunables import NAMESPACE

VirDomain: TypeAlias = Any
"""A ``libvirt.virDomain``."""

CURRENT: Final = 0  # VIR_DOMAIN_AFFECT_CURRENT
LIVE: Final = 1  # VIR_DOMAIN_AFFECT_LIVE
CONFIG: Final = 2  # VIR_DOMAIN_AFFECT_CONFIG

_ELEMENT: Final = 2  # VIR_DOMAIN_METADATA_ELEMENT
_INACTIVE: Final = 2  # VIR_DOMAIN_XML_INACTIVE
_ACTIVE: Final = 1  # VIR_CONNECT_LIST_DOMAINS_ACTIVE
_NO_METADATA: Final = 80  # VIR_ERR_NO_DOMAIN_METADATA
_GONE: Final = frozenset({42, 55})  # VIR_ERR_NO_DOMAIN, VIR_ERR_OPERATION_INVALID
_PREFIX: Final = "xr"

_INSTALL: Final = (
    "this takes libvirt's Python binding: pip install 'xmlresource[libvirt]', or Debian's "
    "python3-libvirt and a virtual environment made with --system-site-packages"
)


class LibvirtError(XmlresourceError):
    """libvirt can't be reached, or does not do what it is asked."""


class Handle:
    """One domain of libvirt's.

    Attributes:
        domain: libvirt's own object.
    """

    def __init__(self, domain: VirDomain) -> None:
        self.domain: Final = domain

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.domain.name())

    @property
    def uuid(self) -> str:
        """Its uuid, as libvirt formats it."""
        return str(self.domain.UUIDString())

    @property
    def driver(self) -> str:
        """``qemu`` or ``lxc``, as libvirt's run folder is called."""
        return str(self.domain.connect().getType()).lower()

    @property
    def remote_host(self) -> str | None:
        """The host that a connection over the network leads to; ``None`` for this one."""
        return urlsplit(str(self.domain.connect().getURI())).hostname

    def is_running(self) -> bool:
        """Whether it runs."""
        return bool(self.domain.isActive())

    def is_persistent(self) -> bool:
        """Whether it has a definition for its next start."""
        return bool(self.domain.isPersistent())

    def parameters(self, flag: int) -> dict[str, int]:
        """Libvirt's own memory parameters, in KiB; refuses a flag that can't be."""
        return dict(self.domain.memoryParameters(flag))

    def set_parameters(self, parameters: Mapping[str, int], flag: int) -> None:
        """Set libvirt's own memory parameters."""
        self.domain.setMemoryParameters(dict(parameters), flag)

    def xml(self, flag: int) -> str:
        """The definition that it runs with, or the persistent one."""
        return str(self.domain.XMLDesc(_INACTIVE if flag == CONFIG else 0))

    def metadata(self, flag: int) -> str | None:
        """Our element, without its namespace; ``None`` where there is none."""
        try:
            return str(self.domain.metadata(_ELEMENT, NAMESPACE, flag))
        except error_type() as error:
            if error.get_error_code() != _NO_METADATA:
                raise
            return None

    def set_metadata(self, element: str | None, flag: int) -> None:
        """Replace our element, given without a namespace; ``None`` takes it out."""
        self.domain.setMetadata(_ELEMENT, element, _PREFIX, NAMESPACE, flag)

    def memory(self) -> tuple[int, int]:
        """The most RAM that the guest may have, and what its balloon leaves it now; in KiB."""
        _, most, now, *_ = self.domain.info()
        return int(most), int(now)

    def set_memory(self, kib: int) -> None:
        """Ask the guest, through its balloon, to make do with so much RAM."""
        self.domain.setMemoryFlags(kib, LIVE)

    def memory_statistics(self) -> dict[str, int]:
        """The statistics of the balloon in KiB, such as ``actual``, ``unused``, ``usable``."""
        return dict(self.domain.memoryStats())

    def report_memory_every(self, seconds: int) -> None:
        """Have the guest, as long as it runs, report the statistics of its balloon so often."""
        self.domain.setMemoryStatsPeriod(seconds, LIVE)


class Hypervisor:
    """The hypervisor at the other end of a connection."""

    def __init__(self, connection: Any) -> None:
        self._connection: Final = connection

    @property
    def hostname(self) -> str:
        """The name of the host, as it calls itself."""
        return str(self._connection.getHostname())

    @property
    def memory(self) -> int:
        """All memory of the host, in bytes."""
        return int(self._connection.getInfo()[1]) << 20

    def running(self) -> tuple[Handle, ...]:
        """All domains that run, in the order of their names."""
        handles = map(Handle, self._connection.listAllDomains(_ACTIVE))
        return tuple(sorted(handles, key=lambda handle: handle.name))

    def guest(self, uuid: str) -> Handle:
        """The domain of that uuid; no other one is looked at, nor waited for.

        Raises:
            libvirtError: There is none.
        """
        return Handle(self._connection.lookupByUUIDString(uuid))

    def is_alive(self) -> bool:
        """Whether the connection stands, as far as this end knows."""
        return bool(self._connection.isAlive())

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def error_type() -> Any:
    """``libvirt.libvirtError``; a type of which there are no errors where it is not loaded."""
    loaded = sys.modules.get("libvirt")
    return LibvirtError if loaded is None else loaded.libvirtError


def connect(uri: str | None) -> Hypervisor:
    """The hypervisor of a connection that stays open; its errors are libvirt's own.

    Args:
        uri: The connection; ``None`` for libvirt's default.

    Raises:
        LibvirtError: There is no binding, or no connection.
    """
    binding = _binding()
    try:
        return Hypervisor(binding.open(uri))
    except binding.libvirtError as error:
        raise LibvirtError(str(error)) from error


def has_ended(error: Any) -> bool:
    """Whether an error of libvirt's says that the domain is gone, or does not run."""
    return error.get_error_code() in _GONE


@contextlib.contextmanager
def opened(uri: str | None, domain: str) -> Iterator[Handle]:
    """A domain by its id, uuid or name, in this order, as virsh looks for it.

    Args:
        uri: The connection; ``None`` for libvirt's default.
        domain: The id, uuid or name.

    Raises:
        LibvirtError: There is no binding, no connection, no such domain; also for every error of
            libvirt's inside the block.
    """
    with _connected(uri) as (binding, connection):
        yield Handle(_found(binding, connection, domain))


@contextlib.contextmanager
def connected(uri: str | None) -> Iterator[Hypervisor]:
    """The hypervisor of a connection.

    Args:
        uri: The connection; ``None`` for libvirt's default.

    Raises:
        LibvirtError: As for :func:`opened`.
    """
    with _connected(uri) as (_, connection):
        yield Hypervisor(connection)


@contextlib.contextmanager
def _connected(uri: str | None) -> Iterator[tuple[Any, Any]]:
    binding = _binding()
    try:
        connection = binding.open(uri)
        try:
            yield binding, connection
        finally:
            connection.close()
    except binding.libvirtError as error:
        raise LibvirtError(str(error)) from error


def _found(binding: Any, connection: Any, domain: str) -> VirDomain:
    ways = [connection.lookupByUUIDString, connection.lookupByName]
    if domain.isascii() and domain.isdigit():
        ways.insert(0, lambda digits: connection.lookupByID(int(digits)))
    for way in ways[:-1]:
        with contextlib.suppress(binding.libvirtError, OverflowError):
            return way(domain)
    return ways[-1](domain)


def _binding() -> Any:
    try:
        binding = import_module("libvirt")
    except ImportError as error:
        raise LibvirtError(f"{_INSTALL} ({error})") from error
    # Otherwise it prints every error by itself.
    binding.registerErrorHandler(lambda *_: None, None)
    return binding
