"""The balloons of running guests, through libvirt: what they report, and what they are asked.

The connection stays open, and is opened anew where it breaks, as when the daemon restarts. Every
call has a deadline, and asks about one guest alone: libvirt is busy with a guest whose hook waits
for the service that asks.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from xmlresource.system.libvirt.connection import (
    Handle,
    Hypervisor,
    LibvirtError,
    connect,
    error_type,
    has_ended,
)
from xmlresource.system.libvirt.patient_calls import NoAnswerError, PatientCaller

DEADLINE: Final = 5.0
"""Seconds to wait for an answer of libvirt's."""

_LIBVIRT: Final = "libvirt"

_Result = TypeVar("_Result")


class EndedError(Exception):
    """The guest does not run any more."""


class MovedError(Exception):
    """The balloon is not where it was when it was decided to move it."""


class Balloons:
    """The balloons of the guests of one connection."""

    def __init__(
        self,
        uri: str | None = None,
        deadline: float = DEADLINE,
        caller: PatientCaller | None = None,
    ) -> None:
        self._uri: Final = uri
        self._deadline: Final = deadline
        self._caller: Final = caller or PatientCaller()
        self._hypervisor: Hypervisor | None = None

    @property
    def hanging(self) -> frozenset[str]:
        """The uuids of guests about which libvirt has not answered yet."""
        return self._caller.hanging

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection, as far as the last call found."""
        return self._hypervisor is not None

    def statistics(self, uuid: str) -> Mapping[str, int]:
        """The statistics of a guest's balloon, as libvirt has them.

        Raises:
            EndedError: The guest does not run.
            NoAnswerError: libvirt does not answer in time.
            LibvirtError: libvirt can't be reached, or does not tell.
        """
        return self._about(uuid, Handle.memory_statistics)

    def move(self, uuid: str, expected: int, kib: int) -> None:
        """Ask a guest to make do with so much RAM, if its balloon still leaves it what is expected.

        Args:
            uuid: The guest.
            expected: What its balloon left it when this was decided, in KiB.
            kib: What it is to leave it.

        Raises:
            MovedError: It leaves it something else by now.
            EndedError: The guest does not run.
            NoAnswerError: libvirt does not answer in time. It may do so still.
            LibvirtError: libvirt can't be reached, or does not ask the guest.
        """

        def ask(handle: Handle) -> None:
            # From an old size, a step down may take far more than was decided on.
            if handle.memory_statistics().get("actual") != expected:
                raise MovedError
            handle.set_memory(kib)

        self._about(uuid, ask)

    def report_every(self, uuid: str, seconds: int) -> None:
        """Have a guest report its statistics so often.

        Raises:
            EndedError: The guest does not run.
            NoAnswerError: libvirt does not answer in time.
            LibvirtError: libvirt can't be reached, or the guest has no balloon.
        """
        self._about(uuid, lambda handle: handle.report_memory_every(seconds))

    def close(self) -> None:
        """Close the connection, unless it hangs."""
        hypervisor, self._hypervisor = self._hypervisor, None
        if hypervisor is not None and not self.hanging:
            try:
                self._caller.call(_LIBVIRT, hypervisor.close, self._deadline)
            except (NoAnswerError, error_type()):
                pass
        self._caller.close()

    def _about(self, uuid: str, ask: Callable[[Handle], _Result]) -> _Result:
        """What libvirt says about one guest."""
        hypervisor = self._connected()
        try:
            return self._caller.call(uuid, lambda: ask(hypervisor.guest(uuid)), self._deadline)
        except error_type() as error:
            if not self._stands(hypervisor):
                self._hypervisor = None
            elif has_ended(error):
                raise EndedError(str(error)) from error
            raise LibvirtError(str(error)) from error

    def _connected(self) -> Hypervisor:
        if self._hypervisor is None:
            self._hypervisor = self._caller.call(
                _LIBVIRT, lambda: connect(self._uri), self._deadline
            )
        return self._hypervisor

    def _stands(self, hypervisor: Hypervisor) -> bool:
        try:
            return self._caller.call(_LIBVIRT, hypervisor.is_alive, self._deadline)
        except (NoAnswerError, error_type()):
            return False
