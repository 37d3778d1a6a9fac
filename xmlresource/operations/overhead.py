"""The overhead of a guest, from its definition."""

from xmlresource.codes import CODES
from xmlresource.document import DocumentError
from xmlresource.operations.reading import read_document
from xmlresource.overhead import Overhead, estimate


def overhead(path: str) -> Overhead:
    """What the guest defined at ``path`` takes beyond its RAM.

    Raises:
        DocumentError: It can't be read, or it is no domain.
    """
    document = read_document(path)
    if document.domain is None:
        row = CODES["XR010"]
        message = f"<{document.root.name}> is not a domain, so it has no overhead"
        raise DocumentError(
            row.diagnostic(message, document.source.name, span=document.root.span, hint=row.cure)
        )
    return estimate(document.domain)
