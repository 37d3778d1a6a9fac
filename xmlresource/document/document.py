"""A document that has been read: its tree, its declarations, its policy, its domain."""

from functools import cached_property
from typing import Self

from xmlresource.document.domain import read_domain
from xmlresource.document.forms import (
    Block,
    Declaration,
    blocks,
    declarations,
    domain_element,
    is_known_root,
    policy_of,
)
from xmlresource.document.source import Source
from xmlresource.document.tree import Element, parse
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import Form


class Document:
    """One document, read once.

    Attributes:
        source: Its bytes.
        root: Its root element.
    """

    def __init__(self, source: Source, root: Element) -> None:
        self.source = source
        self.root = root

    @classmethod
    def parse(cls, data: bytes, name: str = "<document>") -> Self:
        """Read a whole domain or a bare fragment.

        Args:
            data: The document.
            name: Its name for messages.

        Raises:
            DocumentError: It can't be read; the error holds a diagnostic.
        """
        source = Source(data, name)
        return cls(source, parse(source))

    def to_bytes(self) -> bytes:
        """The document, in its own encoding."""
        return self.source.to_bytes(self.source.text)

    def with_text(self, text: bytes) -> Self:
        """Another document of the same name and encoding.

        Args:
            text: The document as UTF-8.

        Raises:
            DocumentError: It can't be read.
        """
        return type(self).parse(self.source.to_bytes(text), self.source.name)

    def with_policy(self, policy: MemoryPolicy, form: Form | None = None) -> "Document":
        """This document with exactly what ``policy`` says, all else byte for byte the same.

        Args:
            policy: What it is to declare; a tunable that is unset is taken out, so a priority.
            form: Where new tunables go; by default the one form that is used, else metadata.

        Raises:
            EditError: It can't be done.
        """
        # The hook reads documents at every guest start and edits none.
        from xmlresource.document.editing.assign import replace  # noqa: PLC0415

        return replace(self, policy, form).document

    @property
    def is_known(self) -> bool:
        """Whether it is of a kind that can hold tunables."""
        return is_known_root(self.root)

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The ``<memory>`` and ``<memtune>`` elements that can hold tunables."""
        return tuple(blocks(self.root))

    @cached_property
    def declarations(self) -> tuple[Declaration, ...]:
        """What they declare, form by form, in document order."""
        return tuple(found for block in self.blocks for found in declarations(block))

    @cached_property
    def policy(self) -> MemoryPolicy:
        """The tunables of all forms together."""
        return policy_of(self.declarations, self.blocks)

    def policy_in(self, *forms: Form) -> MemoryPolicy:
        """The tunables that stand in one of ``forms``."""
        return policy_of(
            tuple(found for found in self.declarations if found.form in forms),
            tuple(block for block in self.blocks if block.form in forms),
        )

    @property
    def form(self) -> Form | None:
        """The one form that declares tunables; ``None`` where there is none or more than one."""
        forms = {found.form for found in self.declarations if found.amount is not None}
        return forms.pop() if len(forms) == 1 else None

    @property
    def forms(self) -> dict[str, Form]:
        """Of each tunable that is declared, the first form that says something of it."""
        forms: dict[str, Form] = {}
        for found in self.declarations:
            if found.amount is not None:
                forms.setdefault(found.tunable.name, found.form)
        return forms

    @cached_property
    def domain(self) -> Domain | None:
        """The guest it defines; ``None`` for a bare fragment."""
        element = domain_element(self.root)
        return None if element is None else read_domain(element)
