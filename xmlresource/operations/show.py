"""Show the policy of a document."""

from xmlresource.document import Document
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.reading import read_document
from xmlresource.record import record
from xmlresource.tunables import Form


@record
class Shown:
    """The policy of one document.

    Attributes:
        domain: The guest's name; ``None`` for a bare fragment.
        policy: Its tunables, of all forms together.
        forms: Of each tunable that is set, the form that holds it.
    """

    domain: str | None
    policy: MemoryPolicy
    forms: dict[str, Form]


def show(path: str) -> Shown:
    """The policy of the document at ``path`` (``-``: standard input).

    Raises:
        DocumentError: It can't be read.
    """
    return describe(read_document(path))


def describe(document: Document) -> Shown:
    """The policy of a document that has been read."""
    domain = document.domain
    return Shown(None if domain is None else domain.name, document.policy, document.forms)
