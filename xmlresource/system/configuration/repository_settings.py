"""Finding and reading the settings of a project."""

import os
from typing import Final

from xmlresource.configuration.repository_settings import Settings, SettingsError, parse_settings

OWN: Final = "xmlresource.toml"
SHARED: Final = "pyproject.toml"

_TABLE: Final = ("tool", "xmlresource")
_LARGEST: Final = 1 << 20


def find_settings(folder: str | None = None) -> Settings:
    """The settings of the first folder that has some, from ``folder`` (here) upwards.

    Raises:
        SettingsError: They can't be read, or hold something unknown.
    """
    place = os.path.abspath(folder or ".")
    while True:
        for name in (OWN, SHARED):
            path = os.path.join(place, name)
            if os.path.isfile(path):
                text = _text(path)
                if name == OWN or "[tool.xmlresource" in text:
                    return _parsed(text, path)
        above = os.path.dirname(place)
        if above == place:
            return Settings()
        place = above


def read_settings(path: str) -> Settings:
    """The settings in the file that a user names.

    Raises:
        SettingsError: They can't be read, or hold something unknown.
    """
    path = os.path.abspath(path)
    return _parsed(_text(path), path)


def _parsed(text: str, path: str) -> Settings:
    shared = os.path.basename(path) == SHARED
    return parse_settings(text, path, table=_TABLE if shared else ())


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise SettingsError(f"{path}: can't be read: {error.strerror or error}") from error
    if len(content) > _LARGEST:
        raise SettingsError(f"{path}: larger than a MiB")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path}:{line}: not UTF-8") from error
