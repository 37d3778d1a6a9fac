"""After guests that are gone: take from the cgroups above what they needed there."""

from xmlresource.events import WARNING, Event
from xmlresource.operations.host import Host
from xmlresource.operations.telling import tell, told
from xmlresource.system.state import Transaction


def settle_above(host: Host, book: Transaction) -> None:
    """Have the cgroups above the guests carry what the book still promises, and no more.

    What the kernel does not take is logged: each later event begins from the book again.

    Raises:
        StateError: What is remembered of them can't be kept.
        OSError: A kernel file can't be read.
    """
    if book.read_chain() is None:  # v1, or nothing is above a guest
        return
    from xmlresource.operations.chain import settle  # noqa: PLC0415 -- v2 alone needs it

    report = settle(host, book)
    if report is not None and not report.ok:
        tell(host, Event(WARNING, told(report)))
