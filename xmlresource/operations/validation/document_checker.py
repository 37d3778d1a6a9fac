"""Checking one document: the rules, the schema of whole domains, what is suppressed or unwanted."""

from collections.abc import Iterable, Iterator
from typing import Final, TypeAlias

from xmlresource.configuration.repository_settings import Settings
from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.formats.prolog import seems_ours
from xmlresource.limits import MOST_BYTES
from xmlresource.operations.validation.domain_schema import DomainSchema
from xmlresource.record import record, replace
from xmlresource.system.files import document_files
from xmlresource.system.files.finding_cache import UNKNOWN, FindingCache, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.document.source import Source

Lines: TypeAlias = dict[tuple[str, int], str]
"""Lines of documents, by path and number."""


@record
class CheckedDocument:
    """The findings in one document.

    Attributes:
        diagnostics: What is wrong with it, by place.
        lines: The lines at fault.
        policy_only: It is a document of libvirt's, and there was no schema to check it against.
        is_skipped: It is somebody else's document, and nobody named it.
    """

    diagnostics: tuple[Diagnostic, ...]
    lines: Lines
    policy_only: bool = False
    is_skipped: bool = False


_SKIPPED: Final = CheckedDocument((), {}, is_skipped=True)


class DocumentChecker:
    """Checks documents, one after the other.

    What only a document with something to say about needs is imported when the first one comes.

    Attributes:
        remembered: What earlier runs found; ``None`` for nothing.
    """

    def __init__(
        self,
        settings: Settings,
        schema: DomainSchema | None,
        stdin_name: str,
        *,
        keep_lines: bool,
        place_edits: bool,
        remembered: FindingCache | None = None,
    ) -> None:
        self.remembered: Final = remembered
        self._settings: Final = settings
        self._schema: Final = schema
        self._stdin_name: Final = stdin_name
        self._keep_lines: Final = keep_lines
        self._place_edits: Final = place_edits

    def name_of(self, path: str) -> str:
        """The name of a document for messages."""
        return self._stdin_name if path == document_files.STANDARD_INPUT else path

    def check_found(self, found: document_files.Found) -> CheckedDocument | None:
        """Check a document that was found; ``None`` where there is nothing to tell of it."""
        return self.check_file(found.path, is_named=found.is_named)

    def check_file(self, path: str, *, is_named: bool = True) -> CheckedDocument | None:
        """The findings in the document at ``path``; ``None`` for none at all.

        Args:
            path: Where it is.
            is_named: Whether somebody wants to have it checked whatever it is.
        """
        name = self.name_of(path)
        try:
            data = document_files.read(path, MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return CheckedDocument(tuple(self._wanted([_unreadable(name, reason)])), {})
        if not is_named and not seems_ours(data):
            return _SKIPPED
        return self.check(name, data)

    def check(self, name: str, data: bytes) -> CheckedDocument | None:
        """The findings in a document; ``None`` for none at all."""
        if self.remembered is None:
            found, policy_only = self.find(name, data)
        else:
            found, policy_only = self._found_once(self.remembered, name, data)
        wanted = self._wanted(found)
        if not wanted and not policy_only:
            return None
        lines: Lines = {}
        source = _source(name, data) if self._keep_lines or self._place_edits else None
        if source is not None and self._keep_lines:
            numbers = {one.span.line for one in wanted if one.span is not None}
            lines = {(name, number): source.line(number) for number in numbers}
        if source is not None and self._place_edits:
            wanted = [_with_places(one, source) for one in wanted]
        return CheckedDocument(tuple(wanted), lines, policy_only)

    def empty(
        self, groups: Iterable[tuple[str, tuple[str, ...]]], looked_at: set[str]
    ) -> Iterator[Diagnostic]:
        """The folders and patterns that gave nothing to check: that must not look like success.

        Args:
            groups: The documents found by each.
            looked_at: The documents that were checked.
        """
        for asked, paths in groups:
            if looked_at.isdisjoint(paths):
                yield from self._wanted([_empty(asked)])

    def save(self) -> None:
        """Keep what was learnt of the schemas for later runs, and what was found if wanted."""
        schema = self._schema
        if schema is not None:
            schema.keep_learnt()
        if self.remembered is not None and (schema is None or not schema.has_failed):
            self.remembered.save(None if schema is None else schema.files)

    def _found_once(
        self, remembered: FindingCache, name: str, data: bytes
    ) -> tuple[list[Diagnostic], bool]:
        """As ``find``, but only where no earlier run has looked."""
        key = digest(data)
        kept = remembered.found(key)
        if kept == ():
            return [], False
        from xmlresource.operations.validation.finding_records import (  # noqa: PLC0415 -- see above
            as_plain_values,
            from_plain_values,
        )

        if kept is not UNKNOWN:
            return from_plain_values(kept, name)
        found, policy_only = self.find(name, data)
        # The schema that was missing may be there the next time.
        if self._schema is None or not policy_only:
            remembered.note(key, as_plain_values(found, policy_only=policy_only))
        return found, policy_only

    def find(self, name: str, data: bytes) -> tuple[list[Diagnostic], bool]:
        """All findings, and whether it is a whole domain that no schema has checked."""
        if self._schema is not None and self._schema.settles(data):
            return [], False
        from xmlresource.operations.validation.findings import findings  # noqa: PLC0415 -- see the class

        found, _, policy_only = findings(name, data, self._schema)
        return found, policy_only

    def _wanted(self, found: list[Diagnostic]) -> list[Diagnostic]:
        settings = self._settings
        if not found:
            return found
        path = found[0].path
        if settings.per_file_ignores:
            path = document_files.below(path, settings.folder)
        return [one for one in found if settings.wants(one.code, path, one.severity)]


def _with_places(found: Diagnostic, source: "Source") -> Diagnostic:
    """The finding with lines and columns of its edits."""

    def placed(edit: Edit) -> Edit:
        return replace(edit, span=source.span(edit.start, edit.end))

    return replace(found, fix=tuple(map(placed, found.fix))) if found.fix else found


def _unreadable(name: str, reason: str) -> Diagnostic:
    from xmlresource.codes import CODES  # noqa: PLC0415 -- as in check()

    row = CODES["XR001"]
    return row.diagnostic(f"can't be read: {reason}", name, hint=row.cure)


def _empty(path: str) -> Diagnostic:
    from xmlresource.codes import CODES  # noqa: PLC0415 -- as in check()

    hint = "Check the path, and what `exclude` and .gitignore leave out."
    message = "nothing was checked: there is no document of libvirt's"
    return CODES["XR001"].diagnostic(message, path, hint=hint)


def _source(name: str, data: bytes) -> "Source | None":
    """The text of a document, if it can be read as one."""
    from xmlresource.document import DocumentError  # noqa: PLC0415 -- see Checker
    from xmlresource.document.source import Source  # noqa: PLC0415 -- see Checker

    try:
        return Source(data, name)
    except DocumentError:
        return None
