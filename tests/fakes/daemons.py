"""Libvirt's Python binding with several hosts: guests migrate from daemon to daemon."""

import os
import signal
import time
from types import SimpleNamespace

from tests.fakes.libvirt import FakeLibvirtError

LIVE, PEER2PEER, PERSIST_DEST, UNDEFINE_SOURCE = 1, 2, 8, 16
NO_DOMAIN, OPERATION_INVALID, OPERATION_FAILED, NO_CONNECT = 42, 55, 9, 38
NONE, UNBOUNDED = 0, 2


class Daemons:
    """Hosts by the connection that leads to them, each with the uuids of its guests that run."""

    def __init__(self, **hosts: set[str]) -> None:
        self.hosts = {f"qemu+ssh://{name}/system": there for name, there in hosts.items()}
        self.transient: set[str] = set()
        self.refused_by_hook: set[str] = set()
        self.ending: set[str] = set()
        self.interrupted = False
        self.jobs: dict[str, int] = {}
        self.lost: set[str] = set()
        self.flags: list[int] = []
        self.open_connections = 0

    def module(self) -> SimpleNamespace:
        return SimpleNamespace(
            open=self._open,
            libvirtError=FakeLibvirtError,
            registerErrorHandler=lambda *_: None,
        )

    def _open(self, uri: str) -> "Connection":
        if uri not in self.hosts:
            raise FakeLibvirtError(f"Cannot recv data: no route to {uri}", NO_CONNECT)
        self.open_connections += 1
        return Connection(self, uri)


class Connection:
    def __init__(self, daemons: Daemons, uri: str) -> None:
        self._daemons = daemons
        self._uri = uri

    def lookupByUUIDString(self, uuid: str) -> "Domain":  # noqa: N802
        if uuid not in self._daemons.hosts[self._uri]:
            raise FakeLibvirtError("Domain not found", NO_DOMAIN)
        return Domain(self._daemons, self._uri, uuid)

    def close(self) -> None:
        self._daemons.open_connections -= 1


class Domain:
    def __init__(self, daemons: Daemons, uri: str, uuid: str) -> None:
        self._daemons = daemons
        self._there = daemons.hosts[uri]
        self._uuid = uuid

    def isActive(self) -> bool:  # noqa: N802
        if self._uuid in self._daemons.lost and self._daemons.flags:
            raise FakeLibvirtError("client socket is closed", 38)
        return self._uuid in self._there

    def isPersistent(self) -> bool:  # noqa: N802
        return self._uuid not in self._daemons.transient

    def jobInfo(self) -> list[int]:  # noqa: N802
        """A job ends after some looks, and the guest is away then."""
        left = self._daemons.jobs.get(self._uuid, 0)
        if not left:
            return [NONE] + [0] * 11
        self._daemons.jobs[self._uuid] = left - 1
        if left == 1:
            self._there.discard(self._uuid)
        return [UNBOUNDED] + [0] * 11

    def migrateToURI3(self, target: str, parameters: dict[str, object], flags: int) -> int:  # noqa: N802
        assert parameters == {}
        assert flags & LIVE
        assert flags & PEER2PEER
        self._daemons.flags.append(flags)
        if self._uuid in self._daemons.ending:
            self._there.remove(self._uuid)
            raise FakeLibvirtError("domain is not running", OPERATION_INVALID)
        if target not in self._daemons.hosts:
            raise FakeLibvirtError(f"unable to connect to {target}", OPERATION_FAILED)
        if self._uuid in self._daemons.refused_by_hook:
            raise FakeLibvirtError("Hook script execution failed: refused", OPERATION_FAILED)
        if self._uuid in self._daemons.lost:
            raise FakeLibvirtError("client socket is closed", 38)
        if self._daemons.interrupted:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0.5)
        self._there.remove(self._uuid)
        self._daemons.hosts[target].add(self._uuid)
        return 0
