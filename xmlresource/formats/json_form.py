"""Tunables as JSON: bytes, ``"unlimited"`` or ``null``; ``schemas/policy.schema.json`` says so."""

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from xmlresource.tunables import BY_NAME, MEMORY, Kind
from xmlresource.units import KIB, LARGEST, UNLIMITED, Amount, Unlimited

JsonAmount: TypeAlias = int | str | None

_MOST: Final = LARGEST - KIB


def to_json(amounts: Iterable[tuple[str, Amount]]) -> dict[str, JsonAmount]:
    """All tunables, those that are unset as ``None``."""
    by_name = dict(amounts)
    return {tunable.name: _written(by_name.get(tunable.name)) for tunable in MEMORY}


def from_json(value: Mapping[str, object]) -> dict[str, Amount]:
    """The amounts; of tunables that are missing or ``null``, none.

    Raises:
        ValueError: The schema refuses ``value``.
    """
    amounts = {}
    for name, written in value.items():
        if name not in BY_NAME:
            raise ValueError(f"there is no tunable {name!r}; there are {', '.join(BY_NAME)}")
        if written is not None:
            amounts[name] = _amount(name, written)
    return amounts


def _written(amount: Amount | None) -> JsonAmount:
    return amount.value if isinstance(amount, Unlimited) else amount


def _amount(name: str, written: object) -> Amount:
    if written == UNLIMITED.value and BY_NAME[name].kind is Kind.LIMIT:
        return UNLIMITED
    # To JSON 1.0 is a whole number as well; to Python, True is one too.
    if isinstance(written, float) and written.is_integer():
        written = int(written)
    if not isinstance(written, int) or isinstance(written, bool) or not 0 <= written <= _MOST:
        raise ValueError(f"{name} is no size in bytes: {written!r}")
    return written
