"""The names of single quantities of CPU time and IO: ``cpu_share``, ``vda.iops_hard_limit.read``.

What is of a single device has the device before it: the target of a disk, or an absolute path.
"""

import re
from typing import Final

from xmlresource.record import record
from xmlresource.tunables import Tunable
from xmlresource.tunables.families import CPU, IO

_BY_KEY: Final = {row.key: row for row in (*CPU, *IO)}
_IN_DEVICES: Final = {row.key: row for row in IO if row.per_device}

_OF_DEVICE: Final = r"(.+)\.(io[a-z_-]*(?:\.[a-z]+)?)"

KEYS: Final = tuple(_BY_KEY)
"""All names, without devices."""


@record
class QuantityName:
    """One quantity of a policy.

    Attributes:
        tunable: The row of the table.
        target: The disk of the guest that it is about, by its target; ``None`` for none.
        path: The device of the host that it is about, by its path; ``None`` for none.
    """

    tunable: Tunable
    target: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        device = self.path or self.target
        return self.tunable.key if device is None else f"{device}.{self.tunable.key}"

    @property
    def device(self) -> tuple[str | None, str | None]:
        """Target and path of the device."""
        return self.target, self.path


def parse_quantity_name(text: str) -> QuantityName | None:
    """The quantity that ``text`` names; ``None`` for none."""
    row = _BY_KEY.get(text)
    if row is not None:
        return None if row.per_device else QuantityName(row)
    for key, each in _IN_DEVICES.items():
        device = text.removesuffix(f".{key}")
        if device and device != text:
            return named_device(each, device)
    return None


def written_quantity_name(text: str) -> QuantityName | None:
    """The quantity that a person names, who may write ``-`` for ``_`` in all but the device."""
    device, key = split_name(text)
    key = key.replace("-", "_")
    return parse_quantity_name(key if device is None else f"{device}.{key}")


def split_name(text: str) -> tuple[str | None, str]:
    """The device, if any, and the rest of a name, known or not.

    A device's name may hold points, so what begins with ``io`` last is taken for the rest.
    """
    match = re.fullmatch(_OF_DEVICE, text, re.ASCII)
    return (None, text) if match is None else (match[1], match[2])


def named_device(tunable: Tunable, device: str) -> QuantityName:
    """The quantity of a device: of a path where it begins with a slash, else of a disk."""
    if device.startswith("/"):
        return QuantityName(tunable, path=device)
    return QuantityName(tunable, target=device)


def lacks_device(text: str) -> bool:
    """Whether ``text`` names a quantity of a device, and no device."""
    row = _BY_KEY.get(text)
    return row is not None and row.per_device
