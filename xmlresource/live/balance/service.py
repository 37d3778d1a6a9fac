"""``balance``: a service that sleeps until memory is short, and then moves it among guests.

It sleeps until the kernel tells of stalls (PSI), a start asks for room, or a look is due. While
RAM is taken from a guest, looks are due often: that the guest wants it back, nobody but its balloon
tells. Without PSI they are due more often, too. All that it knows it reads from the machine again
when it begins anew.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final, NoReturn, Self

from xmlresource.configuration.balance_settings import Mode
from xmlresource.errors import XmlresourceError
from xmlresource.live.balance.balancer import Balancer, RoundResult
from xmlresource.live.balance.balloons import Balloons
from xmlresource.live.balance.host_watch import host_memory, settings_of
from xmlresource.live.balance.once_told import OPERATION, OnceTold
from xmlresource.live.balance.waiting_starts import WaitingStarts
from xmlresource.model.events import REPAIRED, WARNING, Event
from xmlresource.operations.event_log import log_event
from xmlresource.operations.host import Host, open_host, state_of
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.system.cgroups import press_records
from xmlresource.system.cgroups.pressure import now
from xmlresource.system.cgroups.pressure_triggers import Sleeper, Triggers
from xmlresource.system.machine import Machine
from xmlresource.system.state.room_server import InstanceLock, RoomServer
from xmlresource.system.terminal.signals import interruptible

WATCHFUL: Final = 5.0
"""Seconds between looks while RAM is taken and nothing moves."""

WITHOUT_PSI: Final = 5.0
"""Seconds between looks at the host, at most, where the kernel does not tell of stalls."""

_WAITED_FOR: Final = 0.25
"""Seconds between looks at the host's room while a start waits for it."""


def run_service(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    uri: str | None = None,
) -> None:
    """Run the service until a signal ends it.

    Args:
        machine: The machine.
        uri: The connection to libvirt; ``None`` for its default.

    Raises:
        SecondInstanceError: One runs already.
        ConfigurationError: The host's configuration can't be used.
        StateError: The state folder can't be used.
        OSError: The lock can't be made.
    """
    with (
        contextlib.suppress(KeyboardInterrupt),
        interruptible(),
        only_instance(machine),
        Service(machine, Balloons(uri)) as service,
    ):
        service.run()


@contextlib.contextmanager
def only_instance(machine: Machine) -> Iterator[None]:
    """Be the only one that balances this machine, while the block lasts.

    Raises:
        SecondInstanceError: Another process does.
        StateError: The state folder can't be used.
        OSError: The lock can't be made.
    """
    lock = InstanceLock(state_of(machine))
    try:
        yield
    finally:
        lock.close()


class Service:
    """The service's loop.

    Attributes:
        rounds: How often it has looked.
    """

    def __init__(self, machine: Machine, balloons: Balloons) -> None:
        """Read the settings.

        Raises:
            ConfigurationError: They can't be used.
        """
        self._machine: Final = machine
        self._balloons: Final = balloons
        self._told: Final = OnceTold(machine)
        self._balancer: Final = Balancer(machine, balloons, self._told)
        self._sleeper: Final = Sleeper()
        self._triggers: Final = Triggers(machine, self._sleeper)
        self._starts: Final = WaitingStarts()
        self._host: Host = open_host(machine)
        self._server: RoomServer | None = None
        self._looked = float("-inf")
        self._due = now()
        self._stalled = False
        self.rounds = 0

    def __enter__(self) -> Self:
        """Begin: put back what one that was killed left, listen, and be told of stalls."""
        self._put_back()
        self._listen()
        self._balancer.begin()
        return self

    def __exit__(self, *_: object) -> None:
        """End: nobody who waits is told anything, and no socket is left."""
        if self._server is not None:
            self._stop_listening(self._server)
        self._sleeper.close()
        self._balloons.close()

    def run(self) -> NoReturn:
        """Sleep and look, until an exception ends it, as signals raise one."""
        while True:
            self.step()

    def step(self) -> None:
        """Sleep until there is something to do, and do it."""
        seconds = max(0.0, self._due - now())
        self._hear(self._sleeper.sleep(min(seconds, _WAITED_FOR) if self._starts else seconds))
        if now() >= self._due:
            self._look()
        elif self._starts:
            self._see_to_starts()

    def _hear(self, told: Mapping[int, bool]) -> None:
        """Take in what woke it up."""
        server = self._server
        for descriptor, is_broken in told.items():
            if self._triggers.includes(descriptor):
                self._hear_trigger(descriptor, is_broken=is_broken)
            elif server is not None and descriptor == server.descriptor:
                client = server.accept()
                if client is not None:
                    self._sleeper.watch(client)
            elif server is not None and server.is_client(descriptor):
                self._hear_start(server, descriptor)

    def _hear_trigger(self, descriptor: int, *, is_broken: bool) -> None:
        if is_broken:
            self._triggers.drop(descriptor)
        else:
            self._stalled = True
            self._bring_forward()

    def _hear_start(self, server: RoomServer, descriptor: int) -> None:
        request = server.read(descriptor)
        self._starts.remove(descriptor)
        if request is None:  # it has gone, or says what nobody understands
            self._let_go(descriptor)
        else:
            self._starts.add(descriptor, request, now())
            self._bring_forward()

    def _bring_forward(self) -> None:
        """Look soon, but no sooner than an interval after the last look."""
        self._due = min(self._due, self._looked + settings_of(self._host).interval)

    def _look(self) -> None:
        """Do a round, and see when the next one is due."""
        self._read_settings()
        self._listen()
        self._looked = now()
        self.rounds += 1
        stalled, self._stalled = self._stalled, False
        result = None
        try:
            asked = self._starts.asked(self._looked)
            result = self._balancer.round(self._host, asked, stalled=stalled)
        except (XmlresourceError, OSError, ValueError) as error:
            # A ValueError is a kernel file that makes no sense.
            self._told.fault("round", f"nothing is moved: {error}")
        else:
            self._told.fault("round", None)
            self._triggers.watch(result.pressure_files)
            self._answer(result.memory.room, result.sparable)
        self._due = self._looked + self._pause(result)

    def _pause(self, result: RoundResult | None) -> float:
        """Seconds from this look to the next."""
        settings = settings_of(self._host)
        if settings.mode is Mode.OFF:
            return settings.slow_interval
        if result is not None and (result.decision.soon or self._starts):
            return settings.interval
        if result is not None and result.lacking:
            return max(settings.interval, WATCHFUL)
        if result is not None and self._triggers.host_is_watched:
            return settings.slow_interval
        return min(settings.slow_interval, WITHOUT_PSI)

    def _see_to_starts(self) -> None:
        """Answer those for which there is room by now; whatever is wrong, the next look tells."""
        with contextlib.suppress(XmlresourceError, OSError):
            promises = current_promises(self._machine, self._host.state)
            self._answer(host_memory(self._host, promises).room, None)

    def _answer(self, room: int, sparable: int | None) -> None:
        """Tell starts that there is room, or that there can't be.

        Args:
            room: What there is beside all promises.
            sparable: What guests could give; ``None`` where that is not known.
        """
        for descriptor in self._starts.served(room, now()):
            self._tell_start(descriptor, enough=True)
        if sparable is not None:
            for descriptor in self._starts.hopeless(room, sparable, now()):
                self._tell_start(descriptor, enough=False)

    def _tell_start(self, descriptor: int, *, enough: bool) -> None:
        if self._server is not None:
            self._server.answer(descriptor, enough=enough)
        self._let_go(descriptor)

    def _let_go(self, descriptor: int) -> None:
        """Have no more to do with a start."""
        if self._server is not None:
            self._server.forget(descriptor)
        self._sleeper.forget(descriptor)

    def _read_settings(self) -> None:
        """Have the settings as they are now; the ones before where they can't be used."""
        try:
            self._host = open_host(self._machine)
        except XmlresourceError as error:
            self._told.fault("settings", f"the settings of before still hold: {error}")
        else:
            self._told.fault("settings", None)

    def _listen(self) -> None:
        """Have a socket for starts, also where somebody removed it."""
        if self._server is not None:
            if self._server.stands():
                return
            self._stop_listening(self._server)
        try:
            self._server = RoomServer(self._host.state)
        except (XmlresourceError, OSError) as error:
            self._told.fault("socket", f"starts can't ask for room: {error}")
        else:
            self._sleeper.watch(self._server.descriptor)
            self._told.fault("socket", None)

    def _stop_listening(self, server: RoomServer) -> None:
        for descriptor in server.clients:
            self._starts.remove(descriptor)
            self._let_go(descriptor)
        self._sleeper.unwatch(server.descriptor)
        server.close()
        self._server = None

    def _put_back(self) -> None:
        """Put back what a killed one left in kernel files while it pressed."""
        try:
            for each, error in press_records.put_back(self._machine, self._host.state):
                done = "put back" if error is None else f"can't be put back: {error}"
                kind = REPAIRED if error is None else WARNING
                log_event(self._host, Event(kind, f"{each.describe()}; {done}", OPERATION))
        except (XmlresourceError, OSError) as error:
            self._told.fault("left over", f"what a killed reclaim left can't be seen: {error}")
