"""Memory parameters as libvirt has them: names, whole KiB, and a sentinel for "unlimited".

They are libvirt's own and, from the table of tunables, those that it lacks.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.errors import XmlresourceError
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import BY_NAME, Kind
from xmlresource.units import KIB, UNLIMITED, UNLIMITED_KIB, Amount, Unlimited


class UnknownParameterError(XmlresourceError, LookupError):
    """There is no such parameter; a ``LookupError``, as libvirt's binding raises."""


class ParameterValueError(XmlresourceError, OverflowError):
    """libvirt can't hold the value; an ``OverflowError``, as libvirt's binding raises."""


OF_LIBVIRT: Final = ("hard_limit", "soft_limit", "swap_hard_limit")
"""What libvirt's QEMU and LXC drivers have in their API, in the order in which they report it."""

PARAMETERS: Final = (*OF_LIBVIRT, *(name for name in BY_NAME if name not in OF_LIBVIRT))
"""All there are, in the order in which they are reported."""


def amounts_of(parameters: Mapping[str, int]) -> dict[str, Amount]:
    """The amounts that parameters ask for; a guarantee of 0 is none.

    Raises:
        UnknownParameterError: One is unknown.
        ParameterValueError: A value is negative, or more than libvirt can hold.
    """
    amounts: dict[str, Amount] = {}
    for name, kib in parameters.items():
        tunable = BY_NAME.get(name)
        if tunable is None:
            raise UnknownParameterError(f'attribute name "{name}" could not be recognized')
        if not 0 <= kib <= UNLIMITED_KIB:
            raise ParameterValueError(f"{name}: {kib} KiB is no size that libvirt can hold")
        unlimited = kib == UNLIMITED_KIB
        if unlimited and tunable.kind is Kind.GUARANTEE:
            raise ParameterValueError(f"{name} can't be unlimited")
        amounts[name] = UNLIMITED if unlimited else kib * KIB
    return amounts


def kib_of(name: str, amount: Amount | None) -> int:
    """An amount as a parameter; unset, a limit is unlimited and a guarantee 0."""
    if amount is None:
        return 0 if BY_NAME[name].kind is Kind.GUARANTEE else UNLIMITED_KIB
    return UNLIMITED_KIB if isinstance(amount, Unlimited) else amount // KIB


def parameters_of(policy: MemoryPolicy) -> dict[str, int]:
    """All parameters of a policy."""
    return {name: kib_of(name, policy[name]) for name in PARAMETERS}
