"""The tunables of one guest."""

from collections.abc import Iterator

from xmlresource.record import record
from xmlresource.tunables import MEMORY
from xmlresource.units import Amount, Unlimited


@record
class MemoryPolicy:
    """What one guest may use of memory and must get, in bytes.

    ``None`` is "not said". A limit may be ``UNLIMITED``; a guarantee is a size. The meaning of each
    is in the table ``tunables.MEMORY``; the relations between them are ``rules``' business, so that
    a policy can hold what a faulty document says.

    Raises:
        ValueError: A size is negative.
    """

    hard_limit: Amount | None = None
    soft_limit: Amount | None = None
    min_guarantee: Amount | None = None
    swap_hard_limit: Amount | None = None
    swap_soft_limit: Amount | None = None

    def __post_init__(self) -> None:
        for name, amount in self.items():
            if not isinstance(amount, Unlimited) and amount < 0:
                raise ValueError(f"{name} is negative: {amount}")

    def __getitem__(self, name: str) -> Amount | None:
        amount: Amount | None = getattr(self, name)
        return amount

    def __bool__(self) -> bool:
        return any(True for _ in self.items())

    def items(self) -> Iterator[tuple[str, Amount]]:
        """The tunables that are set, by name, in the table's order."""
        for tunable in MEMORY:
            amount = self[tunable.name]
            if amount is not None:
                yield tunable.name, amount

    @property
    def guarantee(self) -> int:
        """The bytes to promise: ``min_guarantee``, or 0 where none is declared."""
        amount = self.min_guarantee
        return amount if isinstance(amount, int) else 0
