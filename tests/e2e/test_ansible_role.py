"""The Ansible role on this host: it changes what it is asked to, once; check mode changes nothing.

It runs alone, as the tests of the package do: it installs the package of ``make deb``.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from .harness import hooks, sandbox
from .harness.commands import PLAIN_ENVIRONMENT, Result, must, run
from .harness.guests import guarantee
from .harness.packaged import LIBRARY, PACKAGE, Packaged, dpkg
from .harness.product import REPOSITORY, total_memory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import NewGuest
    from .harness.daemons import Libvirt

pytestmark = pytest.mark.package

ROLES = REPOSITORY / "contrib/ansible/roles"
PLAY = """\
- hosts: localhost
  connection: local
  gather_subset: ["!all", service_mgr]
  vars:
    ansible_python_interpreter: /usr/bin/python3
  roles:
    - xmlresource
"""
PATIENCE = 600.0


class Role:
    """The role, played on this host."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "play.yml").write_text(PLAY)

    def play(self, *options: str, **variables: object) -> Result:
        """Play it with these variables, without `xmlresource_`."""
        named = {f"xmlresource_{name}": value for name, value in variables.items()}
        return run(
            [
                shutil.which("ansible-playbook") or "ansible-playbook",
                *("-i", "localhost,", "-e", json.dumps(named), *options),
                self.folder / "play.yml",
            ],
            environment={
                **PLAIN_ENVIRONMENT,
                "ANSIBLE_ROLES_PATH": str(ROLES),
                "ANSIBLE_LOCAL_TEMP": str(self.folder / "tmp"),
                "ANSIBLE_REMOTE_TEMP": str(self.folder / "tmp"),
                "ANSIBLE_STDOUT_CALLBACK": "json",
            },
            timeout=PATIENCE,
        )

    def changes(self, *options: str, **variables: object) -> int:
        """How many tasks changed something, or would."""
        result = must(self.play(*options, **variables))
        stats: dict[str, Any] = json.loads(result.stdout)["stats"]["localhost"]
        return int(stats["changed"])


@pytest.fixture
def role(tmp_path: Path) -> Role:
    return Role(tmp_path)


@pytest.fixture
def product(libvirt: Libvirt) -> Iterator[Packaged]:
    """The program, once the role has installed it; nothing of it is left afterwards."""
    yield Packaged(LIBRARY)
    dpkg("--purge", "--force-all", "xmlresource")
    sandbox.remove(LIBRARY)
    libvirt.restart()
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def state() -> tuple[object, ...]:
    """All that the role may change."""
    configuration = sandbox.CONFIGURATION
    return (
        hooks.listing(),
        configuration.read_bytes() if configuration.exists() else None,
        LIBRARY.exists(),
        run(["dpkg-query", "--show", "xmlresource"]).stdout,
    )


def test_from_nothing_to_a_guarantee_that_is_kept_and_back(
    role: Role, product: Packaged, libvirt: Libvirt, new_guest: NewGuest
) -> None:
    reserve = f"{total_memory() // 1024 - 100 * 1024}KiB"
    wanted: dict[str, object] = {
        "deb": str(PACKAGE),
        "settings": {
            "lock_timeout": 20,
            "count_unpromised": False,
            "host_reserve": reserve,
            "partitions": {"/machine/prod": "64GiB"},
        },
    }
    untouched = state()
    assert role.changes("--check", **wanted) > 0
    assert state() == untouched

    assert role.changes(**wanted) > 0
    libvirt.restart()  # what it does on SIGHUP is a matter of moments
    settings = {each["name"]: each["value"] for each in product.json("config")["settings"]}
    assert settings["lock_timeout"] == 20
    assert new_guest("small", guarantee(64)).defined().start().ok
    assert "refused" in new_guest("large", guarantee(90)).defined().start().stderr

    installed = state()
    assert role.changes("--check", **wanted) == 0
    assert role.changes(**wanted) == 0
    assert state() == installed

    wrong = role.play(deb=str(PACKAGE), settings={"host_reserve": "much"})
    assert not wrong.ok
    assert "host_reserve" in wrong.stdout
    assert state() == installed

    assert role.changes(hook=False) == 1
    assert state()[0] == untouched[0]
    assert role.changes(hook=False) == 0


def test_without_a_program_it_says_so_and_changes_nothing(role: Role, libvirt: Libvirt) -> None:
    del libvirt  # keeps what the role would change
    untouched = state()
    result = role.play(settings={"lock_timeout": 20})
    assert not result.ok
    assert "set xmlresource_deb or xmlresource_wheel" in result.stdout
    assert state() == untouched
    assert not role.play(deb="x.rpm").ok
