"""A process that runs the scenes of the matrix, and no more.

Where a fault is a kill, each run forks. The process of the other tests is large by then, and to
copy its page tables takes longer than the run.
"""

from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from tests.faults.matrix import Rival, Row, run
from tests.faults.scenes import SCENES
from tests.faults.systemd import answering
from xmlresource.system.libvirt import guests


class MatrixProcess:
    """Begun anew, with nothing of this process in it."""

    def __init__(self) -> None:
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,))
        self._process.start()
        theirs.close()

    def run(self, folder: Path, scene: str, kind: str, step: int) -> Row:
        """A scene in a folder; raises what it raised."""
        self._pipe.send((folder, scene, kind, step))
        found = self._pipe.recv()
        if isinstance(found, Exception):
            raise found
        assert isinstance(found, Row)
        return found

    def end(self) -> None:
        self._pipe.close()
        self._process.join()


def _serve(pipe: Connection) -> None:
    by_name = {scene.name: scene for scene in SCENES}
    with pytest.MonkeyPatch.context() as patch, answering():
        # The host was started a minute ago.
        patch.setattr(guests, "seconds_since_boot", lambda: 60)
        rival = Rival()
        while True:
            try:
                folder, scene, kind, step = pipe.recv()
            except EOFError:
                break
            try:
                pipe.send(run(folder, by_name[scene], kind, rival, step=step))
            except Exception as error:  # noqa: BLE001 -- the one who asked raises it
                pipe.send(error)
        rival.end()
