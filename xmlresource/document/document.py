"""A document that has been read, and that can be asked for another one with a new policy."""

from typing import Self

from xmlresource.document.parsed_document import ParsedDocument
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.model.resource import ResourcePolicy


class Document(ParsedDocument):
    """One document, read once."""

    def with_policy(self, policy: MemoryPolicy, form: Form | None = None) -> Self:
        """This document with exactly what ``policy`` says, all else byte for byte the same.

        Args:
            policy: What it is to declare; a tunable that is unset is taken out, so a priority.
            form: Where new tunables go; by default the one form that is used, else metadata.

        Raises:
            EditError: It can't be done.
        """
        # The hook reads documents at every guest start and edits none.
        from xmlresource.document.editing.assignment import replace  # noqa: PLC0415

        return replace(self, policy, form).document

    def with_resources(self, policy: "ResourcePolicy", form: Form | None = None) -> Self:
        """This document with exactly what ``policy`` says of memory, CPU time and IO.

        Args:
            policy: What it is to declare; a tunable that is unset is taken out.
            form: Where new tunables go; by default the one form that is used, else metadata.

        Raises:
            EditError: It can't be done.
        """
        from xmlresource.document.editing.assignment import replace_all  # noqa: PLC0415 -- as above

        return replace_all(self, policy, form).document
