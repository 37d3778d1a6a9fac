"""The diagnosis of this host: without the hook, with it, and with what stands in its way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from .harness import hooks, sandbox
from .harness.commands import must, run
from .harness.guests import guarantee
from .harness.product import Product, leave_to_promise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .conftest import NewGuest
    from .harness.daemons import Libvirt

QEMU = sandbox.HOOKS / "qemu.d" / "50-xmlresource"


@pytest.fixture
def product(libvirt: Libvirt, tmp_path: Path) -> Iterator[Product]:
    """The product, whose hooks are not in place yet."""
    made = Product.install(tmp_path)
    before = hooks.listing()
    leave_to_promise(1000)
    yield made
    must(made("hook", "uninstall"))
    libvirt.restart()
    assert hooks.listing() == before
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def findings(product: Product) -> dict[str, dict[str, Any]]:
    """What `doctor` finds, by name."""
    return {each["name"]: each for each in product.json("doctor")["findings"]}


def test_from_no_hook_to_one_that_works_and_one_that_is_broken(
    product: Product, libvirt: Libvirt, new_guest: NewGuest
) -> None:
    unhooked = new_guest("early", guarantee(64)).running()
    found = findings(product)
    assert product("doctor").status == 1
    assert found["hook"]["state"] == found["hook-calls"]["state"] == "error"
    assert unhooked.name in found["hook-calls"]["found"]
    assert found["libvirt"]["state"] == found["daemons"]["state"] == "fine"
    version = must(run(["/usr/sbin/libvirtd", "--version"])).stdout.split()[-1]
    assert found["libvirt"]["found"] == f"libvirt {version}"

    must(product("hook", "install"))
    must(product("apply", "--all"))
    found = findings(product)
    assert product("doctor", "--quiet").status == 0, str(product("doctor"))
    assert found["hook"]["state"] == found["hook-calls"]["state"] == "fine"
    assert new_guest("late", guarantee(64)).defined().start().ok
    assert "2 promises" in findings(product)["ledger"]["found"]

    sandbox.HOOKS.joinpath("qemu").write_text("#!/bin/sh\nexit 0\n")
    sandbox.HOOKS.joinpath("qemu").chmod(0o755)
    package = next(product.folder.glob("venv/lib/python3*/site-packages/xmlresource/hook.py"))
    package.rename(package.with_suffix(".away"))
    try:
        found = findings(product)
        assert found["other-hooks"]["state"] == "note"
        assert found["hook"]["state"] == "error"
        assert str(package) in found["hook"]["found"]
        libvirt.restart()
        # Half an installation: who has a policy is refused, who has none is not held up.
        assert not new_guest("policy", guarantee(64)).defined().start().ok
        assert new_guest("plain").defined().start().ok
    finally:
        package.with_suffix(".away").rename(package)
        sandbox.HOOKS.joinpath("qemu").unlink()
    assert QEMU.exists()
