"""Structure: what stands where tunables are declared, and is no tunable, or one too many.

These are the rules that the schemas of the forms state too, plus the places where our elements
would not be read at all.
"""

from collections.abc import Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.document import Document
from xmlresource.document.forms import (
    CPU_IO,
    NAMESPACES,
    Block,
    containers,
    domain_element,
    tunable_of,
)
from xmlresource.document.tree import Element
from xmlresource.rules.diagnosis import at, line_of
from xmlresource.tunables import ATTRIBUTES, MEMORY, NAMESPACE, Family, Form

# XML's, and no others: to libvirt a no-break space is text.
_BLANKS: Final = " \t\r\n"

_OF_MEMORY: Final = frozenset(ATTRIBUTES)

_OF_BLOCKS: Final = {
    Form.RESOURCE: _OF_MEMORY,
    Form.METADATA: _OF_MEMORY,
    Form.MEMTUNE: frozenset[str](),
}

_BLOCKS: Final = frozenset({"memory", *CPU_IO})

# libvirt's own children of <resource>.
_OF_LIBVIRT: Final = frozenset({"partition", "fibrechannel"})


def unknown_document(document: Document) -> Iterator[Diagnostic]:
    """XR010: the document can't hold tunables."""
    if document.is_known:
        return
    # Only a faulty document pays for the import.
    from xmlresource.document.defined_guests import kind_named  # noqa: PLC0415

    root = document.root
    if root.local == "domain" and root.namespace is not None:
        message = f"<{root.name}> is in the namespace '{root.namespace}': libvirt's is in none"
        declaration = f"xmlns:{root.prefix}" if root.prefix else "xmlns"
        yield at("XR010", root, message, hint=f"remove {declaration} from it")
    elif kind_named(root) is None:
        yield at("XR010", root, f"<{root.name}> is no document of libvirt's")
    else:
        message = f"<{root.name}> is not a document that holds tunables"
        yield at("XR010", root, message, hint="give a domain")


def utf16(document: Document) -> Iterator[Diagnostic]:
    """XR007: libvirt can't read it, though it is XML."""
    if document.source.is_utf16 and domain_element(document.root) is not None:
        yield at("XR007", document.root, "the document is in UTF-16, which libvirt can't read")


def container_children(document: Document) -> Iterator[Diagnostic]:
    """XR101, XR103, XR105, XR106 in what holds the blocks."""
    for form, container in containers(document.root):
        own = form is Form.METADATA
        if own:
            yield from _attributes(container, allowed=frozenset())
        yield from stray_text(container)
        for child in container.children:
            if child.namespace == NAMESPACES[form] and child.local in _BLOCKS:
                continue
            if not own and child.namespace is None and child.local in _OF_LIBVIRT:
                continue
            yield _container_child(document, form, child)


def block_children(document: Document) -> Iterator[Diagnostic]:
    """XR101, XR103, XR104, XR105, XR106, XR107 in blocks and values."""
    for block in document.blocks:
        yield from _block_attributes(block)
        yield from stray_text(block.element)
        for child in block.element.children:
            if tunable_of(child, block.form) is None:
                yield _unknown(child, block.form)
            else:
                yield from _attributes(child, allowed=frozenset({"unit"}))
                yield from _elements_in_value(child)
    for found in document.declarations:
        if found.misspelt:
            right = found.tunable.element
            message = f"<{found.element.name}> is the RFC's spelling of <{right}>"
            fix = _renamed(found.element, right)
            yield at("XR104", found.element, message, hint=f"write <{right}>", fix=fix)


def duplicate_tunables(document: Document) -> Iterator[Diagnostic]:
    """XR102: a tunable twice in one block."""
    for block in document.blocks:
        first: dict[str, Element] = {}
        for child in block.element.children:
            tunable = tunable_of(child, block.form)
            if tunable is None:
                continue
            before = first.setdefault(tunable.name, child)
            if before is not child:
                message = f"only one <{child.name}> is allowed, the first is at line"
                yield at("XR102", child, f"{message} {line_of(before)}")


def duplicate_blocks(document: Document) -> Iterator[Diagnostic]:
    """XR108: a second block, or a second element that holds blocks."""
    held = [(form, container) for form, container in containers(document.root)]
    second = set()
    for group in (held, [(block.form, block.element) for block in document.blocks]):
        first: dict[Form, Element] = {}
        for form, element in group:
            before = first.setdefault(form, element)
            # What stands in a second one is no fault of its own.
            if before is not element and element.parent not in second:
                second.add(element)
                message = f"only one <{element.name}> is read, the first is at line"
                yield at("XR108", element, f"{message} {line_of(before)}")


def misplaced_in_domain(document: Document) -> Iterator[Diagnostic]:
    """XR105: our element where neither libvirt keeps it nor we read it."""
    domain = domain_element(document.root)
    if domain is None:
        return
    for child in domain.children:
        if child.namespace == NAMESPACE:
            message = f"<{child.name}> of our namespace is read only right below <metadata>"
            yield at("XR105", child, message, hint="move it into <metadata>")
    for metadata in domain.all("metadata"):
        for child in metadata.children:
            if child.namespace == NAMESPACE and child.local != "resource":
                message = f"<{child.name}> stands right below <metadata>"
                yield at("XR105", child, message, hint="put it into a <resource> of our namespace")
            elif child.is_named("resource"):
                message = "<resource> in <metadata> has no namespace: libvirt deletes it"
                yield at("XR105", child, message, hint=f'declare xmlns="{NAMESPACE}" on it')


def _container_child(document: Document, form: Form, child: Element) -> Diagnostic:
    parent = child.parent.name if child.parent else ""
    if child.local in _BLOCKS:
        return wrong_namespace(child, form)
    holder = holder_of(child, form)
    if holder is not None:
        message = f"<{child.name}> stands right below <{parent}>"
        return at("XR105", child, message, hint=f"put it into {holder}")
    blocks = ["memory", *CPU_IO]
    allowed = blocks if form is Form.METADATA else [*blocks, *sorted(_OF_LIBVIRT)]
    where = "" if document.domain is None else " (libvirt knows no such element either)"
    message = f"unknown element <{child.name}> in <{parent}>{where}"
    return misspelt_element(child, form, message, allowed)


def holder_of(child: Element, form: Form) -> str | None:
    """The element that ``child`` is read in, for a message; ``None`` where it is read in none."""
    if form is Form.MEMTUNE or child.namespace != NAMESPACES[form]:
        return None
    # Only a misplaced element pays for the rows of CPU time and IO.
    from xmlresource.tunables.families import TUNABLES  # noqa: PLC0415

    for row in TUNABLES:
        if child.local == row.element or child.local in row.misspellings:
            if row.family is Family.IO:
                return "a <device> of an <io>" if row.per_device else "an <io>"
            return f"a <{row.family.value}>"
    return None


def _unknown(child: Element, form: Form) -> Diagnostic:
    """The finding for a block's child that declares nothing there."""
    known = {tunable.element_in(form): tunable for tunable in MEMORY}
    if child.local in known:
        return wrong_namespace(child, form)
    for tunable in MEMORY:
        if child.local in {tunable.element, tunable.memtune_element, tunable.name}:
            here = tunable.element_in(form)
            message = f"<{child.name}> is not the name of {tunable.name} in the {form.value} form"
            if here is None:
                hint = f"{form.value} has no {tunable.name}: declare it in <metadata>"
                return at("XR105", child, message, hint=hint)
            fix = _renamed(child, here) if child.namespace == NAMESPACES[form] else ()
            return at("XR105", child, message, hint=f"write <{here}>", fix=fix)
    holder = holder_of(child, form)
    if holder is not None:
        message = f"<{child.name}> stands in <{child.parent.name if child.parent else ''}>"
        return at("XR105", child, message, hint=f"put it into {holder}")
    names = [name for name in known if name is not None]
    message = f"unknown element <{child.name}> in <{child.parent.name if child.parent else ''}>"
    return misspelt_element(child, form, message, names)


def wrong_namespace(child: Element, form: Form) -> Diagnostic:
    """XR105: a name that is known in the form, in another namespace than the form's."""
    wanted = NAMESPACES[form]
    if wanted is None:
        return at(
            "XR105",
            child,
            f"<{child.name}> is in a namespace, and the {form.value} form has none",
            hint="remove the prefix or the namespace declaration",
        )
    return at(
        "XR105",
        child,
        f"<{child.name}> is not in the namespace {wanted}",
        hint="give it the prefix of the element around it",
    )


def misspelt_element(child: Element, form: Form, message: str, allowed: list[str]) -> Diagnostic:
    """An unknown element; it can be mended where only one name can be meant that isn't there."""
    # Only a faulty document pays for the import.
    from xmlresource.rules.fixes import meant  # noqa: PLC0415

    name = meant(child.local, allowed) if child.namespace == NAMESPACES[form] else None
    beside = child.parent.children if child.parent else []
    is_there = any(one.local == name for one in beside)
    fix = () if name is None or is_there else _renamed(child, name)
    return at("XR101", child, message, hint=_suggestion(child.local, allowed), fix=fix)


def _renamed(element: Element, local: str) -> tuple[Edit, ...]:
    from xmlresource.rules.fixes import renamed  # noqa: PLC0415 -- as above

    return renamed(element, local)


def _suggestion(name: str, allowed: list[str]) -> str:
    # Only a faulty document pays for the import.
    from difflib import get_close_matches  # noqa: PLC0415

    folded = {known.lower(): known for known in allowed}
    near = get_close_matches(name.lower(), folded, n=1)
    if near:
        return f"did you mean <{folded[near[0]]}>?"
    return "allowed here: " + ", ".join(f"<{known}>" for known in allowed)


def _block_attributes(block: Block) -> Iterator[Diagnostic]:
    """XR103 of a block: ``<memory>`` may say priority and balance, ``<memtune>`` nothing."""
    allowed = _OF_BLOCKS[block.form]
    names = " and ".join(f"`{name}`" for name in sorted(allowed))
    only = f"only {names} are allowed" if allowed else "it takes none"
    for written in other_attributes(block.element, allowed):
        yield at(
            "XR103",
            block.element,
            f"unknown attribute {written!r} of <{block.element.name}>",
            span=block.element.attribute_span(written),
            hint=f"remove it: {only}",
        )


def other_attributes(element: Element, allowed: frozenset[str]) -> Iterator[str]:
    """The names of its attributes that are neither allowed nor declare a namespace."""
    if allowed.issuperset(element.attributes):
        return
    for written in element.tag.attributes:
        name = written.name
        if name not in allowed and name != "xmlns" and not name.startswith("xmlns:"):
            yield name


def _attributes(element: Element, *, allowed: frozenset[str]) -> Iterator[Diagnostic]:
    for name in other_attributes(element, allowed):
        only = "only `unit` is allowed" if allowed else "it takes none"
        is_unit = bool(allowed) and name.lower() in {"unit", "units", "uint"}
        yield at(
            "XR103",
            element,
            f"unknown attribute {name!r} of <{element.name}>",
            span=element.attribute_span(name),
            hint="did you mean `unit`?" if is_unit else f"remove it: {only}",
            fix=_unit_named(element, name) if is_unit else (),
        )


def _unit_named(element: Element, name: str) -> tuple[Edit, ...]:
    from xmlresource.rules.fixes import attribute_renamed  # noqa: PLC0415 -- as above

    return attribute_renamed(element, name, "unit")


def stray_text(element: Element) -> Iterator[Diagnostic]:
    """XR106: text right in an element that holds none."""
    if not element.text.strip(_BLANKS):
        return
    span = element.stray_text_span
    yield at("XR106", element, f"text right in <{element.name}>", span=span)


def _elements_in_value(element: Element) -> Iterator[Diagnostic]:
    for child in element.children:
        yield at("XR107", child, f"<{child.name}> inside the value of <{element.name}>")


CHECKS: Final = (
    unknown_document,
    utf16,
    container_children,
    block_children,
    duplicate_tunables,
    duplicate_blocks,
    misplaced_in_domain,
)
