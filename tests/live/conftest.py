"""What tests of several live commands share."""

import sys
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost
from tests.fakes.libvirt import FakeDomain, module


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path / "host")


@pytest.fixture
def three_guests(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeDomain]:
    """Guests that run, with 64 MiB of RAM each, known to libvirt."""
    made = {
        name: FakeDomain(host, name, 4242 + number, number=number)
        for number, name in enumerate(("db1", "db2", "web"), start=1)
    }
    monkeypatch.setitem(sys.modules, "libvirt", module(*made.values()))
    return made
