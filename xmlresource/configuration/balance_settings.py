"""The ``[balance]`` table of ``/etc/xmlresource.toml``: how memory is moved between guests."""

from collections.abc import Callable
from enum import Enum
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
from xmlresource.model.host import ReserveSetting
from xmlresource.promises.terms import WHOLE, is_in_partition
from xmlresource.record import record
from xmlresource.units import format_amount

_MIB: Final = 1 << 20
_TABLE: Final = ("balance",)

LONGEST_WAIT: Final = 600
"""The seconds that a start may wait at most: libvirt's callers wait with it."""

_LONGEST: Final = 86_400
_MOST_DIGITS: Final = 9
_SHORTEST_INTERVAL: Final = 0.1
_LEAST_STEP: Final = 100
_LARGEST_STEP: Final = 2500
_LEAST_KEEP: Final = 200
_LARGEST_KEEP: Final = 9000


class Mode(Enum):
    """What the service may do to a guest, from nothing to everything."""

    OFF = "off"
    OBSERVE = "observe"
    BALLOON = "balloon"
    PRESS = "balloon and press"


_ORDER: Final = tuple(Mode)


@record
class PartitionMode:
    """The mode of the guests of a partition and of those below it."""

    path: str
    mode: Mode


@record
class BalanceSettings:
    """The settings of the balancing service.

    Attributes:
        mode: What it may do at all.
        make_room: How many seconds a start waits for memory to come free; 0 for not at all.
        partitions: Modes of partitions; a narrower one wins, none goes beyond ``mode``.
        interval: Seconds between two rounds while something moves.
        slow_interval: Seconds between two looks while nothing does.
        take_below: Memory is taken when less is available on the host: a size, or a share of its
            memory; ``None`` for the default.
        give_above: Memory is given back when more is available; ``None`` for the default.
        pressure: Percent of time in which tasks of the host wait for memory, from which on it is
            short of it whatever is available.
        swap_in: Bytes a second read back from swap, likewise.
        step: Hundredths of a percent of a guest's RAM that may move in one round.
        keep: Hundredths of a percent of its RAM that a guest must report as usable after memory
            was taken from it.
        starving: Hundredths of a percent below which it starves.
        stale: Seconds after which what a guest reports is not trusted any more.
        patience: Seconds in which a balloon must begin to move.
        calm: Seconds that a guest is not taken from after it was given something.
        back_off: Seconds for which a guest that did not do as asked is left alone, at first.
    """

    mode: Mode = Mode.OFF
    make_room: float = 0
    partitions: tuple[PartitionMode, ...] = ()
    interval: float = 2
    slow_interval: float = 30
    take_below: ReserveSetting | None = None
    give_above: ReserveSetting | None = None
    pressure: float = 10
    swap_in: int = _MIB
    step: int = 1000
    keep: int = 2000
    starving: int = 1000
    stale: float = 30
    patience: float = 10
    calm: float = 60
    back_off: float = 60

    def mode_of(self, partition: str | None, *, balance: bool | None = None) -> Mode:
        """What may be done to a guest.

        Args:
            partition: Its partition; ``None`` for libvirt's default.
            balance: What its own ``<memory balance='…'>`` says.
        """
        if balance is False:
            return Mode.OFF
        narrowest = max(
            (each for each in self.partitions if is_in_partition(partition, each.path)),
            key=lambda each: len(each.path),
            default=None,
        )
        wanted = self.mode if narrowest is None else narrowest.mode
        return min(self.mode, wanted, key=_ORDER.index)


def read_balance(value: object) -> BalanceSettings | None:
    """The settings of a table; ``None`` where it is empty.

    Raises:
        SettingValueError: It is no table, has an unknown key, or a value that makes no sense.
    """
    if not isinstance(value, dict):
        raise SettingValueError("not a table", "begin it with [balance]")
    found: dict[str, Any] = {}
    for key, each in value.items():
        setting = _BY_NAME.get(key)
        if setting is None:
            known = ", ".join(_BY_NAME)
            problem, cure = f"unknown key {quoted(key)}", f"the keys are {known}"
            raise SettingValueError(problem, cure, key, _TABLE)
        try:
            found[key] = setting.read(each)
        except SettingValueError as error:
            table = (*_TABLE, key) if error.key else _TABLE
            raise SettingValueError(
                f"{key}: {error}", error.cure, error.key or key, table
            ) from error
    if not found:
        return None
    settings = BalanceSettings(**found)
    _check_shares(settings)
    return settings


def show_balance(value: BalanceSettings | None) -> dict[str, object]:
    """The settings as they may be written; an empty table where there are none."""
    if value is None:
        return {}
    shown = {each.name: each.show(getattr(value, each.name)) for each in BALANCE_SETTINGS}
    return {name: each for name, each in shown.items() if each is not None}


def _check_shares(settings: BalanceSettings) -> None:
    """A guest that may be taken from is not to be one that starves at the next look."""
    if settings.starving * 2 > settings.keep:
        raise SettingValueError(
            "keep: less than twice as much as starving",
            "raise keep, or lower starving: a guest that gave would starve at once",
            "keep",
            _TABLE,
        )


def _mode(value: object) -> Mode:
    for mode in Mode:
        if mode.value == value:
            return mode
    choices = ", ".join(f'"{mode.value}"' for mode in Mode)
    raise SettingValueError(f"{quoted(value)} is no mode", f"write one of {choices}")


def _show_mode(value: Mode) -> str:
    return value.value


def _partitions(value: object) -> tuple[PartitionMode, ...]:
    if not isinstance(value, dict):
        raise SettingValueError("not a table", "begin it with [balance.partitions]")
    return tuple(_partition_mode(path, mode) for path, mode in value.items())


def _partition_mode(path: str, value: object) -> PartitionMode:
    check_partition(path)
    try:
        return PartitionMode(path, _mode(value))
    except SettingValueError as error:
        raise SettingValueError(f"{quoted(path)}: {error}", error.cure, path) from error


def _show_partitions(value: tuple[PartitionMode, ...]) -> dict[str, str]:
    return {each.path: each.mode.value for each in value}


def _duration(most: int) -> Callable[[object], float]:
    """A reader of seconds: a number, or a number and ``s`` in quotes."""
    seconds = seconds_up_to(most)

    def read(value: object) -> float:
        number = value.strip().removesuffix("s").rstrip() if isinstance(value, str) else ""
        if number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS:
            return seconds(int(number))
        return seconds(value)

    return read


def _interval(value: object) -> float:
    seconds = _duration(_LONGEST)(value)
    if seconds < _SHORTEST_INTERVAL:
        problem = f"{quoted(value)} is out of range"
        raise SettingValueError(problem, f"write {_SHORTEST_INTERVAL} seconds or more")
    return seconds


def _percent(least: int, most: int) -> Callable[[object], int]:
    """A reader of a percentage, within two others, in hundredths of a percent."""
    cure = f'write a share between "{least / 100:g}%" and "{most / 100:g}%"'

    def read(value: object) -> int:
        text = value.strip() if isinstance(value, str) else ""
        if not text.endswith("%"):
            raise SettingValueError("not a percentage in quotes", cure)
        share = read_basis_points(text[:-1].strip(), cure)
        if not least <= share <= most:
            raise SettingValueError(f"{quoted(value)} is out of range", cure)
        return share

    return read


def _show_percent(value: int) -> str:
    return f"{value / 100:g}%"


def _pressure(value: object) -> float:
    return _percent(1, WHOLE)(value) / 100


def _show_pressure(value: float) -> str:
    return f"{value:g}%"


def _rate(value: object) -> int:
    cure = 'write what is read in a second, such as "1MiB"'
    size = read_size(value, cure)
    if not size:
        raise SettingValueError(f"{quoted(value)} is out of range", cure)
    return size


BALANCE_SETTINGS: Final = (
    Setting(
        name="mode",
        example='"off"',
        help='what the service may do: "off", "observe" (it only says what it would do), '
        '"balloon" or "balloon and press"',
        read=_mode,
        show=_show_mode,
    ),
    Setting(
        name="make_room",
        example='"0s"',
        help="for how long a start that lacks nothing but free memory waits for the service to "
        "take it from guests above their guarantees; 0 for not at all",
        read=_duration(LONGEST_WAIT),
    ),
    Setting(
        name="partitions",
        example="{}",
        help="a table of partitions: the mode of the guests of each and of those below it; none "
        "goes beyond mode",
        read=_partitions,
        show=_show_partitions,
    ),
    Setting(
        name="take_below",
        example='"10%"',
        help="memory is taken when less is available on the host: a size, or a share; the default "
        "is 10 %, at least 256 MiB, at most 8 GiB",
        read=read_reserve,
        show=show_reserve,
    ),
    Setting(
        name="give_above",
        example='"15%"',
        help="memory is given back when more is available; the default is half as much again as "
        "take_below",
        read=read_reserve,
        show=show_reserve,
    ),
    Setting(
        name="pressure",
        example='"10%"',
        help="the share of time in which tasks wait for memory, from which on host or guest are "
        "short of it",
        read=_pressure,
        show=_show_pressure,
    ),
    Setting(
        name="swap_in",
        example='"1MiB"',
        help="what is read back from swap in a second, from which on host or guest are short",
        read=_rate,
        show=format_amount,
    ),
    Setting(
        name="step",
        example='"10%"',
        help="the share of a guest's RAM that is taken in one round, at most",
        read=_percent(_LEAST_STEP, _LARGEST_STEP),
        show=_show_percent,
    ),
    Setting(
        name="keep",
        example='"20%"',
        help="the share of a guest's RAM that it still reports as usable after memory was taken",
        read=_percent(_LEAST_KEEP, _LARGEST_KEEP),
        show=_show_percent,
    ),
    Setting(
        name="starving",
        example='"10%"',
        help="the usable share of its RAM below which a guest gets memory before others keep cache",
        read=_percent(1, _LARGEST_KEEP // 2),
        show=_show_percent,
    ),
    Setting(
        name="interval",
        example="2",
        help="the seconds between two rounds while something moves",
        read=_interval,
    ),
    Setting(
        name="slow_interval",
        example="30",
        help="the seconds between two looks while nothing does",
        read=_interval,
    ),
    Setting(
        name="stale",
        example="30",
        help="the seconds after which what a guest reports is not trusted any more",
        read=_duration(_LONGEST),
    ),
    Setting(
        name="patience",
        example="10",
        help="the seconds in which a balloon must begin to move",
        read=_duration(_LONGEST),
    ),
    Setting(
        name="calm",
        example="60",
        help="the seconds in which a guest that was given memory is not taken from, and the other "
        "way round, unless host or guest are in need",
        read=_duration(_LONGEST),
    ),
    Setting(
        name="back_off",
        example="60",
        help="the seconds for which a guest that did not do as asked is left alone; twice as many "
        "each time that it does not",
        read=_duration(_LONGEST),
    ),
)
"""What the table may hold."""

_BY_NAME: Final = {setting.name: setting for setting in BALANCE_SETTINGS}
