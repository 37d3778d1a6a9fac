"""The recipes of docs/generators.md that need a real libvirt."""

from __future__ import annotations

import re
import shutil
import textwrap
from typing import TYPE_CHECKING

import pytest

from .harness import sandbox
from .harness.commands import PLAIN_ENVIRONMENT, Result, must, run
from .harness.guests import guarantee
from .harness.product import REPOSITORY, Product

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import NewGuest
    from .harness.guests import Guest

PAGE = (REPOSITORY / "docs/generators.md").read_text(encoding="utf-8")
PLAY = """\
- hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: /usr/bin/python3
  tasks:
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Product:
    return Product.install(tmp_path_factory.mktemp("product"))


@pytest.fixture
def play(tmp_path: Path) -> Path:
    """The page's tasks as a playbook of one host."""
    tasks = re.findall(r"```yaml\n(- name: The guest's XML.*?)```", PAGE, re.DOTALL)
    assert len(tasks) == 1
    transaction = tmp_path / "play.yml"
    transaction.write_text(PLAY + textwrap.indent(tasks[0], "    "))
    (tmp_path / "templates").mkdir()
    return transaction


def played(transaction: Path, product: Product, guest: Guest) -> Result:
    template = transaction.parent / "templates" / "web.xml.j2"
    template.write_text(guest.xml())
    return run(
        [shutil.which("ansible-playbook") or "ansible-playbook", "-i", "localhost,", transaction],
        environment={
            **PLAIN_ENVIRONMENT,
            "PATH": f"{product.program.parent}:{PLAIN_ENVIRONMENT['PATH']}",
            "ANSIBLE_LOCAL_TEMP": str(transaction.parent / "tmp"),
            "ANSIBLE_REMOTE_TEMP": str(transaction.parent / "tmp"),
        },
    )


def test_ansible_defines_a_guest_with_its_policy(
    product: Product, play: Path, new_guest: NewGuest
) -> None:
    guest = new_guest("ansible")
    must(played(play, product, guest))
    defined = must(guest.virsh("dumpxml")).stdout
    shown = must(product("show", "-", stdin=defined)).stdout
    assert re.search(r"hard_limit\s+6 GiB", shown), shown
    assert re.search(r"min_guarantee\s+4 GiB", shown), shown


def test_a_policy_with_faults_fails_the_play_before_libvirt_is_asked(
    product: Product, play: Path, new_guest: NewGuest
) -> None:
    guest = new_guest("ansible", guarantee(8 * 1024), memory=64)
    text = play.read_text().replace(" min_guarantee=4GiB", "")
    play.write_text(text)  # 8 GiB guaranteed against the recipe's hard limit of 6 GiB
    result = played(play, product, guest)
    assert not result.ok
    assert "XR" in result.stdout, str(result)
    assert not (sandbox.LOCKED / "qemu" / f"{guest.name}.xml").exists()
