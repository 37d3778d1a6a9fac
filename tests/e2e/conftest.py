"""Fixtures of the end-to-end tests, and when they run at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest

from .harness import cgroups, guests, hooks, sandbox
from .harness.commands import run
from .harness.daemons import Libvirt, pure_v1, running_libvirt

HERE = Path(__file__).parent
REQUIRED = os.environ.get("XMLRESOURCE_E2E") == "required"

NewGuest = Callable[..., guests.Guest]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "v1: about the v1 memory controller; left out elsewhere")
    config.addinivalue_line("markers", "package: about the package that XMLRESOURCE_DEB names")
    config.addinivalue_line("markers", "virt_v2v: needs virt-v2v; left out where it is not")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is here; leave it out of a run that didn't ask for it."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.e2e)
    unwanted = set() if _asked_for(config) else set(ours)
    if not cgroups.memory_is_v1():
        unwanted |= {item for item in ours if item.get_closest_marker("v1")}
    if not os.environ.get("XMLRESOURCE_DEB"):
        unwanted |= {item for item in ours if item.get_closest_marker("package")}
    # With all that it takes along it is too large to be installed for these tests alone.
    if shutil.which("virt-v2v") is None:
        unwanted |= {item for item in ours if item.get_closest_marker("virt_v2v")}
    config.hook.pytest_deselected(items=list(unwanted))
    items[:] = [item for item in items if item not in unwanted]


def _asked_for(config: pytest.Config) -> bool:
    """Asked for by -m, by name, or by the environment."""
    named = [Path(str(argument).split("::")[0]).resolve() for argument in config.args]
    return bool(
        REQUIRED
        or config.option.markexpr
        or any(path == HERE or HERE in path.parents for path in named)
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Where the tests are required, one that would be skipped has failed."""
    report = yield
    ours = HERE in item.path.parents
    if REQUIRED and ours and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"XMLRESOURCE_E2E=required, and it would be skipped: {reason}"
    return report


def _why_impossible() -> str | None:
    if os.geteuid() != 0:
        return "the end-to-end tests need root"
    check = run([HERE / "provision.sh", "--check"])
    if not check.ok:
        return f"{check.stdout.strip()}; run tests/e2e/provision.sh"
    return None


@pytest.fixture(scope="session")
def libvirt() -> Iterator[Libvirt]:
    """libvirt's daemons on a borrowed machine; everything is given back at the end."""
    if reason := _why_impossible():
        pytest.skip(reason)
    with sandbox.borrowed_machine(), running_libvirt() as daemons:
        yield daemons


@pytest.fixture(scope="module")
def containers(libvirt: Libvirt) -> Iterator[None]:
    """Make LXC work, where a hybrid host is in its way; costs two restarts of libvirtd."""
    with pure_v1(libvirt):
        yield


@pytest.fixture
def new_guest(libvirt: Libvirt) -> Iterator[NewGuest]:
    """Make guests whose names are new; all are gone after the test."""
    made: list[guests.Guest] = []

    def make(
        label: str = "guest",
        extra: str = "",
        build: Callable[..., guests.Guest] = guests.Guest,
        **fields: object,
    ) -> guests.Guest:
        name = f"{sandbox.PREFIX}{label}-{uuid.uuid4().hex[:6]}"
        made.append(build(name, extra, **fields))
        return made[-1]

    yield make
    libvirt.ensure_libvirtd()
    for guest in made:
        guest.remove()


@pytest.fixture(scope="module")
def recording_hook(libvirt: Libvirt) -> Iterator[hooks.Recorder]:
    """A recording QEMU hook that libvirtd knows of."""
    yield from _recording(libvirt, "qemu")


@pytest.fixture(scope="module")
def recording_lxc_hook(libvirt: Libvirt, containers: None) -> Iterator[hooks.Recorder]:
    """A recording LXC hook that libvirtd knows of."""
    del containers  # only makes them work
    yield from _recording(libvirt, "lxc")


def _recording(libvirt: Libvirt, driver: str) -> Iterator[hooks.Recorder]:
    recorder = hooks.Recorder(driver)
    recorder.install()
    libvirt.restart()
    yield recorder
    recorder.uninstall()
    libvirt.restart()


@pytest.fixture
def recorder(recording_hook: hooks.Recorder) -> Iterator[hooks.Recorder]:
    """The recording QEMU hook, told nothing yet."""
    yield recording_hook
    recording_hook.then("")


@pytest.fixture
def lxc_recorder(recording_lxc_hook: hooks.Recorder) -> Iterator[hooks.Recorder]:
    """The recording LXC hook, told nothing yet."""
    yield recording_lxc_hook
    recording_lxc_hook.then("")
