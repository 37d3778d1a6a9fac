"""What QEMU takes beyond a guest's RAM, from the guest's definition alone.

``estimate(domain)`` gives the items, their totals and the limits that follow. Figures are data
(``items.toml``); how they were measured, and how far off they are, is in ``docs/overhead.md``.
Measuring a running guest is left to others.
"""

from xmlresource.overhead.costs import Charged, Cost
from xmlresource.overhead.estimate import Item, Overhead, estimate

__all__ = ["Charged", "Cost", "Item", "Overhead", "estimate"]
