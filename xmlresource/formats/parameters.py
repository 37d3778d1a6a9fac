"""Tunables as libvirt's typed parameters: whole KiB, and its sentinel for "unlimited".

``virDomainSetMemoryParameters`` and ``virDomainGetMemoryParameters`` take and give them.
"""

from collections.abc import Iterable, Mapping

from xmlresource.formats.misuse import is_size, refuse_size
from xmlresource.formats.spelling import settled
from xmlresource.tunables import BY_NAME, Form, Kind
from xmlresource.units import KIB, UNLIMITED, UNLIMITED_KIB, Amount, Unlimited


def to_parameters(amounts: Iterable[tuple[str, Amount]]) -> dict[str, int]:
    """The parameters that set ``amounts``.

    Raises:
        ValueError: libvirt has no such parameter, or can't hold the amount.
    """
    parameters = {}
    for name, amount in amounts:
        tunable = BY_NAME[name]
        if tunable.element_in(Form.MEMTUNE) is None:
            raise ValueError(f"libvirt's API has no {name}")
        held = settled(name, amount, guarantee=tunable.kind is Kind.GUARANTEE)
        if isinstance(held, Unlimited):
            parameters[name] = UNLIMITED_KIB
        else:
            parameters[name] = (held or 0) // KIB
    return parameters


def from_parameters(parameters: Mapping[str, int]) -> dict[str, Amount]:
    """The amounts that libvirt's ``parameters`` mean; it reports "unlimited" for each unset limit.

    Raises:
        ValueError: A parameter is unknown, or no size.
    """
    amounts: dict[str, Amount] = {}
    for name, kib in parameters.items():
        if name not in BY_NAME or BY_NAME[name].element_in(Form.MEMTUNE) is None:
            raise ValueError(f"there is no memory parameter {name!r}")
        if not is_size(kib):
            refuse_size(name, kib)
        if kib < 0:
            raise ValueError(f"{name} is negative: {kib}")
        if BY_NAME[name].kind is Kind.GUARANTEE and kib == 0:
            continue
        amounts[name] = UNLIMITED if kib >= UNLIMITED_KIB else kib * KIB
    return amounts
