"""The fault matrix: nothing that fails, and no kill, breaks a promise.

By default each point meets some of the faults, in turns; with XMLRESOURCE_FULL set every fault at
every point.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import scenes
from tests.faults.matrix_process import MatrixProcess
from tests.faults.scenes import SCENES, Scene

FULL = bool(os.environ.get("XMLRESOURCE_FULL"))


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be, as /run is."""
    memory = Path("/dev/shm")  # noqa: S108 -- TemporaryDirectory makes a folder of its own there
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made) / "scene"


@pytest.fixture(scope="module")
def process() -> Iterator[MatrixProcess]:
    begun = MatrixProcess()
    yield begun
    begun.end()


@pytest.mark.parametrize("kind", scenes.KINDS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_nothing_breaks_a_promise(
    folder: Path, scene: Scene, kind: str, process: MatrixProcess
) -> None:
    row = process.run(folder, scene.name, kind, 1 if FULL else 5)
    assert row.points > 0
    assert row.violations == []
