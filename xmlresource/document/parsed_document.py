"""A parsed document: its tree, its declarations, its policy, its domain."""

from functools import cached_property
from typing import Self

from xmlresource.document.domain import read_domain
from xmlresource.document.errors import DocumentError
from xmlresource.document.forms import (
    Block,
    Declaration,
    attributes_said,
    blocks,
    cpu_io_blocks,
    declarations,
    domain_element,
    is_known_root,
    policy_of,
)
from xmlresource.document.source import Source
from xmlresource.document.tree import Element, ReadLimits, parse, parse_beginning
from xmlresource.limits import MOST_LEVELS, MOST_POLICY_ELEMENTS
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.tunables import BALANCE, Form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.model.cpu import CpuPolicy
    from xmlresource.model.io import IoPolicy
    from xmlresource.model.resource import ResourcePolicy

# The domain in it may be as deep as any.
_STATUS = ReadLimits(MOST_LEVELS + 1, MOST_POLICY_ELEMENTS)


class ParsedDocument:
    """One document, read once, that is not changed.

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

    @classmethod
    def parse_status(cls, data: bytes, name: str) -> Self:
        """Read a status file of libvirt's: ``<domstatus>`` around a live ``<domain>``.

        Raises:
            DocumentError: It can't be read, or has more than a document with a policy may have.
        """
        source = Source(data, name)
        return cls(source, parse(source, _STATUS))

    @classmethod
    def parse_beginning(cls, data: bytes, name: str) -> Self | None:
        """Read a status file as far as it goes; ``None`` where that is nowhere."""
        try:
            source = Source(data, name)
        except DocumentError:
            return None
        root = parse_beginning(source, _STATUS)
        return None if root is None else cls(source, root)

    def to_bytes(self) -> bytes:
        """The document, in its own encoding."""
        return self.source.to_bytes(self.source.text)

    def with_text(self, text: bytes) -> Self:
        """A document of the same name and encoding with another text.

        Args:
            text: The document as UTF-8.

        Raises:
            DocumentError: It can't be read.
        """
        return type(self).parse(self.source.to_bytes(text), self.source.name)

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
        """The declarations of all blocks, form by form, in document order."""
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
    def balance(self) -> bool | None:
        """Whether the balancing service may move the guest's memory; ``None`` if not said.

        What can't be read is taken for "no", and so are two that disagree.
        """
        said = {bool(meaning) for _, _, meaning in attributes_said(self.blocks, BALANCE)}
        return min(said, default=None)

    @cached_property
    def cpu_io_blocks(self) -> tuple[Block, ...]:
        """The ``<cpu>`` and ``<io>`` elements that can hold tunables."""
        return tuple(cpu_io_blocks(self.root))

    @cached_property
    def cpu_io_declarations(self) -> tuple[Declaration, ...]:
        """The declarations of CPU time and IO of all blocks, form by form, in document order."""
        if not self.cpu_io_blocks:
            return ()
        # The hook reads documents at every guest start, and few guests have such a block.
        from xmlresource.document.cpu_io import declarations as declared  # noqa: PLC0415

        return tuple(found for block in self.cpu_io_blocks for found in declared(block))

    def cpu_policy_in(self, *forms: Form) -> "CpuPolicy":
        """The tunables of CPU time that stand in one of ``forms``."""
        from xmlresource.document.cpu_io import cpu_policy_of  # noqa: PLC0415 -- as above

        return cpu_policy_of(found for found in self.cpu_io_declarations if found.form in forms)

    def io_policy_in(self, *forms: Form) -> "IoPolicy":
        """The tunables of IO that stand in one of ``forms``."""
        from xmlresource.document.cpu_io import io_policy_of  # noqa: PLC0415 -- as above

        return io_policy_of(found for found in self.cpu_io_declarations if found.form in forms)

    @property
    def resources(self) -> "ResourcePolicy":
        """The tunables of memory, CPU time and IO, of all forms together."""
        from xmlresource.model.resource import ResourcePolicy  # noqa: PLC0415 -- as above

        return ResourcePolicy(self.policy, self.cpu_policy_in(*Form), self.io_policy_in(*Form))

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

    @property
    def all_forms(self) -> dict[str, Form]:
        """Of all that is declared of any family, the first form that says something of it."""
        forms = self.forms
        for found in self.cpu_io_declarations:
            if found.amount is not None:
                forms.setdefault(found.name, found.form)
        return forms

    @cached_property
    def domain(self) -> Domain | None:
        """The guest it defines; ``None`` for a bare fragment."""
        element = domain_element(self.root)
        return None if element is None else read_domain(element)
