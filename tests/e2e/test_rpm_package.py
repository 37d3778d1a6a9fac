"""The RPM on this host, as far as a Debian can tell: what is in it, and what its scripts do.

It runs alone, on the packages that ``make deb`` and ``make rpm`` have made, with a database of
packages of its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.commands import Result, must, run
from .harness.guests import guarantee
from .harness.packaged import LIBRARY, PACKAGE, Packaged
from .harness.product import leave_to_promise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt

pytestmark = pytest.mark.package

RPM = Path(os.environ.get("XMLRESOURCE_RPM", "")).resolve()
HOOK = sandbox.HOOKS / "qemu.d" / "50-xmlresource"

Rpm = Callable[..., Result]


@pytest.fixture
def rpm(tmp_path: Path, libvirt: Libvirt) -> Iterator[Rpm]:
    """The program, with a database that knows of no other package."""

    def call(*words: str | Path) -> Result:
        return run(["rpm", "--dbpath", tmp_path / "database", *words])

    yield call
    call("-e", "--noscripts", "xmlresource")
    sandbox.remove(LIBRARY)
    libvirt.restart()
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


def files(listing: str) -> set[str]:
    """What is installed, without folders, packing and what each distribution calls otherwise."""
    names = {name.removesuffix(".gz") for name in listing.splitlines() if not name.endswith("/")}
    names = {name.replace("/vendor-completions/", "/site-functions/") for name in names}
    apart = (
        "/usr/share/doc/",
        "/usr/share/licenses/",
        "/usr/share/lintian/",
        "/usr/share/python3/",
    )
    return {name for name in names if not name.startswith(apart)}


def test_it_holds_what_the_debian_package_holds() -> None:
    inside = must(run(["dpkg-deb", "-c", PACKAGE])).stdout.splitlines()
    debian = files("\n".join("/" + line.split("./", 1)[1] for line in inside))
    shape = "[%{FILEMODES:perms} %{FILENAMES}\n]"
    rows = must(run(["rpm", "-qp", "--queryformat", shape, RPM])).stdout.splitlines()
    listed = "\n".join(row.split(" ", 1)[1] for row in rows if not row.startswith("d"))
    assert files(listed) == debian


def test_its_scripts_leave_no_hook_without_its_program(
    rpm: Rpm, libvirt: Libvirt, new_guest: NewGuest
) -> None:
    leave_to_promise(1000)
    product = Packaged(LIBRARY)
    untouched = hooks.listing()
    must(rpm("-i", "--nodeps", RPM))
    assert hooks.listing() == untouched  # the package does not enable the hook
    assert must(product("--version")).ok

    must(product("hook", "install"))
    libvirt.restart()
    installed = HOOK.read_text()
    HOOK.write_text(installed + "# an older one\n")
    assert new_guest("policy", guarantee(64)).defined().start().ok

    must(rpm("-U", "--force", "--nodeps", RPM))
    assert HOOK.read_text() == installed
    assert new_guest("plain").defined().start().ok

    must(rpm("-e", "xmlresource"))
    assert hooks.listing() == untouched
    assert not LIBRARY.exists()
    for extra in ("", guarantee(64)):
        assert new_guest("after", extra).defined().start().ok


def test_removing_a_program_that_does_not_work_leaves_no_hook(rpm: Rpm, libvirt: Libvirt) -> None:
    untouched = hooks.listing()
    must(rpm("-i", "--nodeps", RPM))
    must(Packaged(LIBRARY)("hook", "install"))
    libvirt.restart()
    (LIBRARY / "xmlresource/cli/__init__.py").write_text("raise SystemExit(1)\n")
    must(rpm("-e", "xmlresource"))
    assert hooks.listing() == untouched
