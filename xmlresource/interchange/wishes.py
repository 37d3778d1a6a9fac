"""What the user says besides the source: what it can't know, and what is only done if asked."""

from enum import Enum
from fractions import Fraction

from xmlresource.record import record


class OnRequest(Enum):
    """What is taken only if asked for, because it rarely means here what it meant there."""

    LIMITS = "limits"  # limits below the RAM
    BALLOON = "balloon"  # the floor of a balloon as a guarantee
    MEMORY_SHARES = "memory-shares"  # shares of memory as the priority after a boot


@record
class Wishes:
    """What the user says besides the source.

    Attributes:
        source_mhz: The clock of the source host's CPUs, in MHz.
        take: What is taken although it is only taken if asked for.
    """

    source_mhz: Fraction | None = None
    take: frozenset[OnRequest] = frozenset()
