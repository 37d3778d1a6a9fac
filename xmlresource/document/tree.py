"""The elements of a document, with the exact bytes each stands at: one expat pass.

The pass keeps the offset of every tag. What is seldom asked for (the bytes of one attribute, the
end of a start tag) is found from there when asked, in the document's own bytes.
"""

import pyexpat
import re
from collections.abc import Iterator
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final, NoReturn

from xmlresource.diagnostics import Span
from xmlresource.document.errors import DocumentError, document_error
from xmlresource.document.source import Source
from xmlresource.limits import MOST_LEVELS
from xmlresource.record import record

if TYPE_CHECKING:
    from xmlresource.document.malformed import Malformation

# Each costs some 400 bytes of memory: 32 MiB of `<a/>` would cost 3 GB. No domain comes near.
MOST_ELEMENTS: Final = 500_000

# Separates namespace, local name and prefix in what expat hands over; no XML document can hold it.
_SEPARATOR: Final = "\x1f"
# Compiled when first used: a document without faults needs none of them.
_TAG: Final = rb"<([^\s/>]+)((?:[^\"'>]|\"[^\"]*\"|'[^']*')*?)(/?)>"
_ATTRIBUTE: Final = rb"\s([^\s=]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
_MARKUP: Final = rb"(?s:<!--.*?-->|<\?.*?\?>)"
_END_TAG: Final = rb"</[^>]*>"
_compiled: Final = cache(re.compile)


@record
class Attribute:
    """One attribute as it stands in the document: offsets of its name and of its quoted value."""

    name: str
    name_start: int
    name_end: int
    value_start: int
    value_end: int


@record
class StartTag:
    """A start tag as it stands in the document.

    Attributes:
        name: The name as written, with its prefix.
        end: The offset after its ``>``.
        empty: It is an empty-element tag, ``<a/>``.
        attributes: Its attributes, namespace declarations among them.
    """

    name: str
    end: int
    empty: bool
    attributes: tuple[Attribute, ...]


class Element:
    """One element.

    Attributes:
        source: The document it stands in.
        parent: The element around it; ``None`` for the root.
        namespace: Its namespace; ``None`` for none.
        local: Its local name.
        prefix: The prefix as written; ``None`` for none.
        attributes: Its attributes by name (``local``, or ``namespace local``), without namespace
            declarations.
        children: The elements in it.
        pieces: The text right in it, in the pieces in which expat hands it over.
        start: The offset of its ``<``.
        content_end: The offset after its content: of its end tag's ``<``.
    """

    # __dict__ is for the cached properties.
    __slots__ = (
        "__dict__",
        "attributes",
        "children",
        "content_end",
        "local",
        "namespace",
        "parent",
        "pieces",
        "prefix",
        "source",
        "start",
    )

    def __init__(
        self,
        source: Source,
        parent: "Element | None",
        name: str,
        attributes: dict[str, str],
        start: int,
    ) -> None:
        self.source: Final = source
        self.parent: Final = parent
        self.namespace, self.local, self.prefix = _split(name)
        self.attributes: Final = _by_name(attributes)
        self.children: Final[list[Element]] = []
        self.pieces: Final[list[str]] = []
        self.start: Final = start
        self.content_end = start

    @cached_property
    def text(self) -> str:
        """The text right in it, of its CDATA sections too."""
        # Joined once: adding each piece to a string takes quadratic time with many children.
        return "".join(self.pieces)

    @cached_property
    def tag(self) -> StartTag:
        """Its start tag as it stands in the document."""
        match = _compiled(_TAG).match(self.source.text, self.start)
        if match is None:  # pragma: no cover -- expat has accepted this tag
            raise AssertionError(self.start)
        offset = match.start(2)
        attributes = tuple(
            Attribute(
                found[1].decode(),
                offset + found.start(1),
                offset + found.end(1),
                offset + found.start(found.lastindex or 2),
                offset + found.end(found.lastindex or 2),
            )
            for found in re.finditer(_ATTRIBUTE, match[2])
        )
        return StartTag(match[1].decode(), match.end(), bool(match[3]), attributes)

    @property
    def name(self) -> str:
        """Its name as written, for messages."""
        return f"{self.prefix}:{self.local}" if self.prefix else self.local

    @property
    def content_start(self) -> int:
        """The offset of its content: after its start tag."""
        return self.tag.end

    @property
    def end(self) -> int:
        """The offset after it."""
        if self.tag.empty:
            return self.tag.end
        match = _compiled(_END_TAG).match(self.source.text, self.content_end)
        if match is None:  # pragma: no cover -- expat has accepted this tag
            raise AssertionError(self.content_end)
        return match.end()

    @property
    def span(self) -> Span:
        """Its start tag."""
        return self.source.span(self.start, self.tag.end)

    @property
    def text_span(self) -> Span:
        """The span of the text without blanks around it; of the start tag without a text."""
        if self.tag.empty:
            return self.span
        content = self.source.text[self.content_start : self.content_end]
        stripped = content.strip()
        if not stripped:
            return self.span
        start = self.content_start + content.index(stripped)
        return self.source.span(start, start + len(stripped))

    def attribute_span(self, name: str) -> Span:
        """The name of its attribute ``name`` (as written)."""
        attribute = self.written_attribute(name)
        return self.source.span(attribute.name_start, attribute.name_end)

    def value_span(self, name: str) -> Span:
        """The value of its attribute ``name`` (as written), between the quotes."""
        attribute = self.written_attribute(name)
        return self.source.span(attribute.value_start, attribute.value_end)

    def written_attribute(self, name: str) -> Attribute:
        """Its attribute ``name``, as written.

        Raises:
            KeyError: It has none.
        """
        for attribute in self.tag.attributes:
            if attribute.name == name:
                return attribute
        raise KeyError(name)

    @property
    def xpath(self) -> str:
        """The element's path, by names as written: ``/domain/memtune/hard_limit[2]``."""
        if self.parent is None:
            return f"/{self.name}"
        return f"{self.parent.xpath}/{self.name}{self.parent.places_of_children.get(self, '')}"

    @cached_property
    def places_of_children(self) -> "dict[Element, str]":
        """What tells its children of one name apart: counted once, however many have findings."""
        by_name: dict[str, list[Element]] = {}
        for child in self.children:
            by_name.setdefault(child.name, []).append(child)
        groups = (alike for alike in by_name.values() if len(alike) > 1)
        return {child: f"[{number}]" for alike in groups for number, child in enumerate(alike, 1)}

    def is_named(self, local: str, namespace: str | None = None) -> bool:
        """Whether this is its name."""
        return self.local == local and self.namespace == namespace

    def all(self, local: str, namespace: str | None = None) -> list["Element"]:
        """Its children of that name."""
        return [
            child
            for child in self.children
            if child.local == local and child.namespace == namespace
        ]

    def first(self, local: str, namespace: str | None = None) -> "Element | None":
        """Its first child of that name, as libvirt's reader takes it."""
        for child in self.children:
            if child.local == local and child.namespace == namespace:
                return child
        return None

    def find(self, *locals_: str) -> "Element | None":
        """The first descendant along a path of names without namespace."""
        found: Element | None = self
        for local in locals_:
            found = found.first(local) if found is not None else None
        return found

    @property
    def stray_text_span(self) -> Span | None:
        """The first text right in it that is not blank, between its children; ``None`` for none."""
        start = self.content_start
        for child in (*self.children, None):
            end = self.content_end if child is None else child.start
            gap = re.sub(_MARKUP, _blank, self.source.text[start:end])
            text = gap.strip()
            if text:
                found = start + gap.index(text)
                return self.source.span(found, found + len(text))
            start = end if child is None else child.end
        return None

    def descendants(self) -> Iterator["Element"]:
        """All elements in it, in document order, without itself."""
        for child in self.children:
            yield child
            yield from child.descendants()


@record
class ReadLimits:
    """The limits on how much of a document is read."""

    levels: int = MOST_LEVELS
    elements: int = MOST_ELEMENTS


def parse(source: Source, limits: ReadLimits = ReadLimits()) -> Element:  # noqa: B008 -- immutable
    """The root element of the document.

    Raises:
        DocumentError: It is not well-formed (XR002), has a DOCTYPE (XR003), has too many elements
            (XR004) or is nested too deep (XR005).
    """
    return _Pass(source, limits).run()


def parse_beginning(source: Source, limits: ReadLimits) -> Element | None:
    """Parse a document up to its first fault; ``None`` where nothing stands before it.

    Elements that were not closed by then are there as far as something in them was: what stands in
    the innermost of them is not known.
    """
    return _Pass(source, limits).run_as_far_as_it_goes()


class _Pass:
    """One run of expat over a document."""

    def __init__(self, source: Source, limits: ReadLimits) -> None:
        self._source = source
        self._limits = limits
        self._open: list[Element] = []
        self._count = 0
        self._root: Element | None = None
        self._parser = pyexpat.ParserCreate("utf-8", _SEPARATOR)
        self._parser.namespace_prefixes = True
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._doctype

    def run(self) -> Element:
        try:
            self._parser.Parse(self._source.text, True)  # noqa: FBT003 -- positional only
        except pyexpat.ExpatError as error:
            self._not_well_formed(error)
        if self._root is None:  # pragma: no cover -- expat reports "no element found"
            raise AssertionError
        return self._root

    def run_as_far_as_it_goes(self) -> Element | None:
        try:
            return self.run()
        except DocumentError:
            if not self._open:
                return None
        innermost = self._open[-1]
        if not innermost.children and innermost.parent is not None:
            innermost.parent.children.remove(innermost)
        return self._root

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        start = self._parser.CurrentByteIndex
        self._count += 1
        most = self._limits
        if len(self._open) == most.levels:
            self._refuse("XR005", f"elements are nested deeper than {most.levels}", start)
        if self._count > most.elements:
            self._refuse("XR004", f"the document has more than {most.elements} elements", start)
        parent = self._open[-1] if self._open else None
        element = Element(self._source, parent, name, attributes, start)
        if parent is None:
            self._root = element
        else:
            parent.children.append(element)
        self._open.append(element)

    def _end(self, _name: str) -> None:
        self._open.pop().content_end = self._parser.CurrentByteIndex

    def _text(self, data: str) -> None:
        self._open[-1].pieces.append(data)

    def _refuse(self, code: str, message: str, start: int) -> NoReturn:
        span = self._source.span(start, start + 1)
        raise document_error(code, message, self._source.name, span=span)

    def _doctype(self, *_declaration: object) -> NoReturn:
        start = self._parser.CurrentByteIndex
        start = max(self._source.text.rfind(b"<!DOCTYPE", 0, start + 9), 0)
        raise document_error(
            "XR003",
            "a document type is not allowed",
            self._source.name,
            span=self._source.span(start, start + len(b"<!DOCTYPE")),
        )

    def _not_well_formed(self, error: pyexpat.ExpatError) -> NoReturn:
        # expat says -1 where it never came to a byte.
        offset = min(max(self._parser.ErrorByteIndex, 0), len(self._source.text))
        # Only a faulty document pays for the words.
        from xmlresource.document.malformed import OpenTag, ParsePoint, problem  # noqa: PLC0415

        names = [tuple(one.name for one in element.tag.attributes) for element in self._open]
        tags = [
            OpenTag(element.name, element.start, attributes)
            for element, attributes in zip(self._open, names, strict=True)
        ]
        place = ParsePoint(self._source.text, offset, tags, self._line)
        self._malformed(problem(pyexpat.ErrorString(error.code) or "", place), offset)

    def _malformed(self, found: "Malformation", offset: int) -> NoReturn:
        message = f"not well-formed XML: {found.message}"
        span = self._source.span(offset, offset)
        from xmlresource.codes import CODES  # noqa: PLC0415 -- as above

        told = CODES["XR002"].diagnostic(message, self._source.name, span=span, hint=found.hint)
        raise DocumentError(told) from None

    def _line(self, offset: int) -> int:
        return self._source.position(offset)[0]


def _by_name(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes by ``local`` or ``namespace local``, from names as expat hands them over."""
    if _SEPARATOR not in "".join(attributes):
        return attributes
    return {" ".join(name.split(_SEPARATOR)[:2]): value for name, value in attributes.items()}


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])


def _split(name: str) -> tuple[str | None, str, str | None]:
    """Namespace, local name and prefix of a name as expat hands it over."""
    parts = name.split(_SEPARATOR)
    if len(parts) == 1:
        return None, name, None
    return parts[0], parts[1], parts[2] if parts[2:] else None
