"""The three forms: where a document declares tunables, and what it says of each.

Everything that stands there is handed over as it stands, right or wrong; ``rules`` judge it.
"""

from collections.abc import Iterator
from typing import Any, Final

from xmlresource.diagnostics import Span
from xmlresource.document.tree import Element
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import record
from xmlresource.tunables import ATTRIBUTES, MEMORY, NAMESPACE, Family, Form, Kind, Tunable
from xmlresource.units import Amount, QuantityError, SizeError, parse_size

NAMESPACES: Final = {Form.RESOURCE: None, Form.METADATA: NAMESPACE, Form.MEMTUNE: None}

CPU_IO: Final = {Family.CPU.value: Family.CPU, Family.IO.value: Family.IO}
"""The families that few guests declare anything of, by the names of their elements."""

AROUND_A_DOMAIN: Final = frozenset({"domstatus", "domainsnapshot", "domaincheckpoint"})


@record
class Block:
    """An element that holds tunables: ``<memory>``, ``<memtune>``, ``<cpu>`` or ``<io>``."""

    form: Form
    element: Element
    family: Family = Family.MEMORY


@record
class Declaration:
    """One element, or one attribute of it, that declares a tunable.

    Attributes:
        tunable: The tunable.
        form: The form it stands in.
        element: The element.
        amount: What it says; ``None`` where it says nothing: it can't be read, or it is a
            guarantee of 0, which libvirt takes as none.
        error: Why it can't be read; ``None`` where it can.
        device: The ``<device>`` around it, for a tunable of single devices.
    """

    tunable: Tunable
    form: Form
    element: Element
    amount: Amount | None
    error: QuantityError | None
    device: Element | None = None

    @property
    def misspelt(self) -> bool:
        """Whether the element is spelt in a way that is read but not right."""
        return self.element.local in self.tunable.misspellings

    @property
    def name(self) -> str:
        """The name of what it declares: that of the tunable, with its device where it has one."""
        if self.device is None:
            return self.tunable.key
        attributes = self.device.attributes
        device = attributes.get("path") or attributes.get("target")
        return self.tunable.key if device is None else f"{device}.{self.tunable.key}"

    @property
    def value_span(self) -> Span:
        """The place of the value."""
        if self.tunable.attribute is None:
            return self.element.text_span
        return self.element.value_span(self.tunable.attribute)


def containers(root: Element) -> Iterator[tuple[Form, Element]]:
    """The elements that hold blocks: ``<resource>`` and our own in ``<metadata>``."""
    domain = domain_element(root)
    if domain is not None:
        yield from ((Form.RESOURCE, element) for element in domain.all("resource"))
        for metadata in domain.all("metadata"):
            yield from ((Form.METADATA, found) for found in metadata.all("resource", NAMESPACE))
    elif root.is_named("resource"):
        yield Form.RESOURCE, root
    elif root.is_named("resource", NAMESPACE):
        yield Form.METADATA, root


def blocks(root: Element) -> Iterator[Block]:
    """All blocks of the document, in the order of the forms."""
    for form, container in containers(root):
        for memory in container.all("memory", NAMESPACES[form]):
            yield Block(form, memory)
    domain = domain_element(root)
    if root.is_named("memory", NAMESPACE):
        yield Block(Form.METADATA, root)
    elif root.is_named("memtune"):
        yield Block(Form.MEMTUNE, root)
    elif domain is not None:
        yield from (Block(Form.MEMTUNE, memtune) for memtune in domain.all("memtune"))


def cpu_io_blocks(root: Element) -> Iterator[Block]:
    """All ``<cpu>`` and ``<io>`` of the document, in the order of the forms."""
    for form, container in containers(root):
        for child in container.children:
            if child.local in CPU_IO and child.namespace == NAMESPACES[form]:
                yield Block(form, child, CPU_IO[child.local])
    if root.namespace == NAMESPACE and root.local in CPU_IO:
        yield Block(Form.METADATA, root, CPU_IO[root.local])


def domain_element(root: Element) -> Element | None:
    """The ``<domain>`` of a document: its root, or that in a snapshot or in libvirt's status."""
    if root.is_named("domain") or root.is_named("inactiveDomain"):
        return root
    # Not by the table of kinds, which the hook would have to load.
    is_around = root.namespace is None and root.local in AROUND_A_DOMAIN
    return root.first("domain") if is_around else None


def is_known_root(root: Element) -> bool:
    """Whether the document is of a kind that can hold tunables."""
    return (
        domain_element(root) is not None
        or root.is_named("resource")
        or root.is_named("resource", NAMESPACE)
        or (root.namespace == NAMESPACE and (root.local == "memory" or root.local in CPU_IO))
        or root.is_named("memtune")
    )


def declarations(block: Block) -> Iterator[Declaration]:
    """The declarations of a block, in document order."""
    for element in block.element.children:
        tunable = tunable_of(element, block.form)
        if tunable is not None:
            yield _declaration(tunable, block.form, element)


def tunable_of(element: Element, form: Form) -> Tunable | None:
    """The tunable that an element declares in ``form``; ``None`` for none."""
    if element.namespace != NAMESPACES[form]:
        return None
    for tunable in MEMORY:
        if element.local == tunable.element_in(form):
            return tunable
        if form is not Form.MEMTUNE and element.local in tunable.misspellings:
            return tunable
    return None


def attributes_said(
    found: tuple[Block, ...], name: str
) -> Iterator[tuple[Block, str, int | bool | None]]:
    """Where blocks say something of the guest in an attribute: the block, the text, its meaning.

    That is ``None`` where it can't be read.
    """
    for block in found:
        text = block.element.attributes.get(name)
        if text is not None and block.form is not Form.MEMTUNE:
            # Few guests have one, and the hook pays for each import.
            from xmlresource.formats.guest_attributes import ROWS  # noqa: PLC0415

            yield block, text, ROWS[name].parse(text)


def policy_of(found: tuple[Declaration, ...], held_by: tuple[Block, ...] = ()) -> MemoryPolicy:
    """The policy that declarations make: of each tunable the first that says something.

    Where forms disagree it is no use to anyone; ``rules`` report that as an error.

    Args:
        found: The declarations.
        held_by: The blocks that may say the guest's priority and balance.
    """
    fields: dict[str, Any] = {}
    for declaration in found:
        if declaration.amount is not None:
            fields.setdefault(declaration.tunable.name, declaration.amount)
    for name in ATTRIBUTES:
        for _, _, meaning in attributes_said(held_by, name):
            if meaning is not None:
                fields.setdefault(name, meaning)
    return MemoryPolicy(**fields)


def _declaration(tunable: Tunable, form: Form, element: Element) -> Declaration:
    try:
        amount: Amount | None = parse_size(element.text, element.attributes.get("unit"))
    except SizeError as error:
        return Declaration(tunable, form, element, None, error, None)
    if tunable.kind is Kind.GUARANTEE and amount == 0:
        amount = None
    return Declaration(tunable, form, element, amount, None, None)
