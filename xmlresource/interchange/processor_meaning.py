"""What a source's processors mean as tunables: thousandths of a CPU, and shares around 100.

VMware counts MHz of the whole guest, so that the clock of the source's CPUs decides what it is
here. It is not in the file, and nothing is guessed.
"""

from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Final

from xmlresource.interchange.allocation import Allocation, Number, SourceValue, Unit
from xmlresource.interchange.memory_meaning import idle, lost
from xmlresource.interchange.outcomes import Fate, ValueOutcome, value_text
from xmlresource.interchange.wishes import Wishes
from xmlresource.model.cpu import WHOLE_CPU
from xmlresource.units import Unlimited

_USUAL_SHARE: Final = 100
_SHARES: Final = range(1, 10_001)
_MEGA: Final = 10**6
_NO_CLOCK: Final = (
    "MHz are no CPUs here without the clock of the source's: say --source-mhz (vCenter shows it of "
    "the host as its processor speed)"
)


def processor_outcomes(given: Allocation, vcpus: int, wishes: Wishes) -> Iterator[ValueOutcome]:
    """What became of each value.

    Args:
        given: The source's processors.
        vcpus: The vCPUs of the guest that the policy goes into.
        wishes: What the user said besides.
    """
    limit = None if given.limit is None else _limit(given.limit, vcpus, wishes)
    if limit is not None:
        yield limit
    if given.reservation is not None:
        # A reservation as high as the limit must not be rounded above it.
        kept = None if limit is None or limit.fate is Fate.DROPPED else limit.amount
        most = kept if isinstance(kept, int) else vcpus * WHOLE_CPU
        yield _reservation(given.reservation, vcpus, min(most, vcpus * WHOLE_CPU), wishes)
    if given.weight is not None:
        yield share_outcome(given.weight, given.usual_weight, "cpu_share")


def share_outcome(weight: SourceValue, usual: Fraction | None, target: str) -> ValueOutcome:
    """A weight as a share, of which 100 is usual; ratios stay as far as the range has room."""
    number = weight.number
    if weight.is_default or number is None or not usual or not number:
        return idle(weight, "it is the default, and nobody's decision")
    share = round(_USUAL_SHARE * number / usual)
    kept = min(max(share, _SHARES[0]), _SHARES[-1])
    if usual == _USUAL_SHARE and kept == number:
        fate, reason = Fate.TAKEN, ""
    else:
        fate = Fate.CONVERTED if kept == share else Fate.ROUNDED
        reason = f"{_USUAL_SHARE} stands for the usual {float(usual):g}"
    return ValueOutcome(weight.name, weight.written, weight.line, fate, reason, target, kept)


def _reservation(setting: SourceValue, vcpus: int, most: int, wishes: Wishes) -> ValueOutcome:
    if setting.amount == 0:
        return idle(setting, "0 reserves nothing")
    cpus = _cpus(setting, wishes)
    if isinstance(cpus, str):
        return lost(setting, cpus)
    if isinstance(cpus, Unlimited):
        return lost(setting, "nothing can be reserved without bound")
    reason = _calculation(setting, wishes)
    amount = ceil(cpus * WHOLE_CPU)
    fate = Fate.TAKEN if setting.unit is Unit.CPU else Fate.CONVERTED
    if amount > most:
        amount, fate = most, Fate.ROUNDED
        what = "its limit" if most < vcpus * WHOLE_CPU else f"the guest's {vcpus} vCPUs"
        reason = f"{reason}; no more than {what}".removeprefix("; ")
    elif amount != cpus * WHOLE_CPU:
        fate = Fate.ROUNDED
    return _outcome(setting, fate, reason, "cpu_min_guarantee", amount)


def _limit(setting: SourceValue, vcpus: int, wishes: Wishes) -> ValueOutcome:
    if setting.amount == 0:
        return idle(setting, "0 stands for no limit")
    cpus = _cpus(setting, wishes)
    if isinstance(cpus, str):
        return lost(setting, cpus)
    if isinstance(cpus, Unlimited):
        return idle(setting, "unlimited is what holds anyway")
    amount = floor(cpus * WHOLE_CPU)
    if cpus >= vcpus and setting.unit is not Unit.CPU:
        told = value_text("cpu_hard_limit", amount)
        reason = f"{told} are not below the guest's {vcpus} vCPUs, and so without effect"
        return idle(setting, reason)
    if not amount:
        return lost(setting, "it is less than a thousandth of a CPU")
    fate = Fate.TAKEN if setting.unit is Unit.CPU else Fate.CONVERTED
    fate = fate if amount == cpus * WHOLE_CPU else Fate.ROUNDED
    return _outcome(setting, fate, _calculation(setting, wishes), "cpu_hard_limit", amount)


def _cpus(setting: SourceValue, wishes: Wishes) -> Number | str:
    """The CPUs that a setting says, or why that can't be told."""
    if isinstance(setting.amount, Unlimited) or setting.unit is Unit.CPU:
        return setting.amount
    if setting.unit is not Unit.HERTZ:
        return f"it is in {setting.unit.value}, of which nobody can tell what it is a part of"
    if wishes.source_mhz is None:
        return _NO_CLOCK
    return setting.amount / (wishes.source_mhz * _MEGA)


def _calculation(setting: SourceValue, wishes: Wishes) -> str:
    if setting.unit is not Unit.HERTZ or setting.number is None or wishes.source_mhz is None:
        return ""
    return f"{float(setting.number / _MEGA):g} MHz / {float(wishes.source_mhz):g} MHz a CPU"


def _outcome(
    setting: SourceValue, fate: Fate, reason: str, target: str, amount: int
) -> ValueOutcome:
    return ValueOutcome(setting.name, setting.written, setting.line, fate, reason, target, amount)
