"""Settings and their values: the row of a table of settings, and readers that several share."""

from collections.abc import Callable
from typing import Any, Final

from xmlresource.model.host import ReserveSetting
from xmlresource.promises.terms import WHOLE
from xmlresource.record import record
from xmlresource.units import SizeError, format_amount, parse_written_size

_MOST_DIGITS: Final = 9
_SHOWN: Final = 40


class SettingValueError(ValueError):
    """A value that a setting can't have; its text says why, ``cure`` what to write.

    ``key`` is the key in a setting's own table that has it, if any; ``table`` the names that lead
    to that table, where the key alone may stand in several.
    """

    def __init__(
        self, problem: str, cure: str, key: str | None = None, table: tuple[str, ...] = ()
    ) -> None:
        super().__init__(problem)
        self.cure: Final = cure
        self.key: Final = key
        self.table: Final = table


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


def read_reserve(value: object) -> ReserveSetting:
    """A size or a share of the host's memory.

    Raises:
        SettingValueError: It is neither.
    """
    cure = 'write a size such as "4GiB", or a share of the host such as "5%"'
    if not isinstance(value, str):
        raise SettingValueError("not a text in quotes", cure)
    text = value.strip()
    if text.endswith("%"):
        return ReserveSetting(basis_points=read_basis_points(text[:-1].strip(), cure))
    size = read_size(text, cure)
    if size is None:
        raise SettingValueError("the reserve can't be unlimited", cure)
    return ReserveSetting(size=size)


def read_size(value: object, cure: str) -> int | None:
    """A size in quotes, in bytes; ``None`` for "unlimited".

    Args:
        value: The value.
        cure: What to write instead, where it is no size.

    Raises:
        SettingValueError: It is no size.
    """
    if not isinstance(value, str):
        raise SettingValueError("not a text in quotes", cure)
    try:
        size = parse_written_size(value)
    except SizeError as error:
        raise SettingValueError(error.problem, cure) from error
    return size if isinstance(size, int) else None


def read_basis_points(text: str, cure: str) -> int:
    """``5`` or ``2.25`` percent, without the rounding of floating point.

    Raises:
        SettingValueError: It is no percentage.
    """
    whole, point, fraction = text.partition(".")
    digits = whole + fraction
    if not whole or bool(point) != bool(fraction) or not (digits.isascii() and digits.isdigit()):
        raise SettingValueError(f"{quoted(text + '%')} is no percentage", cure)
    if len(fraction) > len("00"):
        raise SettingValueError("more than two digits after the point", cure)
    whole = whole.lstrip("0")
    # Long before Python's own limit for the digits of a number.
    points = int((whole + fraction.ljust(2, "0"))[:_MOST_DIGITS])
    if points > WHOLE:
        raise SettingValueError("more than 100 %", cure)
    return points


def seconds_up_to(most: int) -> Callable[[object], float]:
    """A reader of a number of seconds."""
    cure = f"write a number of seconds, from 0 to {most}"

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise SettingValueError("not a number", cure)
        # not "<": nan is neither
        if not 0 <= value <= most:
            raise SettingValueError(f"{quoted(value)} is out of range", cure)
        return value

    return read


def show_reserve(value: ReserveSetting | None) -> object:
    """A reserve as it may be written; ``None`` for the default."""
    if value is None:
        return None
    if value.size is not None:
        return format_amount(value.size)
    return f"{(value.basis_points or 0) / 100:g}%"


def check_partition(path: str) -> None:
    """Refuse what is no partition.

    Raises:
        SettingValueError: It is none.
    """
    if not path.startswith("/") or path.endswith("/") or not path.isprintable():
        cure = 'write one as domains do, such as "/machine/prod"'
        raise SettingValueError(f"{quoted(path)} is no partition", cure, path)


def quoted(value: object) -> str:
    """A value of the file as a message shows it: not all of a long one."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
