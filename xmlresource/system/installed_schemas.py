"""Where libvirt's schema of domains is on this machine."""

import os
from typing import Final

VARIABLE: Final = "XMLRESOURCE_DOMAIN_SCHEMA"
"""The environment variable that names the schema, or its folder."""

NAME: Final = "domain.rng"
_FOLDERS: Final = ("/usr/share/libvirt/schemas", "/usr/local/share/libvirt/schemas")


def named() -> str | None:
    """The schema that the environment names; ``None`` for none."""
    return os.environ.get(VARIABLE) or None


def installed() -> str | None:
    """The schema that libvirt installed; ``None`` for none."""
    candidates = (os.path.join(folder, NAME) for folder in _FOLDERS)
    return next((path for path in candidates if os.path.isfile(path)), None)


def located(path: str) -> str:
    """The file of the schema at ``path``, which may be its folder; absolute.

    Raises:
        OSError: There is none.
    """
    file = os.path.abspath(os.path.join(path, NAME) if os.path.isdir(path) else path)
    os.stat(file)
    return file
