"""``/etc/xmlresource.toml``, from its text. Opening it is ``system.config``'s business.

``SETTINGS`` says everything about a setting; reader and help follow it.
"""

from collections.abc import Callable
from typing import Any, Final

from xmlresource.errors import XmlresourceError
from xmlresource.model.host import ReserveSetting
from xmlresource.model.terms import WHOLE, PartitionBudget
from xmlresource.record import record
from xmlresource.units import SizeError, format_amount, parse_written_size

PATH: Final = "/etc/xmlresource.toml"

SOFT_LIMIT_FILES: Final = ("memory.low", "memory.high")
LONGEST_LOCK_TIMEOUT: Final = 3600
LONGEST_BOOT_WINDOW: Final = 10**9
DEFAULT_HISTORY_SIZE: Final = 1 << 20
LARGEST_HISTORY_SIZE: Final = 64 << 20

LARGEST_COMMIT_RATIO: Final = 100

_MOST_DIGITS: Final = 9
_ROUNDING: Final = 1e-9
_SHOWN: Final = 40


@record
class Configuration:
    """What the administrator settled; the defaults where there is no file.

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


class _ValueError(ValueError):
    """A value that a setting can't have; its text says why, ``cure`` what to write.

    ``key`` is the key in a setting's own table that has it, if any.
    """

    def __init__(self, problem: str, cure: str, key: str | None = None) -> None:
        super().__init__(problem)
        self.cure: Final = cure
        self.key: Final = key


def _as_it_is(value: object) -> object:
    return value


@record
class Setting:
    """One key of the file.

    Attributes:
        name: The key, which is the field of ``Configuration``, too.
        example: A value as it may be written.
        help: What it does, in a line.
        read: From the TOML value to the field's.
        show: From the field's value to one that JSON and a person can read.
    """

    name: str
    example: str
    help: str
    read: Callable[[object], object]
    show: Callable[[Any], object] = _as_it_is


def parse_configuration(text: str, path: str = PATH) -> Configuration:
    """The settings that ``text`` holds; the defaults for the others.

    Args:
        text: TOML.
        path: The file's name, for the error.

    Raises:
        ConfigurationError: It is not TOML, has an unknown key, or a value that makes no sense.
    """
    import tomllib  # noqa: PLC0415 - most hosts have no configuration: don't pay for it at a start

    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(
            path, _line_in(str(error)), f"not TOML: {error}", "mend the line"
        ) from error
    values: dict[str, Any] = {}
    for key, value in document.items():
        setting = _BY_NAME.get(key)
        if setting is None:
            known = ", ".join(_BY_NAME)
            raise ConfigurationError(
                path, _line_of(key, text), f"unknown key {_quoted(key)}", f"the keys are {known}"
            )
        try:
            values[key] = setting.read(value)
        except _ValueError as error:
            raise ConfigurationError(
                path, _line_of(error.key or key, text), f"{key}: {error}", error.cure
            ) from error
    return Configuration(**values)


def lines_of(text: str) -> dict[str, int | None]:
    """Of each setting that ``text``, which can be read, holds, the line it stands on."""
    import tomllib  # noqa: PLC0415 - see above

    return {key: _line_of(key, text) for key in tomllib.loads(text)}


def _reserve(value: object) -> ReserveSetting:
    cure = 'write a size such as "4GiB", or a share of the host such as "5%"'
    if not isinstance(value, str):
        raise _ValueError("not a text in quotes", cure)
    text = value.strip()
    if text.endswith("%"):
        return ReserveSetting(basis_points=_basis_points(text[:-1].strip(), cure))
    try:
        size = parse_written_size(text)
    except SizeError as error:
        raise _ValueError(error.problem, cure) from error
    if not isinstance(size, int):
        raise _ValueError("the reserve can't be unlimited", cure)
    return ReserveSetting(size=size)


def _basis_points(text: str, cure: str) -> int:
    """``5`` or ``2.25`` percent, without the rounding of floating point."""
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if not whole or bool(point) != bool(fraction) or not (digits.isascii() and digits.isdigit()):
        raise _ValueError(f"{_quoted(text + '%')} is no percentage", cure)
    if len(fraction) > len("00"):
        raise _ValueError("more than two digits after the point", cure)
    whole = whole.lstrip("0")
    # Long before Python's own limit for the digits of a number.
    points = int((whole + fraction.ljust(2, "0"))[:_MOST_DIGITS])
    if points > WHOLE:
        raise _ValueError("more than 100 %", cure)
    return points


def _soft_limit_file(value: object) -> str:
    if value not in SOFT_LIMIT_FILES:
        choices = " or ".join(f'"{name}"' for name in SOFT_LIMIT_FILES)
        raise _ValueError(f"{_quoted(value)} is no file for a soft limit", f"write {choices}")
    return str(value)


def _seconds(most: int) -> Callable[[object], float]:
    cure = f"write a number of seconds, from 0 to {most}"

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _ValueError("not a number", cure)
        # not "<": nan is neither
        if not 0 <= value <= most:
            raise _ValueError(f"{_quoted(value)} is out of range", cure)
        return value

    return read


def _commit_ratio(value: object) -> int:
    cure = f"write a number above 0, up to {LARGEST_COMMIT_RATIO}, such as 1.5"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _ValueError("not a number", cure)
    # not "<": nan is neither
    if not 0 < value <= LARGEST_COMMIT_RATIO:
        raise _ValueError(f"{_quoted(value)} is out of range", cure)
    ratio = round(value * WHOLE)
    if not ratio or abs(ratio / WHOLE - value) > _ROUNDING:
        raise _ValueError("more than four digits after the point", cure)
    return ratio


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _ValueError(f"{_quoted(value)} is neither true nor false", "write true or false")
    return value


def _history_size(value: object) -> int:
    cure = 'write a size such as "1MiB", up to 64 MiB, or "0" for none'
    if not isinstance(value, str):
        raise _ValueError("not a text in quotes", cure)
    try:
        size = parse_written_size(value)
    except SizeError as error:
        raise _ValueError(error.problem, cure) from error
    if not isinstance(size, int) or size > LARGEST_HISTORY_SIZE:
        raise _ValueError(f"{_quoted(value)} is out of range", cure)
    return size


def _partitions(value: object) -> tuple[PartitionBudget, ...]:
    if not isinstance(value, dict):
        raise _ValueError("not a table", "begin it with [partitions]")
    return tuple(_budget(path, size) for path, size in value.items())


def _budget(path: str, value: object) -> PartitionBudget:
    if not path.startswith("/") or path.endswith("/") or not path.isprintable():
        cure = 'write one as domains do, such as "/machine/prod"'
        raise _ValueError(f"{_quoted(path)} is no partition", cure, path)
    cure = 'write a size such as "64GiB"'
    if not isinstance(value, str):
        raise _ValueError(f"{_quoted(path)}: not a text in quotes", cure, path)
    try:
        size = parse_written_size(value)
    except SizeError as error:
        raise _ValueError(f"{_quoted(path)}: {error.problem}", cure, path) from error
    if not isinstance(size, int):
        raise _ValueError(f"{_quoted(path)}: a budget can't be unlimited", "leave it out", path)
    return PartitionBudget(path, size)


def _show_reserve(value: ReserveSetting | None) -> object:
    if value is None:
        return None
    if value.size is not None:
        return format_amount(value.size)
    return f"{(value.basis_points or 0) / 100:g}%"


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
        read=_reserve,
        show=_show_reserve,
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
        read=_seconds(LONGEST_LOCK_TIMEOUT),
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
        read=_seconds(LONGEST_BOOT_WINDOW),
    ),
    Setting(
        name="history_size",
        example='"1MiB"',
        help="what the record of the last decisions may take in /run/xmlresource; 0 keeps none",
        read=_history_size,
        show=format_amount,
    ),
)
"""What the file may hold."""

_BY_NAME: Final = {setting.name: setting for setting in SETTINGS}


def _line_of(key: str, text: str) -> int | None:
    """The first line that sets ``key``, or opens a table of that name."""
    for number, line in enumerate(text.splitlines(), start=1):
        begin = line.strip().lstrip("[").strip()
        for spelling in (key, f'"{key}"', f"'{key}'"):
            if begin.startswith(spelling) and begin[len(spelling) :].lstrip()[:1] in {
                "=",
                ".",
                "]",
            }:
                return number
    return None  # spelt with escapes


def _line_in(message: str) -> int | None:
    """The line that tomllib names in ``… (at line 3, column 5)``."""
    digits = message.partition("(at line ")[2].partition(",")[0]
    return int(digits) if digits.isdigit() else None


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
