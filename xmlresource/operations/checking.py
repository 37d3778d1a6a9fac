"""Checking one document: the rules, the schema of whole domains, what is suppressed or unwanted."""

from typing import Final, TypeAlias

from xmlresource.diagnostics import Diagnostic, Edit
from xmlresource.limits import MOST_BYTES
from xmlresource.operations.domain_schema import DomainSchema
from xmlresource.record import record, replace
from xmlresource.settings import Settings
from xmlresource.system import documents
from xmlresource.system.remembered import UNKNOWN, Remembered, digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.document.source import Source

Lines: TypeAlias = dict[tuple[str, int], str]
"""Lines of documents, by path and number."""


@record
class Checked:
    """What was found in one document.

    Attributes:
        diagnostics: What is wrong with it, by place.
        lines: The lines at fault.
        policy_only: It is a whole domain, and there was no schema to check it against.
    """

    diagnostics: tuple[Diagnostic, ...]
    lines: Lines
    policy_only: bool = False


class Checker:
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
        remembered: Remembered | None = None,
    ) -> None:
        self.remembered: Final = remembered
        self._settings: Final = settings
        self._schema: Final = schema
        self._stdin_name: Final = stdin_name
        self._keep_lines: Final = keep_lines
        self._place_edits: Final = place_edits

    def name_of(self, path: str) -> str:
        """The name of a document for messages."""
        return self._stdin_name if path == documents.STANDARD_INPUT else path

    def check_file(self, path: str) -> Checked | None:
        """What is wrong with the document at ``path``; ``None`` for nothing at all."""
        name = self.name_of(path)
        try:
            data = documents.read(path, MOST_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            return Checked(tuple(self._wanted([_unreadable(name, reason)])), {})
        return self.check(name, data)

    def check(self, name: str, data: bytes) -> Checked | None:
        """What is wrong with a document; ``None`` for nothing at all."""
        if self.remembered is None:
            found, policy_only = self._found(name, data)
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
        return Checked(tuple(wanted), lines, policy_only)

    def save_remembered(self) -> None:
        """Keep what was found for later runs."""
        schema = self._schema
        if self.remembered is not None and (schema is None or not schema.has_failed):
            self.remembered.save(None if schema is None else schema.files)

    def _found_once(
        self, remembered: Remembered, name: str, data: bytes
    ) -> tuple[list[Diagnostic], bool]:
        """As ``_found``, but only where no earlier run has looked."""
        key = digest(data)
        kept = remembered.found(key)
        if kept == ():
            return [], False
        from xmlresource.operations.remembering import plain, restored  # noqa: PLC0415 -- see above

        if kept is not UNKNOWN:
            return restored(kept, name)
        found, policy_only = self._found(name, data)
        remembered.note(key, plain(found, policy_only=policy_only))
        return found, policy_only

    def _found(self, name: str, data: bytes) -> tuple[list[Diagnostic], bool]:
        """All findings, and whether it is a whole domain that no schema has checked."""
        if self._schema is not None and self._schema.settles(data):
            return [], False
        from xmlresource.operations.findings import findings  # noqa: PLC0415 -- see the class

        found, _, policy_only = findings(name, data, self._schema)
        return found, policy_only

    def _wanted(self, found: list[Diagnostic]) -> list[Diagnostic]:
        settings = self._settings
        if not found:
            return found
        path = found[0].path
        if settings.per_file_ignores:
            path = documents.below(path, settings.folder)
        return [one for one in found if settings.wants(one.code, path)]


def _with_places(found: Diagnostic, source: "Source") -> Diagnostic:
    """The finding with lines and columns of its edits."""

    def placed(edit: Edit) -> Edit:
        return replace(edit, span=source.span(edit.start, edit.end))

    return replace(found, fix=tuple(map(placed, found.fix))) if found.fix else found


def _unreadable(name: str, reason: str) -> Diagnostic:
    from xmlresource.codes import CODES  # noqa: PLC0415 -- as in check()

    row = CODES["XR001"]
    return row.diagnostic(f"can't be read: {reason}", name, hint=row.cure)


def _source(name: str, data: bytes) -> "Source | None":
    """The text of a document, if it can be read as one."""
    from xmlresource.document import DocumentError  # noqa: PLC0415 -- see Checker
    from xmlresource.document.source import Source  # noqa: PLC0415 -- see Checker

    try:
        return Source(data, name)
    except DocumentError:
        return None
