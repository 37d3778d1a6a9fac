"""The progress bar: on a terminal, and only where a run is long."""

import io
import sys

import pytest

from xmlresource.system.terminal import progress
from xmlresource.system.terminal.progress import ProgressBar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(progress, "monotonic", lambda: now[0])
    return now


def test_a_long_run_on_a_terminal_shows_a_bar_and_wipes_it(
    monkeypatch: pytest.MonkeyPatch, clock: list[float]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with ProgressBar() as tell:
        tell(1, 4)
        assert terminal.getvalue() == ""
        clock[0] += 1
        tell(2, 4)
        tell(3, 4)
        assert terminal.getvalue() == f"\r[{'#' * 15}{' ' * 15}] 2 of 4 files"
    assert terminal.getvalue().endswith("\r\x1b[K")


def test_elsewhere_it_is_silent(monkeypatch: pytest.MonkeyPatch, clock: list[float]) -> None:
    file = io.StringIO()
    monkeypatch.setattr(sys, "stderr", file)
    with ProgressBar() as tell:
        clock[0] += 100
        tell(2, 4)
    assert file.getvalue() == ""
