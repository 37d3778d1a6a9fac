"""``xmlresource check``: a bar on a terminal, and in a file the same words without it."""

from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost, domain, guarantee
from xmlresource.cli import check, main
from xmlresource.operations.promises.check import check_all
from xmlresource.system.terminal import screen


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    host = FakeHost(tmp_path / "host", version=2)
    monkeypatch.setattr(check, "check_all", partial(check_all, machine=host.machine))
    path = tmp_path / "db1.xml"
    path.write_bytes(domain("db1", 1, guarantee(1024)).replace(b" id='1'", b""))
    return str(path)


def test_a_bar_shows_where_the_guest_would_go(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", file]) == 0
    plain = capsys.readouterr().out
    monkeypatch.setattr(screen, "is_screen", lambda: True)
    monkeypatch.setattr(screen, "width", lambda: 80)
    assert main(["check", file]) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith(plain)
    bar, legend = drawn.removeprefix(plain).splitlines()
    assert bar.startswith("commitment [")
    assert len(bar) == 80
    assert "host reserve 409.6 MiB" in legend
    assert "db1 1 GiB" in legend
    assert "left 6.6 GiB" in legend


def test_no_bar_in_json(
    file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screen, "is_screen", lambda: True)
    assert main(["check", "--json", file]) == 0
    assert capsys.readouterr().out.endswith("}\n")
