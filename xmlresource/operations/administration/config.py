"""The host's settings: what each is, and where it comes from."""

from xmlresource.configuration.host_settings import PATH, SETTINGS, lines_of, parse_configuration
from xmlresource.record import record
from xmlresource.system.configuration.host_settings import read_other_text, read_text
from xmlresource.system.machine import Machine

DEFAULT = "default"


@record
class SettingState:
    """One setting as it is in force.

    Attributes:
        name: Its key in the file.
        value: Its value, as JSON can hold it; ``None`` for a default that follows from the host.
        source: ``default``, or the file and the line.
        help: What it does, in a line.
    """

    name: str
    value: object
    source: str
    help: str


def config(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    file: str | None = None,
) -> tuple[SettingState, ...]:
    """Each setting, its value, where that comes from, and what it does.

    Args:
        machine: The machine.
        file: Another file, as if it stood in the place of the host's; whose it is does not matter.

    Raises:
        ConfigurationError: The file can't be read or trusted, or holds something unknown; the
            error names the line.
        OSError: ``file`` can't be read.
    """
    text = read_text(machine) if file is None else read_other_text(machine, file)
    path = PATH if file is None else file
    configuration = parse_configuration(text or "", path)
    lines = lines_of(text or "")
    return tuple(
        SettingState(
            name=setting.name,
            value=setting.show(getattr(configuration, setting.name)),
            source=_source(setting.name, lines, path),
            help=setting.help,
        )
        for setting in SETTINGS
    )


def _source(name: str, lines: dict[str, int | None], path: str) -> str:
    if name not in lines:
        return DEFAULT
    line = lines[name]
    return path if line is None else f"{path}:{line}"
