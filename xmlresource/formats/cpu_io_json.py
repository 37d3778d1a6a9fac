"""CPU time and IO as JSON, in the units of the policies; ``schemas/policy.schema.json`` says so."""

from collections.abc import Mapping
from typing import Any, Final

from xmlresource.formats.quantities import LARGEST_SHARE, MOST_CPUS, MOST_OPERATIONS, WHOLE
from xmlresource.tunables import Kind, Quantity, Tunable
from xmlresource.tunables.families import CPU, IO
from xmlresource.units import KIB, LARGEST, UNLIMITED, Amount, Unlimited

_DEVICES: Final = "devices"
_NAMES: Final = ("target", "path")
_OWN: Final = tuple(row for row in IO if not row.per_device)
_OF_DEVICES: Final = tuple(row for row in IO if row.per_device)

RANGES: Final[Mapping[Quantity, tuple[int, int]]] = {
    Quantity.CPUS: (0, MOST_CPUS * WHOLE),
    Quantity.PERCENT: (0, 100 * WHOLE),
    Quantity.WEIGHT: (1, LARGEST_SHARE),
    Quantity.BYTES_PER_SECOND: (0, LARGEST - KIB),
    Quantity.OPERATIONS_PER_SECOND: (0, MOST_OPERATIONS),
}
"""The least and the most of each quantity."""


def cpu_to_json(policy: object) -> dict[str, Any]:
    """All tunables of CPU time, by the fields of their policy."""
    return _written(policy, CPU)


def io_to_json(policy: Any) -> dict[str, Any]:
    """All tunables of IO, by the fields of their policies."""
    devices = [
        {**{name: getattr(each, name) for name in _NAMES}, **_written(each, _OF_DEVICES)}
        for each in policy.devices
    ]
    return {**_written(policy, _OWN), _DEVICES: devices}


def cpu_from_json(value: object) -> dict[str, Any]:
    """The fields of a policy of CPU time.

    Raises:
        ValueError: The schema refuses ``value``.
    """
    return _read("cpu", value, CPU)


def io_from_json(value: object) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The fields of a policy of IO, and those of its devices.

    Raises:
        ValueError: The schema refuses ``value``.
    """
    devices: object = []
    if isinstance(value, Mapping):
        devices = value.get(_DEVICES, [])
        value = {name: each for name, each in value.items() if name != _DEVICES}
    if not isinstance(devices, list):
        raise ValueError(f"devices is no list: {devices!r}")  # noqa: TRY004 -- a value
    return _read("io", value, _OWN), [_device(each) for each in devices]


def _device(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"a device is no object: {value!r}")  # noqa: TRY004 -- as above
    named = {name: value[name] for name in _NAMES if value.get(name) is not None}
    if len(named) != 1 or not all(isinstance(each, str) and each for each in named.values()):
        raise ValueError(f"a device has a target or a path: {value!r}")
    rest = {name: each for name, each in value.items() if name not in _NAMES}
    return {**named, **_read("a device", rest, _OF_DEVICES)}


def _written(policy: object, rows: tuple[Tunable, ...]) -> dict[str, Any]:
    amounts: dict[str, Amount | None] = {row.field: getattr(policy, row.field) for row in rows}
    return {
        field: amount.value if isinstance(amount, Unlimited) else amount
        for field, amount in amounts.items()
    }


def _read(what: str, value: object, rows: tuple[Tunable, ...]) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{what} is no object: {value!r}")  # noqa: TRY004 -- as above
    by_field = {row.field: row for row in rows}
    unknown = sorted(str(name) for name in value.keys() - by_field.keys())
    if unknown:
        known = ", ".join(by_field)
        raise ValueError(f"there is no {unknown[0]!r} in {what}; there are {known}")
    return {name: _amount(by_field[name], each) for name, each in value.items() if each is not None}


def _amount(row: Tunable, written: object) -> Amount:
    if written == UNLIMITED.value and row.kind is Kind.LIMIT:
        return UNLIMITED
    # To JSON 1.0 is a whole number as well; to Python, True is one too.
    if isinstance(written, float) and written.is_integer():
        written = int(written)
    least, most = RANGES[row.quantity]
    if not isinstance(written, int) or isinstance(written, bool) or not least <= written <= most:
        raise ValueError(f"{row.field} is no whole number from {least} to {most}: {written!r}")
    return written
