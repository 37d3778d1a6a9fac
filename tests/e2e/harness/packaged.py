"""xmlresource as the Debian package of ``make deb`` installs it."""

from __future__ import annotations

import os
from pathlib import Path

from .commands import Result, run
from .product import Product

PACKAGE = Path(os.environ.get("XMLRESOURCE_DEB", "")).resolve()
LIBRARY = Path("/usr/lib/xmlresource")


class Packaged(Product):
    """The program as the package has installed it."""

    @property
    def program(self) -> Path:
        return Path("/usr/bin/xmlresource")


def dpkg(*words: str | Path) -> Result:
    return run(["dpkg", *words], environment={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
