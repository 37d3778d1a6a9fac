"""docs/first-guarantee.md, done by the letter: each command, on a real libvirtd."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.daemons import virsh
from .harness.product import Product
from .harness.walkthrough import Walk, files, is_as_shown, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness.daemons import Libvirt

PAGE = Path(__file__).parents[2] / "docs" / "first-guarantee.md"
GUESTS = ("db1", "web1")
#: The commands that fail, and are meant to.
REFUSED = ["sudo virsh start web1"]


@pytest.fixture
def walk(libvirt: Libvirt, tmp_path: Path) -> Iterator[Walk]:
    del libvirt
    product = Product.install(tmp_path / "product")
    (tmp_path / "home").mkdir()
    before = hooks.listing()
    yield Walk(tmp_path / "home", product.program, GUESTS)
    product("hook", "uninstall")
    for name in GUESTS:
        virsh("destroy", sandbox.PREFIX + name)
        virsh("undefine", sandbox.PREFIX + name)
    assert hooks.listing() == before
    sandbox.remove(sandbox.LEDGER_FOLDER)


def test_the_page_is_true(walk: Walk) -> None:
    page = PAGE.read_text()
    for name, text in files(page).items():
        walk.write(name, text)
    failed = []
    for step in steps(page):
        result = walk.do(step.command)
        told = walk.told(result)
        print(f"$ {step.command}\n{told}", end="")  # noqa: T201 -- as the page should have it
        if not result.ok:
            failed.append(step.command)
        assert is_as_shown(step.printed, told), f"{step.command}:\n{told}"
    assert failed == REFUSED
