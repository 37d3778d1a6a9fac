"""Check documents against the rules, and whole domains against libvirt's schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from xmlresource.configuration.repository_settings import Settings
from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.errors import ExitStatus
from xmlresource.formats.prolog import seems_ours
from xmlresource.limits import MOST_BYTES
from xmlresource.operations.validation.document_checker import (
    CheckedDocument,
    DocumentChecker,
    Lines,
)
from xmlresource.operations.validation.domain_schema import AUTO, OFF, chosen
from xmlresource.record import field, record, replace
from xmlresource.system.files import document_files
from xmlresource.system.files.finding_cache import FindingCache, Noted
from xmlresource.system.hardware.workers import Tell, ordered, paying_jobs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.operations.named_document import AnyInput

STANDARD_INPUT_NAME: Final = "<stdin>"

__all__ = ["Lines", "Options", "Validation", "checker_for", "validate"]


@record
class Validation:
    """The result of ``validate``.

    Attributes:
        paths: The documents that were looked at.
        diagnostics: What is wrong with them, by file as given, then by place.
        lines: The lines at fault, where asked for.
        policy_only: Some were checked by our rules alone, because libvirt's schema is not
            installed.
        skipped: The files that were found in folders and are no documents of libvirt's.
    """

    paths: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    lines: Lines = field(default_factory=dict)
    policy_only: bool = False
    skipped: tuple[str, ...] = ()

    @property
    def files(self) -> int:
        """The number of documents that were looked at."""
        return len(self.paths)

    def count(self, severity: Severity) -> int:
        """The number of findings of ``severity``."""
        return sum(found.severity is severity for found in self.diagnostics)

    @property
    def exit_status(self) -> ExitStatus:
        """Unreadable input outweighs errors; warnings alone are fine."""
        if any(found.code == "XR001" for found in self.diagnostics):
            return ExitStatus.USAGE
        return ExitStatus.FINDINGS if self.count(Severity.ERROR) else ExitStatus.FINE


def _silent(_done: int, _total: int) -> None:
    """Tell nobody."""


@record
class Options:
    """The options of ``validate``.

    Attributes:
        settings: What is reported.
        domain_schema: ``auto`` for libvirt's installed schemas, ``required`` for the same and an
            error where there are none, ``off`` for none, or where they are; what the settings say
            by default.
        stdin_name: What standard input is called.
        jobs: How many processes; as many as pay by default.
        keep_lines: Whether to keep the lines at fault.
        place_edits: Whether to work out lines and columns of the edits that would mend a finding.
        tell: Told of progress.
        remember: Whether to remember what was found, in the user's cache folder, and not to check
            a document again that holds the same as when it was last checked.
        exclude: What is left out of folders, as patterns in the way of ``.gitignore``, relative to
            the current folder; besides what the settings leave out.
        gitignore: Whether to leave out what git ignores.
        as_found: Whether files that are named count as found in a folder: ``exclude`` is about
            them, too, and what is no document of libvirt's is skipped.
    """

    settings: Settings = Settings()
    domain_schema: str | None = None
    stdin_name: str = STANDARD_INPUT_NAME
    jobs: int | None = None
    keep_lines: bool = False
    place_edits: bool = False
    tell: Tell = _silent
    remember: bool = False
    exclude: tuple[str, ...] = ()
    gitignore: bool = True
    as_found: bool = False

    @property
    def schema_setting(self) -> str:
        """The domain schema to use."""
        return self.domain_schema or self.settings.domain_schema or AUTO

    def __post_init__(self) -> None:
        exclude: object = self.exclude
        if isinstance(exclude, str):
            raise TypeError(f"exclude is a tuple of patterns: write ({exclude!r},)")

    @property
    def selection(self) -> document_files.Selection:
        """The files of a folder that are looked at."""
        settings = self.settings
        both = ((settings.folder, settings.exclude), (document_files.here(), self.exclude))
        exclude = tuple((folder, patterns) for folder, patterns in both if patterns)
        return document_files.Selection(exclude, self.gitignore, self.as_found)


def validate(given: Iterable[AnyInput], options: Options | None = None) -> Validation:
    """Check documents: files, folders (all ``*.xml`` in them), patterns, ``-`` for standard input.

    A document that can't be read is a finding too, and the others are still checked.

    Args:
        given: What to check; documents as bytes, or read already, come after the files.
        options: How.

    Raises:
        MissingSchemaError: The schema of domains that was asked for is not there.
        TypeError: ``given`` is one path and no list, or something in it is no document.
    """
    paths, in_memory = _sorted_out(given)
    options = options or Options()
    checker = checker_for(options)
    expansion = document_files.expand(paths, options.selection)
    jobs = options.jobs or paying_jobs(len(expansion.found))
    checked = _all_checked(checker, expansion.found, jobs, options.tell)
    for name, data in in_memory:
        expansion = expansion.with_one(name)
        checked.append(checker.check(name, data))
    checker.save()
    result = together(checker, expansion, checked)
    return result if options.schema_setting != OFF else replace(result, policy_only=False)


def _sorted_out(given: Iterable[AnyInput]) -> tuple[Sequence[str], list[tuple[str, bytes]]]:
    """The paths, and the documents in memory by name."""
    if isinstance(given, list | tuple) and all(isinstance(one, str) for one in given):
        return given, []
    # The command line gives paths, and pays for nothing that reads trees.
    from xmlresource.operations.named_document import name_of, sorted_out  # noqa: PLC0415

    paths, in_memory = sorted_out("validate", given)
    named = ((name_of(one), one) for one in in_memory)
    return paths, [(name, one if isinstance(one, bytes) else one.to_bytes()) for name, one in named]


def together(
    checker: DocumentChecker,
    expansion: document_files.Expansion,
    checked: Sequence[CheckedDocument | None],
) -> Validation:
    """All that was found in documents, and which of what was asked for gave nothing to check.

    Args:
        checker: What checked them.
        expansion: The documents.
        checked: What was found in each.
    """
    lines: Lines = {}
    looked_at, skipped = [], []
    for found, one in zip(expansion.found, checked, strict=True):
        if one is not None and one.is_skipped:
            skipped.append(found.path)
            continue
        looked_at.append(found.path)
        if one is not None:
            lines |= one.lines
    return Validation(
        tuple(map(checker.name_of, looked_at)),
        (
            *checker.empty(expansion.groups, set(looked_at)),
            *(found for one in checked if one is not None for found in one.diagnostics),
        ),
        lines,
        any(one is not None and one.policy_only for one in checked),
        tuple(skipped),
    )


def files_to_check(paths: Iterable[str], options: Options) -> list[str]:
    """The documents that ``validate`` would look at."""
    expansion = document_files.expand(paths, options.selection)
    return [found.path for found in expansion.found if found.is_named or _seems_ours(found.path)]


def _seems_ours(path: str) -> bool:
    try:
        return seems_ours(document_files.read(path, MOST_BYTES + 1))
    except OSError:
        return True  # checking it will say why it can't be read


def _all_checked(
    checker: DocumentChecker, found: Sequence[document_files.Found], jobs: int, tell: Tell
) -> list[CheckedDocument | None]:
    remembered = checker.remembered
    if remembered is None:
        return ordered(checker.check_found, found, jobs, tell)

    def checked_and_noted(one: document_files.Found) -> tuple[CheckedDocument | None, Noted]:
        return checker.check_found(one), remembered.take_new()

    results = ordered(checked_and_noted, found, jobs, tell)
    for _, noted in results:
        remembered.add(noted)
    return [checked for checked, _ in results]


def checker_for(options: Options) -> DocumentChecker:
    """The checker that ``options`` ask for.

    Raises:
        MissingSchemaError: The schema of domains that was asked for is not there.
    """
    schema = chosen(options.schema_setting)
    return DocumentChecker(
        options.settings,
        schema,
        options.stdin_name,
        keep_lines=options.keep_lines,
        place_edits=options.place_edits,
        remembered=FindingCache(schema.path if schema else "") if options.remember else None,
    )
