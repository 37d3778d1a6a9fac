"""``/etc/xmlresource.toml``, from its text. Opening it is ``system.config``'s business.

``SETTINGS`` says everything about a setting; reader and help follow it.
"""

from collections.abc import Mapping
from typing import Any, Final

from xmlresource.configuration.setting_values import (
    Setting,
    SettingValueError,
    check_partition,
    quoted,
    read_basis_points,
    read_reserve,
    read_size,
    seconds_up_to,
    show_reserve,
)
from xmlresource.configuration.toml_text import TomlError, TomlText
from xmlresource.errors import XmlresourceError
from xmlresource.model.host import FleetSetting, ReserveSetting
from xmlresource.promises.terms import WHOLE, PartitionBudget
from xmlresource.record import record
from xmlresource.units import format_amount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.configuration.balance_settings import BalanceSettings

PATH: Final = "/etc/xmlresource.toml"

SOFT_LIMIT_FILES: Final = ("memory.low", "memory.high")
LONGEST_LOCK_TIMEOUT: Final = 3600
LONGEST_BOOT_WINDOW: Final = 10**9
DEFAULT_HISTORY_SIZE: Final = 1 << 20
LARGEST_HISTORY_SIZE: Final = 64 << 20

LARGEST_COMMIT_RATIO: Final = 100
MOST_RESERVED_CPUS: Final = 8192

_WHOLE_CPU: Final = 1000  # as model.cpu has it, which no hook needs for this

_ROUNDING: Final = 1e-9


@record
class Configuration:
    """The settings of a host; the defaults where there is no file.

    Attributes:
        host_reserve: What is kept for the host; ``None`` for the default.
        soft_limit_file: The v2 file that soft_limit is written to.
        lock_timeout: How long a start waits for another one, in seconds.
        commit_ratio: How much of what there is may be promised, in ten-thousandths.
        count_unpromised: Whether guests that run without a promise count as if they had one.
        partitions: The most that may be promised in a partition and below it.
        boot_priority: Whether guests of higher priority come first after a boot.
        boot_window: For how long after it, in seconds.
        history_size: The bytes that the history may take; 0 for none.
        cpu_reserve: The CPU time that is kept for the host; ``None`` for the default.
        balance: How memory is moved between the host and its guests; ``None`` for not at all.
        fleet: How the host takes part in a fleet.
    """

    host_reserve: ReserveSetting | None = None
    soft_limit_file: str = SOFT_LIMIT_FILES[0]
    lock_timeout: float = 30
    commit_ratio: int = WHOLE
    count_unpromised: bool = False
    partitions: tuple[PartitionBudget, ...] = ()
    boot_priority: bool = False
    boot_window: float = 600
    history_size: int = DEFAULT_HISTORY_SIZE
    cpu_reserve: ReserveSetting | None = None
    balance: "BalanceSettings | None" = None
    fleet: FleetSetting = FleetSetting()


class ConfigurationError(XmlresourceError, ValueError):
    """A configuration that can't be used.

    Attributes:
        path: The file.
        line: Where, from 1; ``None`` where the fault is about the file as a whole.
        problem: One sentence without the final stop.
        cure: What to do.
    """

    def __init__(self, path: str, line: int | None, problem: str, cure: str) -> None:
        place = path if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {problem}; {cure}")
        self.path: Final = path
        self.line: Final = line
        self.problem: Final = problem
        self.cure: Final = cure


def parse_configuration(text: str, path: str = PATH) -> Configuration:
    """The settings that ``text`` holds; the defaults for the others.

    Args:
        text: TOML.
        path: The file's name, for the error.

    Raises:
        ConfigurationError: It is not TOML, has an unknown key, or a value that makes no sense.
    """
    return configuration_of(parse_toml(text, path), text, path)


def parse_toml(text: str, path: str = PATH) -> dict[str, Any]:
    """The keys and values of the file.

    Raises:
        ConfigurationError: It is not TOML.
    """
    try:
        found: dict[str, Any] = TomlText(text).load()
    except TomlError as error:
        raise ConfigurationError(path, error.line, str(error), "mend the line") from error
    return found


def configuration_of(document: Mapping[str, Any], text: str, path: str = PATH) -> Configuration:
    """The settings that keys and values make; the defaults for the others.

    Args:
        document: The keys and values.
        text: Where they stand, for the error.
        path: The file's name, for the error.

    Raises:
        ConfigurationError: There is an unknown key, or a value that makes no sense.
    """
    source = TomlText(text)
    values: dict[str, Any] = {}
    for key, value in document.items():
        setting = _BY_NAME.get(key)
        if setting is None:
            known = ", ".join(_BY_NAME)
            raise ConfigurationError(
                path, source.line_of(key), f"unknown key {quoted(key)}", f"the keys are {known}"
            )
        try:
            values[key] = setting.read(value)
        except SettingValueError as error:
            inside = TomlText(text, error.table) if error.table else source
            line = inside.line_of(error.key or key) or source.line_of(key)
            raise ConfigurationError(path, line, f"{key}: {error}", error.cure) from error
    return Configuration(**values)


def lines_of(text: str) -> dict[str, int | None]:
    """Of each setting that ``text``, which can be read, holds, the line it stands on."""
    source = TomlText(text)
    return {key: source.line_of(key) for key in source.load()}


def _cpu_reserve(value: object) -> ReserveSetting:
    cure = 'write CPUs such as 0.5, or a share of the host such as "5%"'
    if isinstance(value, str) and value.strip().endswith("%"):
        return ReserveSetting(basis_points=read_basis_points(value.strip()[:-1].strip(), cure))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingValueError("neither a number nor a percentage", cure)
    # not "<": nan is neither
    if not 0 <= value <= MOST_RESERVED_CPUS:
        raise SettingValueError(f"{quoted(value)} is out of range", cure)
    time = round(value * _WHOLE_CPU)
    if abs(time / _WHOLE_CPU - value) > _ROUNDING:
        raise SettingValueError("more than three digits after the point", cure)
    return ReserveSetting(size=time)


def _soft_limit_file(value: object) -> str:
    if value not in SOFT_LIMIT_FILES:
        choices = " or ".join(f'"{name}"' for name in SOFT_LIMIT_FILES)
        raise SettingValueError(f"{quoted(value)} is no file for a soft limit", f"write {choices}")
    return str(value)


def _commit_ratio(value: object) -> int:
    cure = f"write a number above 0, up to {LARGEST_COMMIT_RATIO}, such as 1.5"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SettingValueError("not a number", cure)
    # not "<": nan is neither
    if not 0 < value <= LARGEST_COMMIT_RATIO:
        raise SettingValueError(f"{quoted(value)} is out of range", cure)
    ratio = round(value * WHOLE)
    if not ratio or abs(ratio / WHOLE - value) > _ROUNDING:
        raise SettingValueError("more than four digits after the point", cure)
    return ratio


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise SettingValueError(f"{quoted(value)} is neither true nor false", "write true or false")
    return value


def _history_size(value: object) -> int:
    cure = 'write a size such as "1MiB", up to 64 MiB, or "0" for none'
    size = read_size(value, cure)
    if size is None or size > LARGEST_HISTORY_SIZE:
        raise SettingValueError(f"{quoted(value)} is out of range", cure)
    return size


def _partitions(value: object) -> tuple[PartitionBudget, ...]:
    if not isinstance(value, dict):
        raise SettingValueError("not a table", "begin it with [partitions]")
    return tuple(_budget(path, size) for path, size in value.items())


def _budget(path: str, value: object) -> PartitionBudget:
    check_partition(path)
    try:
        size = read_size(value, 'write a size such as "64GiB"')
    except SettingValueError as error:
        raise SettingValueError(f"{quoted(path)}: {error}", error.cure, path) from error
    if size is None:
        raise SettingValueError(
            f"{quoted(path)}: a budget can't be unlimited", "leave it out", path
        )
    return PartitionBudget(path, size)


def _balance(value: object) -> "BalanceSettings | None":
    # Few hosts have it, and of the hook's calls a start that lacks room needs it alone.
    from xmlresource.configuration.balance_settings import read_balance  # noqa: PLC0415

    return read_balance(value)


def _show_balance(value: "BalanceSettings | None") -> object:
    from xmlresource.configuration.balance_settings import show_balance  # noqa: PLC0415

    return show_balance(value)


def _fleet(value: object) -> FleetSetting:
    from xmlresource.configuration.fleet_settings import read_fleet  # noqa: PLC0415 -- as above

    return read_fleet(value)


def _show_fleet(value: FleetSetting) -> object:
    from xmlresource.configuration.fleet_settings import show_fleet  # noqa: PLC0415 -- as above

    return show_fleet(value)


def _show_cpus(value: ReserveSetting | None) -> object:
    return show_reserve(value) if value is None or value.size is None else value.size / _WHOLE_CPU


def _show_ratio(value: int) -> float:
    return value / WHOLE


def _show_partitions(value: tuple[PartitionBudget, ...]) -> dict[str, str]:
    return {budget.path: format_amount(budget.size) for budget in value}


SETTINGS: Final = (
    Setting(
        name="host_reserve",
        example='"5%"',
        help="what is kept for the host itself: a size, or a share of its memory; the default is "
        "5 % of it, at least 256 MiB, at most 4 GiB",
        read=read_reserve,
        show=show_reserve,
    ),
    Setting(
        name="cpu_reserve",
        example='"5%"',
        help="what is kept for the host itself of its CPUs; the default is 5 %, from 0.5 to 2 CPUs",
        read=_cpu_reserve,
        show=_show_cpus,
    ),
    Setting(
        name="soft_limit_file",
        example=f'"{SOFT_LIMIT_FILES[0]}"',
        help="where soft_limit goes on cgroup v2: memory.low acts under host pressure only, "
        "memory.high (libvirt's choice) always",
        read=_soft_limit_file,
    ),
    Setting(
        name="lock_timeout",
        example="30",
        help="the seconds that a start waits for another one to be decided",
        read=seconds_up_to(LONGEST_LOCK_TIMEOUT),
    ),
    Setting(
        name="commit_ratio",
        example="1.0",
        help="how much of the memory that is not the host's may be promised: above 1, more than "
        "there is; each start must still fit what is free",
        read=_commit_ratio,
        show=_show_ratio,
    ),
    Setting(
        name="count_unpromised",
        example="false",
        help="whether guests that run without a promise count as if their RAM and expected "
        "overhead had been promised; each start then reads all definitions",
        read=_truth,
    ),
    Setting(
        name="partitions",
        example="{}",
        help="a table of partitions: the most that may be promised to the guests of each and of "
        "those below it",
        read=_partitions,
        show=_show_partitions,
    ),
    Setting(
        name="boot_priority",
        example="false",
        help="whether, after a boot, room is held back for guests with autostart that have a "
        "higher priority and are still to start; each start then reads their definitions",
        read=_truth,
    ),
    Setting(
        name="boot_window",
        example="600",
        help="for how many seconds after the boot; then all guests are equal",
        read=seconds_up_to(LONGEST_BOOT_WINDOW),
    ),
    Setting(
        name="history_size",
        example='"1MiB"',
        help="what the record of the last decisions may take in /run/xmlresource; 0 keeps none",
        read=_history_size,
        show=format_amount,
    ),
    Setting(
        name="balance",
        example="{}",
        help="a table: how the service moves memory between the host and its guests, and how long "
        "a start may wait for it",
        read=_balance,
        show=_show_balance,
    ),
    Setting(
        name="fleet",
        example="{}",
        help="a table: `service`, libpq's service of the fleet's PostgreSQL, and `host`, the name "
        "of this host there where that is not its hostname",
        read=_fleet,
        show=_show_fleet,
    ),
)
"""What the file may hold."""

_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}
