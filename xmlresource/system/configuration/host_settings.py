"""``/etc/xmlresource.toml``, opened only where it can be trusted."""

from typing import Final

from xmlresource.configuration.host_settings import (
    PATH,
    Configuration,
    ConfigurationError,
    configuration_of,
    parse_configuration,
    parse_toml,
)
from xmlresource.system.machine import Machine
from xmlresource.system.state import cache_files
from xmlresource.system.state.state_folder import StateFolder
from xmlresource.system.syscalls import Syscalls, is_file, is_guarded

_ROOT: Final = 0
_LARGEST: Final = 1 << 20
_LARGEST_KEPT: Final = 64 << 10

NAME: Final = "settings"
"""The file of the state folder."""


def read_configuration(
    machine: Machine, owner: int = _ROOT, calls: Syscalls | None = None
) -> Configuration:
    """The administrator's settings; the defaults where there is no file.

    Args:
        machine: The machine.
        owner: The user id that must own the file.
        calls: The system calls.

    Raises:
        ConfigurationError: The file can't be read or trusted, or holds something unknown.
    """
    text = read_text(machine, owner, calls)
    return Configuration() if text is None else parse_configuration(text, PATH)


def read_kept_configuration(machine: Machine, state: StateFolder) -> Configuration:
    """The host's configuration for a guest's start, which does not pay for reading TOML.

    What the text comes to as keys and values is kept in the state folder, by the text itself;
    whether they make sense is checked each time.

    Raises:
        ConfigurationError: As above.
    """
    text = read_text(machine)
    if text is None:
        return Configuration()
    document = cache_files.load(state, NAME, text)
    if isinstance(document, dict):
        return configuration_of(document, text)
    document = parse_toml(text)
    configuration = configuration_of(document, text)
    if len(text) <= _LARGEST_KEPT:
        cache_files.keep(state, NAME, text, document)
    return configuration


def read_text(machine: Machine, owner: int = _ROOT, calls: Syscalls | None = None) -> str | None:
    """The file's text; ``None`` where there is no file.

    Raises:
        ConfigurationError: It can't be read or trusted.
    """
    try:
        content = _content(machine.path(PATH), owner, calls or Syscalls())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError(
            PATH, None, f"can't be read: {error.strerror or error}", "make it a plain file"
        ) from error
    return _decoded(content, PATH)


def read_other_text(machine: Machine, path: str) -> str:
    """The text of a file that is to become the host's settings, whoever owns it.

    Raises:
        ConfigurationError: It is not UTF-8.
        OSError: It can't be read.
    """
    return _decoded(machine.read_bytes(path), path)


def _decoded(content: bytes, path: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(path, line, "not UTF-8", "save it as UTF-8") from error


def _content(path: str, owner: int, calls: Syscalls) -> bytes:
    folder, _, name = path.rpartition("/")
    parent = calls.open_parent(folder or "/")
    try:
        descriptor = calls.open_to_read(name, parent)
    finally:
        calls.close(parent)
    try:
        facts = calls.facts(descriptor)
        if not is_file(facts) or not is_guarded(facts, owner):
            raise ConfigurationError(
                PATH,
                None,
                f"not a file that only user {owner} can write",
                f"chown {owner} and chmod 644 it",
            )
        chunks, size = [], 0
        while chunk := calls.read(descriptor, _LARGEST):
            size += len(chunk)
            if size > _LARGEST:
                raise ConfigurationError(PATH, None, "larger than a MiB", "shorten it")
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        calls.close(descriptor)
