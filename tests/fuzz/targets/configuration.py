"""Any text as the host's configuration, and as the settings of a repository."""

from collections.abc import Iterator
from typing import Final

from tests.fuzz.checks import assert_says_something
from xmlresource.configuration.host_settings import (
    LARGEST_COMMIT_RATIO,
    SETTINGS,
    SOFT_LIMIT_FILES,
    ConfigurationError,
    parse_configuration,
)
from xmlresource.configuration.repository_settings import SettingsError, parse_settings
from xmlresource.promises.terms import WHOLE

REPOSITORY: Final = b"""\
select = ["XR3", "xr501"]
ignore = []
domain-schema = "auto"
[per-file-ignores]
"lab/*" = ["XR501"]
"""


def seeds() -> Iterator[bytes]:
    for setting in SETTINGS:
        yield f"{setting.name} = {setting.example}\n".encode()
    yield "".join(f"{setting.name} = {setting.example}\n" for setting in SETTINGS).encode()
    yield b'[partitions]\n"/machine/prod" = "4 GiB"\n'
    yield b'host_reserve = "1GiB"\nlock_timeout = 0.5\ncommit_ratio = 1.5\n'
    yield REPOSITORY


def one(data: bytes) -> None:
    """Read, within the bounds of each setting, or refused with a place and a cure."""
    text = data.decode("utf-8", "replace")
    try:
        found = parse_configuration(text)
    except ConfigurationError as error:
        assert_says_something(error)
        _is_in(text, error.line)
    else:
        assert found.soft_limit_file in SOFT_LIMIT_FILES
        assert found.lock_timeout >= 0
        assert 0 < found.commit_ratio <= LARGEST_COMMIT_RATIO * WHOLE
        for setting in SETTINGS:
            setting.show(getattr(found, setting.name))
    try:
        parse_settings(text, "xmlresource.toml")
    except SettingsError as error:
        assert_says_something(error)


def _is_in(text: str, line: int | None) -> None:
    assert line is None or 1 <= line <= len(text.splitlines()) + 1
