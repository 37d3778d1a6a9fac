"""Whole domains: libvirt's own schema, with our element allowed where the proposal puts it.

What the rules look after by themselves (what is in ``<memtune>``, and in our ``<memory>``) is left
open here, so that a fault is reported once, by the rule that knows more about it.
"""

from __future__ import annotations

import re
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.errors import XmlresourceError
from xmlresource.limits import MOST_BYTES, MOST_LEVELS
from xmlresource.system import installed_schemas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource import relaxng
    from xmlresource.diagnostics import Span
    from xmlresource.document.source import Source
    from xmlresource.relaxng import Schema

AUTO: Final = "auto"
OFF: Final = "off"

_WRAPPER: Final = """\
<grammar xmlns="http://relaxng.org/ns/structure/1.0">
  <include href="{schema}">
    <define name="memtune">
      <element name="memtune"><ref name="xmlresource.anything"/></element>
    </define>
    <define name="respartition">
      <element name="resource">
        <interleave>
          <group>
            <optional><element name="partition"><ref name="absFilePath"/></element></optional>
            {fibrechannel}
          </group>
          <optional><element name="memory"><ref name="xmlresource.anything"/></element></optional>
        </interleave>
      </element>
    </define>
  </include>
  <define name="xmlresource.anything">
    <zeroOrMore>
      <choice>
        <text/>
        <attribute><anyName/></attribute>
        <element><anyName/><ref name="xmlresource.anything"/></element>
      </choice>
    </zeroOrMore>
  </define>
</grammar>
"""
# libvirt has it since 7.7.
_FIBRECHANNEL: Final = '<optional><ref name="fibrechannel"/></optional>'

# How the engine calls a schema that it was given and not told to read.
_GIVEN: Final = "<schema>"

# No rule is about a document without any of these. In UTF-16 none could be seen.
_OF_THE_RULES: Final = (b"memtune", b"resource", b"&#", b"\0")
_LARGE: Final = 1 << 20

_CODES: Final = {
    "doctype-not-allowed": "XR003",
    "not-well-formed": "XR002",
    "too-large": "XR004",
    "unknown-element": "XR601",
    "misplaced-element": "XR602",
    "duplicate-element": "XR603",
    "missing-element": "XR604",
    "unknown-attribute": "XR605",
    "conflicting-attribute": "XR606",
    "missing-attribute": "XR607",
    "bad-value": "XR608",
    "conflicting-value": "XR609",
    "missing-value": "XR610",
    "text-not-allowed": "XR611",
    "untrimmed-value": "XR612",
    "refused-order": "XR613",
}
"""Which rule of ours a kind of fault is."""

_RENAMED: Final = frozenset({"XR601", "XR605"})
_SURE: Final = 0.8
_BLANKS: Final = b" \t\r\n"


class MissingSchemaError(XmlresourceError):
    """The schema that was asked for is not there or can't be used."""


class DomainSchema:
    """libvirt's schema of domains, loaded when it is first needed.

    Attributes:
        path: Where it is.
        has_failed: Whether it could not be loaded.
    """

    def __init__(self, path: str, *, must_load: bool = True) -> None:
        self.path: Final = path
        self._must_load: Final = must_load
        self._loaded: Schema | None = None
        self.has_failed = False
        self._last: tuple[bytes, list[relaxng.Diagnostic]] = (b"", [])

    @property
    def is_usable(self) -> bool:
        """Whether it can be loaded.

        A version of libvirt to come may change its schema so that it can't be built upon: that must
        not stop those who never asked for it.

        Raises:
            MissingSchemaError: It can't, and was asked for.
        """
        if self._loaded is None and not self.has_failed:
            try:
                self._loaded = _load(self.path)
            except MissingSchemaError:
                self.has_failed = True
                if self._must_load:
                    raise
        return not self.has_failed

    @property
    def files(self) -> list[str] | None:
        """The files that it was made of; ``None`` if it was not loaded yet."""
        if self._loaded is None:
            return None
        return [file for file in self._loaded.files if not file.endswith(_GIVEN)]

    def settles(self, data: bytes) -> bool:
        """Whether the document is valid, and has nothing that a rule of ours could be about.

        Most documents of a repository are so, and reading their tree would take most of the time.
        """
        if len(data) > _LARGE or any(sign in data for sign in _OF_THE_RULES) or not _is_utf8(data):
            return False
        return b"<domain" in data and self.is_usable and not self._diagnosed(data)

    def faults(self, source: Source, known: list[Diagnostic]) -> list[Diagnostic]:
        """What is wrong with a domain besides what is ``known``; only of one that is usable."""
        taken = {found.span.start for found in known if found.span is not None}
        return [
            _translated(fault, source)
            for fault in self._diagnosed(_declared_utf8(source.text))
            if fault.offset not in taken
        ]

    def _diagnosed(self, data: bytes) -> list[relaxng.Diagnostic]:
        if self._loaded is not None and self._last[0] != data:
            self._last = (data, self._loaded.diagnose(data, libxml2=True))
        return self._last[1]


def chosen(setting: str) -> DomainSchema | None:
    """The schema that ``--domain-schema`` asks for; ``None`` for none.

    Raises:
        MissingSchemaError: It is not there.
    """
    if setting == OFF:
        return None
    named = installed_schemas.named() if setting == AUTO else setting
    path = named or installed_schemas.installed()
    if path is None:
        return None
    try:
        return DomainSchema(installed_schemas.located(path), must_load=named is not None)
    except OSError as error:
        raise MissingSchemaError(
            f"no schema of domains at {path}: {error.strerror or error}"
        ) from error


def _load(path: str) -> Schema:
    # Where all documents are remembered, the engine is never loaded.
    from xmlresource.relaxng import Limits, Schema, SchemaError  # noqa: PLC0415

    folder, _, name = path.rpartition("/")
    limits = Limits(max_bytes=MOST_BYTES, max_depth=MOST_LEVELS)
    failures = []
    for fibrechannel in (_FIBRECHANNEL, ""):
        wrapper = _WRAPPER.format(schema=_escaped(name), fibrechannel=fibrechannel)
        try:
            return Schema.load(wrapper.encode(), base=folder or "/", limits=limits)
        except SchemaError as error:
            failures.append(error)
    raise MissingSchemaError(f"{path} can't be used as libvirt's schema of domains: {failures[0]}")


def _escaped(name: str) -> str:
    """The name as a reference in XML."""
    if name == installed_schemas.NAME:
        return name
    from urllib.parse import quote  # noqa: PLC0415 -- seldom needed

    return quote(name)


def _translated(fault: relaxng.Diagnostic, source: Source) -> Diagnostic:
    from xmlresource.codes import CODES  # noqa: PLC0415 -- only a faulty document pays

    row = CODES[_CODES[str(fault.code)]]
    message = fault.message
    if fault.hint:
        message = message.removesuffix(f"; {fault.hint}")
    span = source.span(fault.offset, fault.end_offset)
    return row.diagnostic(
        message,
        source.name,
        span=span,
        xpath=fault.xpath,
        hint=fault.hint or row.cure,
        fix=_fix(row.code, fault, span, source),
    )


def _fix(code: str, fault: relaxng.Diagnostic, span: Span, source: Source) -> tuple[Edit, ...]:
    """The edits for what was misspelt a little, or has blanks around it."""
    written = source.text[span.start : span.end].decode("utf-8", "replace")
    if code == "XR612":
        before, after = source.text[: span.start], source.text[span.end :]
        start, end = len(before.rstrip(_BLANKS)), len(source.text) - len(after.lstrip(_BLANKS))
        return (Edit(start, end, written.strip(_BLANKS.decode())),)
    name = written.removeprefix("<")
    if code not in _RENAMED or fault.suggestion is None or not _alike(name, fault.suggestion):
        return ()
    edits = [Edit(span.end - len(name.encode()), span.end, fault.suggestion)]
    if fault.closing_offset is not None:
        closing = fault.closing_offset
        edits.append(Edit(closing, closing + len(name.encode()), fault.suggestion))
    return tuple(edits)


def _alike(written: str, meant: str) -> bool:
    from difflib import SequenceMatcher  # noqa: PLC0415 -- only a faulty document pays

    return SequenceMatcher(None, written.lower(), meant.lower()).ratio() >= _SURE


def _is_utf8(data: bytes) -> bool:
    """Whether the document declares no other encoding than UTF-8."""
    declaration = data[: data.find(b"?>")].lower() if data.startswith(b"<?xml") else b""
    return b"encoding" not in declaration or b"utf-8" in declaration


def _declared_utf8(text: bytes) -> bytes:
    """A document in UTF-8 that may still declare what it was in, without that; as long as it was.

    The engine believes the declaration.
    """
    if _is_utf8(text):
        return text
    declaration = text[: text.find(b"?>")]
    plain = re.sub(rb"\bencoding\s*=\s*(\"[^\"]*\"|'[^']*')", _blank, declaration)
    return plain + text[len(declaration) :]


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])
