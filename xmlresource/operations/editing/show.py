"""Show the policy of a document."""

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import ResourcePolicy
from xmlresource.operations.named_document import AnyInput, document_of
from xmlresource.record import record
from xmlresource.rules.left_out import left_out_of_cpu_and_io, left_out_of_policy
from xmlresource.tunables import Form


@record
class Shown:
    """The policy of one document.

    Attributes:
        domain: The guest's name; ``None`` for a bare fragment.
        policy: Its tunables of memory, of all forms together.
        forms: Of each tunable that is set, the form that holds it.
        resources: Its tunables of all families.
        left_out: What declares a tunable and can't be read.
    """

    domain: str | None
    policy: MemoryPolicy
    forms: dict[str, Form]
    resources: ResourcePolicy
    left_out: tuple[Diagnostic, ...] = ()


def show(document: AnyInput) -> Shown:
    """The policy of a document.

    Raises:
        DocumentError: It can't be read.
    """
    return describe(document_of(document))


def describe(document: Document) -> Shown:
    """The policy of a document that has been read."""
    domain = document.domain
    name = None if domain is None else domain.name
    left_out = (*left_out_of_policy(document), *left_out_of_cpu_and_io(document))
    return Shown(name, document.policy, document.all_forms, document.resources, left_out)
