"""The host's settings: what each is, and where it comes from."""

from xmlresource.configuration import PATH, SETTINGS, lines_of, parse_configuration
from xmlresource.record import record
from xmlresource.system.config import read_text
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


def config(machine: Machine = Machine()) -> tuple[SettingState, ...]:  # noqa: B008 -- immutable
    """Each setting, its value, where that comes from, and what it does.

    Raises:
        ConfigurationError: The file can't be read or trusted, or holds something unknown; the
            error names the line.
    """
    text = read_text(machine)
    configuration = parse_configuration(text or "")
    lines = lines_of(text or "")
    return tuple(
        SettingState(
            name=setting.name,
            value=setting.show(getattr(configuration, setting.name)),
            source=_source(setting.name, lines),
            help=setting.help,
        )
        for setting in SETTINGS
    )


def _source(name: str, lines: dict[str, int | None]) -> str:
    if name not in lines:
        return DEFAULT
    line = lines[name]
    return PATH if line is None else f"{PATH}:{line}"
