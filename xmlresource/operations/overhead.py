"""The overhead of a guest, from its definition."""

from xmlresource.operations.reading import domain_of, read_document
from xmlresource.overhead import Overhead, estimate


def overhead(path: str) -> Overhead:
    """What the guest defined at ``path`` takes beyond its RAM.

    Raises:
        DocumentError: It can't be read, or it is no domain.
    """
    return estimate(domain_of(read_document(path)))
