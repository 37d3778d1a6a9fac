"""The files of the units that publish; systemd itself is asked in the test machine."""

import configparser
from pathlib import Path

import pytest

from xmlresource.cli import main
from xmlresource.operations.fleet import publication
from xmlresource.system.machine import Machine
from xmlresource.system.state.private_folder import LEDGER
from xmlresource.system.state.state_folder import FOLDER as STATE
from xmlresource.system.systemd import fleet_units

FOLDER = "etc/systemd/system"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(fleet_units, "systemctl", lambda _, *words: calls.append(words))
    return calls


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / FOLDER).mkdir(parents=True)
    return Machine(str(tmp_path))


def test_they_are_installed_and_removed(
    machine: Machine, tmp_path: Path, told: list[tuple[str, ...]]
) -> None:
    publication.install(machine, "/usr/bin/python3")
    assert told == [
        ("daemon-reload",),
        ("enable", "--now", "xmlresource-fleet.timer", "xmlresource-fleet.path"),
    ]
    names = sorted(path.name for path in (tmp_path / FOLDER).iterdir())
    assert names == [f"xmlresource-fleet.{kind}" for kind in ("path", "service", "timer")]
    for name in names:
        parser = configparser.ConfigParser(strict=True)
        parser.read(tmp_path / FOLDER / name)
        assert "Unit" in parser
    told.clear()
    assert publication.uninstall(machine)
    assert told[0][:2] == ("disable", "--now")
    assert list((tmp_path / FOLDER).iterdir()) == []
    assert not publication.uninstall(machine)


def test_the_service_runs_a_command_that_there_is(
    machine: Machine, tmp_path: Path, told: list[tuple[str, ...]]
) -> None:
    publication.install(machine, "/opt/a b/python3")
    assert told
    service = (tmp_path / FOLDER / "xmlresource-fleet.service").read_text()
    (line,) = [each for each in service.splitlines() if each.startswith("ExecStart=")]
    assert line == 'ExecStart="/opt/a b/python3" -I -m xmlresource fleet publish --quiet'
    with pytest.raises(SystemExit) as caught:
        main(["fleet", "publish", "--quiet", "--help"])
    assert caught.value.code == 0


def test_the_ledger_is_what_is_watched(
    machine: Machine, tmp_path: Path, told: list[tuple[str, ...]]
) -> None:
    publication.install(machine, "/usr/bin/python3")
    assert told
    unit = (tmp_path / FOLDER / "xmlresource-fleet.path").read_text()
    assert f"PathChanged={STATE}/{LEDGER}\n" in unit
