"""The overhead: what QEMU takes beyond a guest's RAM, from the definition alone.

``estimate(domain)`` gives the items, their totals and the limits that follow. Figures are data
(``items.toml``); how they were measured, and how far off they are, is in ``docs/overhead.md``.
``total_of(overheads)`` adds guests up, and ``measured`` splits what a running guest really takes in
the same way; reading that from a machine is left to others.
"""

from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.estimate import Item, Overhead, estimate
from xmlresource.overhead.host_total import Total, total_of

__all__ = ["Charged", "Cost", "Item", "Overhead", "Total", "estimate", "total_of"]
