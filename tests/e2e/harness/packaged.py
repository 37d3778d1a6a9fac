"""xmlresource as the Debian package of ``make deb`` installs it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from . import sandbox
from .commands import Result, must, run
from .product import Product

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(os.environ.get("XMLRESOURCE_DEB", "")).resolve()
VERSION = "0.1.0"
BEFORE = "0.0.9"
LIBRARY = Path("/usr/lib/xmlresource")
HOOK = sandbox.HOOKS / "qemu.d" / "50-xmlresource"
PATIENCE = 600.0

# What a careless pip leaves: Debian's Python would find it before any package.
_OTHER_LIBRARY = Path(
    "/usr/local/lib", Path("/usr/bin/python3").resolve().name, "dist-packages/xmlresource"
)
# And its program, which PATH has before the package's.
_OTHER_PROGRAM = Path("/usr/local/bin/xmlresource")


class Packaged(Product):
    """The program as the package has installed it."""

    @property
    def program(self) -> Path:
        return Path("/usr/bin/xmlresource")


def dpkg(*words: str | Path) -> Result:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return run(["dpkg", *words], environment=environment, timeout=PATIENCE)


def make_version_before(folder: Path) -> Path:
    """Make the version before out of the package: a lower number, another hook, other units."""
    tree = folder / "tree"
    must(run(["dpkg-deb", "-R", PACKAGE, tree], timeout=PATIENCE))
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace(f"Version: {VERSION}", f"Version: {BEFORE}"))
    library = tree / "usr/lib/xmlresource/xmlresource"
    module = library / "__init__.py"
    module.write_text(module.read_text().replace(f'"{VERSION}"', f'"{BEFORE}"'))
    for older in (
        library / "system/libvirt-hook.sh",
        *tree.glob("usr/lib/systemd/system/xmlresource-*"),
    ):
        older.write_text(older.read_text() + "# an older one\n")
    # Not compressed, which takes longest of all.
    must(run(["dpkg-deb", "-Znone", "-b", tree, folder / "before.deb"], timeout=PATIENCE))
    return folder / "before.deb"


@contextmanager
def another_installation_in_front() -> Iterator[None]:
    """Have a library and a program in ``/usr/local`` that fail whoever runs them."""
    _OTHER_LIBRARY.mkdir(parents=True)
    (_OTHER_LIBRARY / "__init__.py").write_text("raise SystemExit('of /usr/local')\n")
    _OTHER_PROGRAM.touch(0o755, exist_ok=False)
    _OTHER_PROGRAM.write_text("#!/bin/sh\necho of /usr/local >&2\nexit 1\n")
    try:
        yield
    finally:
        sandbox.remove(_OTHER_LIBRARY)
        _OTHER_PROGRAM.unlink()
