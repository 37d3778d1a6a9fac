"""The Debian package on a real libvirtd: installed, upgraded, half there, removed and purged.

It runs alone, on the package that ``make deb`` has made:
``XMLRESOURCE_DEB=build/deb/xmlresource_0.1.0_all.deb pytest tests/e2e/test_debian_package.py``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .harness import hooks, sandbox
from .harness.commands import must
from .harness.guests import guarantee
from .harness.packaged import (
    BEFORE,
    HOOK,
    LIBRARY,
    PACKAGE,
    VERSION,
    Packaged,
    another_installation_in_front,
    dpkg,
    make_version_before,
)
from .harness.product import Product, leave_to_promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt

pytestmark = pytest.mark.package

GUARANTEE = guarantee(64)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_version_before(tmp_path_factory.mktemp("before"))


@pytest.fixture
def product(libvirt: Libvirt) -> Iterator[Packaged]:
    """The program, once it is installed; nothing of it is left afterwards."""
    leave_to_promise(1000)
    with another_installation_in_front():
        yield Packaged(LIBRARY)
        dpkg("--purge", "--force-all", "xmlresource")
    sandbox.remove(LIBRARY)
    libvirt.restart()
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def finding(product: Product, name: str) -> dict[str, Any]:
    (found,) = (each for each in product.json("doctor")["findings"] if each["name"] == name)
    return dict(found)


def starts(new_guest: NewGuest, extra: str = "") -> bool:
    """Whether a guest starts; it is ended again."""
    guest = new_guest("plain" if not extra else "policy", extra).defined()
    started = guest.start().ok
    if started:
        guest.remove()
    return started


def test_from_the_version_before_to_nothing(
    product: Packaged, libvirt: Libvirt, new_guest: NewGuest, before: Path
) -> None:
    untouched = hooks.listing()
    must(dpkg("-i", before))
    assert hooks.listing() == untouched  # the package does not enable the hook
    assert must(product("--version")).stdout == f"{BEFORE}\n"
    assert starts(new_guest)

    must(product("hook", "install"))
    libvirt.restart()
    assert finding(product, "hook")["state"] == "fine"
    running = new_guest("running", GUARANTEE).running()
    assert running.name in product.guests()
    older = HOOK.read_text()

    # Unpacked and not configured: the state in which an upgrade that fails stays.
    must(dpkg("--unpack", PACKAGE))
    assert HOOK.read_text() == older
    assert starts(new_guest)
    must(dpkg("--configure", "xmlresource"))
    assert must(product("--version")).stdout == f"{VERSION}\n"
    assert HOOK.read_text() != older
    for name in ("hook", "hook-calls"):
        found = finding(product, name)
        assert found["state"] == "fine", found
    assert running.name in product.guests()
    assert starts(new_guest, GUARANTEE)

    # Without its files, as after a disk that was full.
    LIBRARY.rename(f"{LIBRARY}.away")
    try:
        assert starts(new_guest)
        assert not starts(new_guest, GUARANTEE)
    finally:
        Path(f"{LIBRARY}.away").rename(LIBRARY)

    must(dpkg("-r", "xmlresource"))
    assert hooks.listing() == untouched
    assert not Path("/usr/bin/xmlresource").exists()
    for extra in ("", GUARANTEE):
        assert starts(new_guest, extra)
    assert running.process().alive()
    must(dpkg("--purge", "xmlresource"))
    assert not sandbox.LEDGER_FOLDER.exists()
    assert not LIBRARY.exists()


def test_removing_a_program_that_does_not_work_leaves_no_hook(
    product: Packaged, libvirt: Libvirt, new_guest: NewGuest
) -> None:
    untouched = hooks.listing()
    must(dpkg("-i", PACKAGE))
    must(product("hook", "install"))
    libvirt.restart()
    (LIBRARY / "xmlresource/cli/__init__.py").write_text("raise SystemExit(1)\n")
    assert starts(new_guest)
    must(dpkg("-r", "xmlresource"))
    assert hooks.listing() == untouched
    for extra in ("", GUARANTEE):
        assert starts(new_guest, extra)


def test_the_hook_of_another_installation_is_left_alone(
    product: Packaged, libvirt: Libvirt, new_guest: NewGuest, tmp_path: Path
) -> None:
    """A virtual environment and the package side by side: `doctor` names it."""
    other = Product.install(tmp_path)
    must(other("hook", "install"))
    hook = HOOK.read_text()
    must(dpkg("-i", PACKAGE))
    assert HOOK.read_text() == hook
    found = finding(product, "installations")
    assert (found["state"], "the qemu hook: " in found["found"]) == ("warning", True)
    assert "a package: /usr/lib/xmlresource" in finding(other, "installations")["found"]
    # A script of the administrator's own, where libvirt has looked since before there were folders.
    own = sandbox.HOOKS / "qemu"
    hooks.install(own, "#!/bin/sh\nexit 0\n")
    libvirt.restart()
    assert finding(product, "other-hooks")["state"] == "note"
    assert f"note: {own}: libvirt runs it beside" in product("hook", "status").stdout
    assert starts(new_guest)
    assert starts(new_guest, GUARANTEE)
    hooks.uninstall(own)
    must(dpkg("-r", "xmlresource"))
    assert HOOK.read_text() == hook
    must(other("hook", "uninstall"))
    libvirt.restart()
