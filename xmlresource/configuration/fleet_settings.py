"""The ``[fleet]`` table of ``/etc/xmlresource.toml``: how the host takes part in a fleet."""

import re
from typing import Final

from xmlresource.configuration.setting_values import SettingValueError, quoted
from xmlresource.model.host import FleetSetting

HOST_NAME: Final = "[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?"
"""The name of a host in a fleet, as a pattern: as in DNS, and underscores besides."""

# `service` is a section of libpq's pg_service.conf.
_PATTERNS: Final = {"service": r"[^\x00-\x1f\x7f\[\]]{1,100}", "host": HOST_NAME}


def read_fleet(value: object) -> FleetSetting:
    """The table.

    Raises:
        SettingValueError: It makes no sense.
    """
    if not isinstance(value, dict):
        raise SettingValueError("not a table", "begin it with [fleet]")
    for key, each in value.items():
        pattern = _PATTERNS.get(key)
        if pattern is None:
            raise SettingValueError(f"unknown key {quoted(key)}", "the keys are service, host", key)
        cure = f'write the name of a {key}, such as {key} = "fleet"'
        if not isinstance(each, str):
            raise SettingValueError(f"{key!r}: not a text in quotes", cure, key)
        if not re.fullmatch(pattern, each):
            raise SettingValueError(f"{key!r}: {quoted(each)} is no name of a {key}", cure, key)
    return FleetSetting(**value)


def show_fleet(value: FleetSetting) -> dict[str, str]:
    """``{"service": "fleet"}``: what is set."""
    named = {"service": value.service, "host": value.host}
    return {name: each for name, each in named.items() if each is not None}
