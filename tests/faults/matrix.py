"""Every fault at every call of every scene, each with another guest starting at that moment."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from tests.fakes.host import FakeHost, uuid
from tests.faults import invariants, scenes
from tests.faults.points import FAULTS, KernelFiles, Points, SpoiltMachine, spoilt
from tests.faults.scenes import GUEST, LAST, RIVAL, Scene
from tests.faults.systemd import answering
from xmlresource.system import log


@dataclass
class Row:
    """What became of one scene.

    Attributes:
        scene: Its name.
        kind: The kind of host.
        points: The calls that the operation makes.
        runs: By fault, how often it was tried.
        violations: What did not hold, in words.
    """

    scene: str
    kind: str
    points: int = 0
    runs: dict[str, int] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)


class NotBegunError(Exception):
    """The other guest's start was never answered: the call to be spoilt was not made."""


class Rival:
    """A process that starts another guest when it is told to."""

    def __init__(self) -> None:
        context = get_context("fork")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()

    def start_on(self, host: FakeHost) -> None:
        """Begin."""
        self._pipe.send(str(host.root))

    def status(self) -> int:
        """What the hook answered to it; by then it has begun."""
        if not self._pipe.poll(60):
            raise NotBegunError
        found = self._pipe.recv()
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, int)
        return found

    def end(self) -> None:
        self._pipe.send("")
        self._process.join()


def _serve(pipe: Connection) -> None:
    log.tell = lambda *_, **__: None
    with answering():
        while root := pipe.recv():
            try:
                pipe.send(scenes.call(KernelFiles(root), "prepare", RIVAL))
            except Exception as error:  # noqa: BLE001 -- this scene's fault, not the next one's
                pipe.send(error)


def count(template: FakeHost, scene: Scene, root: Path) -> list[str]:
    """The calls that the operation makes."""
    host = scenes.copy(template, root)
    points = Points()
    with spoilt(points), answering(points):
        machine = SpoiltMachine(str(host.root), points)
        scenes.call(machine, scene.operation, GUEST, scene.asks)
    return points.made


def run(folder: Path, scene: Scene, kind: str, rival: Rival, *, step: int = 1) -> Row:
    """All faults at all points of a scene; with ``step`` every so many of them, in turns."""
    template = scenes.make(folder / "template", scene, kind)
    row = Row(scene.name, kind)
    row.points = len(count(template, scene, folder / "count"))
    for turn, fault in enumerate(FAULTS):
        for at in range(1 + turn % step, row.points + 1, step):
            row.runs[fault] = row.runs.get(fault, 0) + 1
            host = scenes.copy(template, folder / "host")
            try:
                found = _spoilt_once(host, scene, (fault, at), rival)
            except NotBegunError:
                # Seen once in 20,000 runs, on an overloaded machine: a second time counts.
                shutil.rmtree(host.root)
                host = scenes.copy(template, folder / "host")
                rival = Rival()
                found = _spoilt_once(host, scene, (fault, at), rival)
            row.violations += [
                f"{scene.name}, {kind}, {fault} at {at}: {violation}" for violation in found
            ]
            host.root.rename(folder / "done")
            shutil.rmtree(folder / "done")
    return row


def _spoilt_once(
    host: FakeHost, scene: Scene, spoilt_at: tuple[str, int], rival: Rival
) -> list[str]:
    """What did not hold; raises NotBegunError."""
    points = Points(*spoilt_at, lambda: rival.start_on(host))
    return list(_one(host, scene, points, rival))


def _one(host: FakeHost, scene: Scene, points: Points, rival: Rival) -> Iterator[str]:
    status = _spoil(host, scene, points)
    taken = rival.status()
    yield from invariants.right_after(host, damaged="damaged" in scene.name)
    yield from _promised(host, scene, status, taken)
    # Every other time libvirt's daemon is killed together with its hook.
    if (points.at + FAULTS.index(points.fault)) % 2:
        scenes.go_on(host, scene, status)
    else:
        scenes.come_back(host)
    scenes.call(host.machine, "prepare", LAST)
    yield from invariants.in_the_end(host)


def _promised(host: FakeHost, scene: Scene, status: int, taken: int) -> Iterator[str]:
    """Who was told to start has a promise, and not both can have been."""
    if scene.operation == "prepare" and not status:
        if not taken:
            yield "both guests were let start, and only one fits"
        if scenes.ledger(host).get(("qemu", uuid(GUEST[1]))) is None:
            yield "let start without a promise"
    if not taken and scenes.ledger(host).get(("qemu", uuid(RIVAL[1]))) is None:
        yield "the other guest's promise was lost"


def _spoil(host: FakeHost, scene: Scene, points: Points) -> int:
    """Answer libvirt; what it sees of the hook's end."""

    def answer() -> int:
        with spoilt(points), answering(points):
            machine = SpoiltMachine(str(host.root), points)
            return scenes.call(machine, scene.operation, GUEST, scene.asks)

    if points.fault.startswith("kill"):
        return _in_child(answer)
    status = answer()
    return 0 if scene.operation == "reconnect" else status  # hook.main sees to that


def _in_child(answer: Callable[[], int]) -> int:
    child = os.fork()
    if not child:
        status = 1
        try:
            status = answer()
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)
