"""Which element of a document that is being edited is one of ours, and what may stand in it.

The document may be broken, so that its markup alone tells. Which tunables there are, and where each
stands, is the table's.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final, TypeAlias

from xmlresource.document.forms import AROUND_A_DOMAIN, NAMESPACES
from xmlresource.record import record
from xmlresource.relaxng.completing.markup import MarkupElement
from xmlresource.tunables import DEVICE, NAMESPACE, Family, Form, Tunable
from xmlresource.tunables.families import TUNABLES

RESOURCE: Final = "resource"
MEMTUNE: Final = "memtune"
PREFIX: Final = "xr"
"""The prefix of our namespace, where a document has declared none."""

_Name: TypeAlias = tuple[str | None, str]
"""A namespace and a local name."""

_DOMAINS: Final[tuple[_Name, ...]] = ((None, "domain"), (None, "inactiveDomain"))
_METADATA: Final[_Name] = (None, "metadata")

_FAMILIES: Final = {family.value: family for family in Family}
_DEEPEST: Final = 8
"""More elements than there are from the document's to a tunable's."""


class PolicyPart(Enum):
    """The part of a policy that an element is."""

    CONTAINER = "what holds the families"
    FAMILY = "what holds the tunables of a family"
    DEVICE = "what holds the tunables of one device"
    VALUE = "one tunable, or two in attributes"


@record
class PolicyElement:
    """An element of ours.

    Attributes:
        part: The part of a policy that it is.
        form: The form that it is written in.
        family: Its family; ``None`` for what holds all families.
        rows: The tunables that it declares.
    """

    part: PolicyPart
    form: Form
    family: Family | None = None
    rows: tuple[Tunable, ...] = ()

    def children(self) -> dict[str, "PolicyElement"]:
        """The elements of ours that may stand in it, by their local names, in the table's order."""
        if self.part is PolicyPart.CONTAINER:
            return {
                name: PolicyElement(PolicyPart.FAMILY, self.form, family)
                for name, family in _FAMILIES.items()
            }
        found: dict[str, PolicyElement] = {}
        for row in self._rows_inside():
            name = row.element_in(self.form)
            if row.per_device and self.part is PolicyPart.FAMILY:
                found[DEVICE] = PolicyElement(PolicyPart.DEVICE, self.form, self.family)
            elif name is not None:
                rows = found[name].rows if name in found else ()
                found[name] = PolicyElement(PolicyPart.VALUE, self.form, self.family, (*rows, row))
        return found

    def child(self, local: str) -> "PolicyElement | None":
        """The element of ours that a child is; the misspellings that are read count, too."""
        children = self.children()
        return children.get(local) or next(
            (
                each
                for each in children.values()
                if self.form is not Form.MEMTUNE
                for row in each.rows
                if local in row.misspellings
            ),
            None,
        )

    def _rows_inside(self) -> Iterator[Tunable]:
        """The tunables in it, and those of devices in it."""
        if self.part is PolicyPart.VALUE:
            return
        for row in TUNABLES:
            is_its_own = row.family is self.family and row.element_in(self.form) is not None
            if is_its_own and (row.per_device or self.part is PolicyPart.FAMILY):
                yield row


def _outermost() -> Iterator[tuple[tuple[_Name, ...], PolicyElement]]:
    """The elements that have none of ours around them, by the names on the way to them."""
    ours = PolicyElement(PolicyPart.CONTAINER, Form.METADATA)
    libvirts = {
        RESOURCE: PolicyElement(PolicyPart.CONTAINER, Form.RESOURCE),
        MEMTUNE: PolicyElement(PolicyPart.FAMILY, Form.MEMTUNE, Family.MEMORY),
    }
    for name, element in libvirts.items():
        yield ((None, name),), element
    yield ((NAMESPACE, RESOURCE),), ours
    for name, element in ours.children().items():
        yield ((NAMESPACE, name),), element
    for domain in _DOMAINS:
        for name, element in libvirts.items():
            yield (domain, (None, name)), element
        yield (domain, _METADATA, (NAMESPACE, RESOURCE)), ours


_OUTERMOST: Final = dict(_outermost())

_LOCAL_NAMES: Final = frozenset(
    {
        *(names[-1][1] for names in _OUTERMOST),
        DEVICE,
        *(name for row in TUNABLES for form in Form if (name := row.element_in(form))),
        *(name for row in TUNABLES for name in row.misspellings),
    }
)
"""What elements of ours are called, so that the many others cost nothing."""


def policy_element(element: MarkupElement) -> PolicyElement | None:
    """The part of a policy that an element is; ``None`` for one that is not ours."""
    if element.name.rpartition(":")[2] not in _LOCAL_NAMES:
        return None
    names = _names_to(element)
    for length in range(1, len(names) + 1):
        found = _OUTERMOST.get(names[:length])
        if found is not None:
            return _inside(found, names[length:])
    return None


def holds_our_resource(element: MarkupElement) -> bool:
    """Whether an element is the ``<metadata>`` of a domain, where our ``<resource>`` is read."""
    names = _names_to(element)
    return names[:-1] in {(each,) for each in _DOMAINS} and names[1:] == (_METADATA,)


def _inside(found: PolicyElement | None, names: Sequence[_Name]) -> PolicyElement | None:
    for namespace, local in names:
        if found is None or namespace != NAMESPACES[found.form]:
            return None
        found = found.child(local)
    return found


def _names_to(element: MarkupElement) -> tuple[_Name, ...]:
    """The names on the way from the domain, or from the document's element if that is ours.

    None where there are too many of them.
    """
    way = [element]
    while (parent := way[-1].parent) is not None:
        if len(way) == _DEEPEST:
            return ()
        way.append(parent)
    # Who has not declared our namespace yet has a finding that says so, and means it all the same.
    declared: dict[str, str] = {PREFIX: NAMESPACE}
    names: list[_Name] = []
    for each in reversed(way):
        for attribute in each.tag.attributes():
            xmlns, _, prefix = attribute.name.partition(":")
            if xmlns == "xmlns":
                declared[prefix] = attribute.value or ""
        prefix, _, local = each.name.rpartition(":")
        # A prefix that nobody has declared is in a namespace of its own.
        namespace = declared.get(prefix, prefix)
        names.append((namespace or None, local))
    is_around = names[0][0] is None and names[0][1] in AROUND_A_DOMAIN
    return tuple(names[1:] if is_around and names[1:2] == [_DOMAINS[0]] else names)
