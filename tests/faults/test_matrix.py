"""The fault matrix: nothing that fails, and no kill, breaks a promise.

By default each point meets some of the faults, in turns; with XMLRESOURCE_FULL set every fault at
every point, and ``docs/faults.md`` is written anew where XMLRESOURCE_WRITE_DOCS is set, too.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import matrix, scenes
from tests.faults.points import FAULTS
from tests.faults.scenes import SCENES, Scene
from tests.faults.systemd import answering
from xmlresource.system import guests

FULL = bool(os.environ.get("XMLRESOURCE_FULL"))
PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "<!-- generated: begin -->\n", "<!-- generated: end -->\n"
ROWS: dict[tuple[str, str], matrix.Row] = {}


@pytest.fixture
def folder() -> Iterator[Path]:
    """In memory where that can be, as /run is."""
    memory = Path("/dev/shm")  # noqa: S108 -- TemporaryDirectory makes a folder of its own there
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as made:
        yield Path(made) / "scene"


@pytest.fixture(scope="module", autouse=True)
def booted() -> Iterator[None]:
    """The host was started a minute ago."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(guests, "seconds_since_boot", lambda: 60)
        yield


@pytest.fixture(autouse=True)
def systemd() -> Iterator[None]:
    """Answers where it runs."""
    with answering():
        yield


@pytest.fixture(scope="module")
def rival() -> Iterator[matrix.Rival]:
    process = matrix.Rival()
    yield process
    process.end()


@pytest.mark.parametrize("kind", scenes.KINDS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_nothing_breaks_a_promise(
    folder: Path, scene: Scene, kind: str, rival: matrix.Rival
) -> None:
    row = matrix.run(folder, scene, kind, rival, step=1 if FULL else 5)
    ROWS[scene.name, kind] = row
    assert row.violations == []


@pytest.mark.parametrize("kind", scenes.KINDS)
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_page_tells_as_many_points_as_there_are(folder: Path, scene: Scene, kind: str) -> None:
    if FULL and os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        write_page()
    template = scenes.make(folder / "template", scene, kind)
    points = len(matrix.count(template, scene, folder / "count"))
    assert f"| {scene.name} | {kind} | {points} |" in PAGE.read_text(), (
        "docs/faults.md is stale: run this file with XMLRESOURCE_FULL=1 XMLRESOURCE_WRITE_DOCS=1"
    )


def write_page() -> None:
    """Put what was just run into the page."""
    heads = ("operation", "cgroup", "points", *FAULTS, "runs", "violations")
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for row in ROWS.values():
        tried = [row.runs[fault] for fault in FAULTS]
        cells = (row.scene, row.kind, row.points, *tried, sum(tried), len(row.violations))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    runs = sum(sum(row.runs.values()) for row in ROWS.values())
    violations = sum(len(row.violations) for row in ROWS.values())
    lines += ["", f"{runs:,} runs, {violations} violations."]
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + "\n".join(lines) + "\n" + END + after)
