"""libvirt's documents, checked by its own schemas."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit, Severity
from xmlresource.formats.document_kinds import DOMAIN
from xmlresource.formats.prolog import kind_of
from xmlresource.operations.validation.libvirt_schemas import (
    MissingSchemaError,
    files_of,
    load,
    without_private,
)
from xmlresource.operations.validation.rule_concerns import may_concern_rules
from xmlresource.printable import LONGEST_MESSAGE, bounded
from xmlresource.record import replace
from xmlresource.system.libvirt import installed_schemas

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource import relaxng
    from xmlresource.diagnostics import Span
    from xmlresource.document.source import Source
    from xmlresource.formats.document_kinds import DocumentKind
    from xmlresource.relaxng import Schema

AUTO: Final = "auto"
OFF: Final = "off"
REQUIRED: Final = "required"

_LARGE: Final = 1 << 20
# What else there may be at the beginning, our own reader looks at: expat takes any version.
_PLAIN_BEGINNING: Final = re.compile(
    rb"""(?!<\?xml\s|\xef)|<\?xml\s+version\s*=\s*(["'])1\.[0-9]+\1"""
)

CODES_BY_FAULT: Final = {
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


class DomainSchema:
    """libvirt's schemas, each loaded when it is first needed.

    Attributes:
        path: Where that of domains is; the others are in the same folder.
        has_failed: Whether one could not be loaded.
    """

    def __init__(self, path: str, *, must_load: bool = True, is_required: bool = False) -> None:
        self.path: Final = path
        self._must_load: Final = must_load
        self._is_required: Final = is_required
        self._loaded: dict[str, Schema | None] = {}
        self.has_failed = False
        self._last: tuple[bytes, list[relaxng.Violation]] = (b"", [])

    @property
    def is_usable(self) -> bool:
        """Whether that of domains can be loaded.

        Raises:
            MissingSchemaError: It can't, and was asked for.
        """
        return self.checks(DOMAIN)

    def checks(self, kind: DocumentKind) -> bool:
        """Whether documents of a kind can be checked.

        A version of libvirt to come may change a schema so that it can't be built upon: that must
        not stop those who never asked for it. One before may lack it.

        Raises:
            MissingSchemaError: They can't, and that was asked for.
        """
        return self._schema(kind) is not None

    def of(self, kind: DocumentKind) -> Schema | None:
        """The schema of a kind; ``None`` where its documents can't be checked.

        Raises:
            MissingSchemaError: They can't, and that was asked for.
        """
        return self._schema(kind)

    @property
    def files(self) -> list[str] | None:
        """The files of the schemas that were loaded; ``None`` if none was yet."""
        loaded = [schema for schema in self._loaded.values() if schema is not None]
        return sorted(set[str]().union(*map(files_of, loaded))) if loaded else None

    def keep_learnt(self) -> None:
        """Let later runs begin with what was learnt of the schemas; nothing of the documents."""
        for schema in self._loaded.values():
            if schema is not None:
                schema.keep_learnt()

    def settles(self, data: bytes) -> bool:
        """Whether the document is valid, and has nothing that a rule of ours could be about.

        Most documents of a repository are so, and reading their tree would take most of the time.
        """
        if len(data) > _LARGE or may_concern_rules(data):
            return False
        if not _is_utf8(data) or not _PLAIN_BEGINNING.match(data):
            return False
        kind = kind_of(data)
        if kind is None or kind.inside is not None:  # status files are seldom checked
            return False
        return self.checks(kind) and not self._diagnosed(data, kind)

    def faults(
        self, source: Source, known: list[Diagnostic], kind: DocumentKind = DOMAIN
    ) -> list[Diagnostic]:
        """Find the faults of a document besides the ``known``; only of a kind it ``checks``."""
        taken = {found.span.start for found in known if found.span is not None}
        found = [
            _translated(fault, source)
            for fault in self._diagnosed(_declared_utf8(source.text), kind)
            if fault.offset not in taken
        ]
        return self._with_version(found)

    @cached_property
    def _version(self) -> str | None:
        return installed_schemas.version(self.path)

    def _with_version(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """Tell once a document which libvirt's schema it was held to."""
        errors = [place for place, one in enumerate(found) if one.severity is Severity.ERROR]
        version = self._version if errors else None
        if version is not None:
            first = found[errors[0]]
            checked = f" (checked with libvirt {version}'s schema)"
            message = f"{bounded(first.message, LONGEST_MESSAGE - len(checked))}{checked}"
            found[errors[0]] = replace(first, message=message)
        return found

    def _diagnosed(self, data: bytes, kind: DocumentKind) -> list[relaxng.Violation]:
        schema = self._loaded.get(kind.root)
        if schema is not None and self._last[0] != data:
            is_status = kind.inside is not None
            text = without_private(data) if is_status else data
            # libvirt never validates a status file, so that it can't refuse one.
            self._last = (data, schema.diagnose(text, libxml2=not is_status))
        return self._last[1]

    def _schema(self, kind: DocumentKind) -> Schema | None:
        try:
            return self._loaded[kind.root]
        except KeyError:
            loaded = self._loaded[kind.root] = self._load(kind)
            return loaded

    def _load(self, kind: DocumentKind) -> Schema | None:
        is_main = kind.schema == DOMAIN.schema
        if not is_main and not installed_schemas.has(self.path, kind.schema):
            if self._is_required:
                missing = f"no {kind.schema} beside {self.path} to check <{kind.root}> by"
                raise MissingSchemaError(missing)
            return None
        try:
            return load(self.path, kind)
        except MissingSchemaError:
            self.has_failed = True
            if self._must_load:
                raise
            return None


def chosen(setting: str) -> DomainSchema | None:
    """The schemas that ``--domain-schema`` asks for; ``None`` for none.

    Raises:
        MissingSchemaError: They are not there.
    """
    if setting == OFF:
        return None
    is_required = setting == REQUIRED
    named = installed_schemas.named() if setting in {AUTO, REQUIRED} else setting
    path = named or installed_schemas.installed()
    if path is None:
        if is_required:
            raise MissingSchemaError(
                "libvirt's schemas are required and not installed: install the package that has "
                f"them ({installed_schemas.PACKAGES}), or name their folder with "
                f"{installed_schemas.VARIABLE}"
            )
        return None
    try:
        located = installed_schemas.located(path)
    except OSError as error:
        raise MissingSchemaError(
            f"no schema of domains at {path}: {error.strerror or error}"
        ) from error
    must_load = named is not None or is_required
    return DomainSchema(located, must_load=must_load, is_required=is_required)


def _translated(fault: relaxng.Violation, source: Source) -> Diagnostic:
    # Only a faulty document pays for these.
    from xmlresource.codes import CODES  # noqa: PLC0415
    from xmlresource.operations.validation.libvirt_versions import since  # noqa: PLC0415

    row = CODES[CODES_BY_FAULT[str(fault.code)]]
    span = source.span(fault.offset, fault.end_offset)
    written = source.text[span.start : span.end].decode("utf-8", "replace")
    version = since(str(fault.code), fault.xpath, written)
    if version is not None:
        hint = f"known to libvirt since {version}; older ones refuse it"
        path, where = source.name, fault.xpath
        return row.diagnostic(fault.problem, path, span=span, xpath=where, hint=hint)
    return row.diagnostic(
        fault.problem,
        source.name,
        span=span,
        xpath=fault.xpath,
        hint=fault.hint,
        fix=_fix(row.code, fault, span, source),
    )


def _fix(code: str, fault: relaxng.Violation, span: Span, source: Source) -> tuple[Edit, ...]:
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
