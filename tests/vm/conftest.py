"""Fixtures of the tests in the test machine, which never run anywhere else."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.harness.commands import must, wait_for

from . import world
from .world import Guest

HERE = Path(__file__).parent
IN_MACHINE = Path("/usr/local/sbin/xmlresource-test").exists()

NewGuest = Callable[..., Guest]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "v1: about the v1 memory controller under systemd")
    config.addinivalue_line("markers", "every: about v1 and v2")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave all of these out elsewhere, and those of the other controller in the machine."""
    ours = [item for item in items if HERE in item.path.parents]
    unwanted = [item for item in ours if not (IN_MACHINE and concerns_this_controller(item))]
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]


def concerns_this_controller(item: pytest.Item) -> bool:
    if item.get_closest_marker("every"):
        return True
    return bool(item.get_closest_marker("v1")) is world.V1


@pytest.fixture(scope="session", autouse=True)
def _hook() -> None:
    must(world.xmlresource("hook", "install"))
    world.make_container_root()
    world.systemctl("start", "machine.slice")


@pytest.fixture
def new_guest() -> Iterator[NewGuest]:
    """Makes guests; whatever becomes of them, they are gone afterwards, and nothing is left."""
    made: list[Guest] = []

    def make(*words: str, **more: object) -> Guest:
        made.append(Guest(*words, **more))  # type: ignore[arg-type] # as Guest has it
        return made[-1]

    yield make
    for guest in made:
        guest.virsh("destroy", guest.name)
        guest.virsh("undefine", guest.name)
    world.CONFIGURATION.unlink(missing_ok=True)


@pytest.fixture
def _clean() -> Iterator[None]:
    """A machine.slice as it was at boot, and again afterwards."""
    yield
    if world.V1:
        shutil.rmtree(world.STATE, ignore_errors=True)
        return
    for folder in ("/run/systemd/system", "/etc/systemd/system.control", "/etc/systemd/system"):
        shutil.rmtree(f"{folder}/machine.slice.d", ignore_errors=True)
    world.systemctl("daemon-reload")
    world.systemctl("set-property", "--runtime", "machine.slice", "MemoryMin=0", "MemoryLow=0")
    shutil.rmtree("/run/systemd/system.control/machine.slice.d", ignore_errors=True)
    shutil.rmtree(world.STATE, ignore_errors=True)
    wait_for("machine.slice has nothing", lambda: world.read(world.SLICE) == 0)
