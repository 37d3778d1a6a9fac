"""The files of a schema as trees, with what RELAX NG inherits from parent to child (§4.1-4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.parsers import expat

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.loading.sources import join

if TYPE_CHECKING:
    from xmlresource.relaxng.loading.sources import Sources

RELAXNG = "http://relaxng.org/ns/structure/1.0"
_XML = "http://www.w3.org/XML/1998/namespace"
_BASE = f"{_XML} base"
# Deeper nesting would exhaust Python's stack in the recursive parts; real schemas have some 30.
_MAX_DEPTH = 120


class Node:
    """An element of a schema.

    Attributes:
        tag: its local name.
        attributes: its attributes without a namespace.
        children: the children in RELAX NG's namespace; others are annotations (§4.1).
        text: its character data.
        ns: the namespace in force for names without a prefix (§4.8).
        library: the datatype library in force (§4.4).
        prefixes: the namespaces that are declared.
        base: the location that references are relative to.
        place: file, line and column of its start tag.
    """

    __slots__ = ("attributes", "base", "children", "library", "ns", "place", "prefixes", "tag",
                 "text")  # fmt: skip

    attributes: dict[str, str]
    base: str
    children: list[Node]
    library: str
    ns: str
    place: tuple[str, int, int]
    prefixes: dict[str, str]

    def __init__(
        self, tag: str, attributes: dict[str, str], place: tuple[str, int, int], parent: Node
    ) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children = []
        self.text = ""
        self.ns = attributes.get("ns", parent.ns)
        self.library = attributes.get("datatypeLibrary", parent.library)
        self.prefixes = parent.prefixes
        self.base = parent.base
        self.place = place

    @classmethod
    def outside(cls, location: str, ns: str) -> Node:
        """Return what a root inherits from: a node that is in no file."""
        node = cls.__new__(cls)
        node.tag, node.attributes, node.children, node.text = "", {}, [], ""
        node.ns, node.library, node.prefixes = ns, "", {"xml": _XML}
        node.base, node.place = location, (location, 0, 0)
        return node


def parse(sources: Sources, location: str, ns: str = "") -> Node:
    """Read a file of a schema.

    Args:
        sources: where files come from.
        location: which file.
        ns: the namespace inherited from where the file is referred to (§4.6).

    Raises:
        SchemaError: it cannot be read, is not well-formed, or is not RELAX NG.
    """
    return _Reader(location, ns).read(sources.read(location))


class _Reader:
    """Builds the tree of one file."""

    def __init__(self, location: str, ns: str) -> None:
        self._location = location
        self._outside = Node.outside(location, ns)
        self._stack: list[Node] = [self._outside]
        self._declared: dict[str, str] = {}
        self._foreign = 0
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartNamespaceDeclHandler = self._declare
        parser.StartDoctypeDeclHandler = self._doctype

    def read(self, data: bytes) -> Node:
        try:
            self._parser.Parse(data, True)  # noqa: FBT003  # expat takes no keywords
        except expat.ExpatError as error:
            message = f"not well-formed: {expat.errors.messages[error.code]}"
            place = (self._location, error.lineno, error.offset + 1)
            raise SchemaError(message, *place) from error
        except (LookupError, ValueError) as error:  # an encoding that Python or expat lacks
            message = f"cannot be read: {error}"
            raise SchemaError(message, self._location) from error
        return self._outside.children[0]

    def _place(self) -> tuple[str, int, int]:
        parser = self._parser
        return self._location, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1

    def _doctype(self, name: str, *_: object) -> None:
        file, line, column = self._place()  # of the end of its name
        column = max(column - len("<!DOCTYPE ") - len(name), 1)
        message = "a DOCTYPE is not allowed"
        raise SchemaError(message, file, line, column)

    def _declare(self, prefix: str | None, uri: str | None) -> None:
        self._declared[prefix or ""] = uri or ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        declared, self._declared = self._declared, {}
        namespace, _, tag = name.rpartition(" ")
        if self._foreign or (namespace != RELAXNG and len(self._stack) > 1):
            self._foreign += 1
            return
        if namespace != RELAXNG:
            message = f"<{tag}> is not in the namespace {RELAXNG}"
            raise SchemaError(message, *self._place())
        if len(self._stack) > _MAX_DEPTH:
            message = f"nested more than {_MAX_DEPTH} levels deep"
            raise SchemaError(message, *self._place())
        parent = self._stack[-1]
        own = {key: value for key, value in attributes.items() if " " not in key}
        node = Node(tag, own, self._place(), parent)
        if declared:
            node.prefixes = {**parent.prefixes, **declared}
        if _BASE in attributes:
            node.base = join(parent.base, attributes[_BASE])
        parent.children.append(node)
        self._stack.append(node)

    def _end(self, _: str) -> None:
        if self._foreign:
            self._foreign -= 1
        else:
            self._stack.pop()

    def _text(self, text: str) -> None:
        if not self._foreign:
            self._stack[-1].text += text
