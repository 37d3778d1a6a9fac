"""Check documents against the rules, and whole domains against libvirt's schema."""

from collections.abc import Iterable
from typing import Final

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.checking import Checked, Checker, Lines
from xmlresource.operations.domain_schema import AUTO, OFF, chosen
from xmlresource.record import field, record
from xmlresource.settings import Settings
from xmlresource.system import documents
from xmlresource.system.remembered import Noted, Remembered
from xmlresource.system.workers import Tell, ordered, paying_jobs

STANDARD_INPUT_NAME: Final = "<stdin>"

__all__ = ["Lines", "Options", "Validation", "checker_for", "validate"]


@record
class Validation:
    """What validating found.

    Attributes:
        paths: The documents that were looked at.
        diagnostics: What is wrong with them, by file as given, then by place.
        lines: The lines at fault, where asked for.
        policy_only: Whole domains were checked by our rules alone, because libvirt's schema is not
            installed.
    """

    paths: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    lines: Lines = field(default_factory=dict)
    policy_only: bool = False

    @property
    def files(self) -> int:
        """How many documents were looked at."""
        return len(self.paths)

    def count(self, severity: Severity) -> int:
        """How many findings are of ``severity``."""
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
    """How to check.

    Attributes:
        settings: What is reported.
        domain_schema: ``auto`` for libvirt's installed schema of domains, ``off`` for none, or
            where it is; what the settings say by default.
        stdin_name: What standard input is called.
        jobs: How many processes; as many as pay by default.
        keep_lines: Whether to keep the lines at fault.
        place_edits: Whether to work out lines and columns of the edits that would mend a finding.
        tell: Told of progress.
        remember: Whether to remember what was found, in the user's cache folder, and not to check
            a document again that holds the same as when it was last checked.
    """

    settings: Settings = Settings()
    domain_schema: str | None = None
    stdin_name: str = STANDARD_INPUT_NAME
    jobs: int | None = None
    keep_lines: bool = False
    place_edits: bool = False
    tell: Tell = _silent
    remember: bool = False

    @property
    def schema_setting(self) -> str:
        """The domain schema to use."""
        return self.domain_schema or self.settings.domain_schema or AUTO


def validate(paths: Iterable[str], options: Options | None = None) -> Validation:
    """Check documents: files, folders (all ``*.xml`` in them), patterns, ``-`` for standard input.

    A document that can't be read is a finding too, and the others are still checked.

    Args:
        paths: What to check.
        options: How.

    Raises:
        MissingSchemaError: The schema of domains that was asked for is not there.
    """
    options = options or Options()
    checker = checker_for(options)
    names = list(documents.expand(paths))
    jobs = options.jobs or paying_jobs(len(names))
    checked = _all_checked(checker, names, jobs, options.tell)
    lines: Lines = {}
    for one in checked:
        if one is not None:
            lines |= one.lines
    return Validation(
        tuple(checker.name_of(name) for name in names),
        tuple(found for one in checked if one is not None for found in one.diagnostics),
        lines,
        options.schema_setting != OFF
        and any(one is not None and one.policy_only for one in checked),
    )


def _all_checked(checker: Checker, names: list[str], jobs: int, tell: Tell) -> list[Checked | None]:
    remembered = checker.remembered
    if remembered is None:
        return ordered(checker.check_file, names, jobs, tell)

    def checked_and_noted(path: str) -> tuple[Checked | None, Noted]:
        return checker.check_file(path), remembered.take_new()

    found = ordered(checked_and_noted, names, jobs, tell)
    for _, noted in found:
        remembered.add(noted)
    checker.save_remembered()
    return [checked for checked, _ in found]


def checker_for(options: Options) -> Checker:
    """What checks a document as ``options`` say.

    Raises:
        MissingSchemaError: The schema of domains that was asked for is not there.
    """
    schema = chosen(options.schema_setting)
    return Checker(
        options.settings,
        schema,
        options.stdin_name,
        keep_lines=options.keep_lines,
        place_edits=options.place_edits,
        remembered=Remembered(schema.path if schema else "") if options.remember else None,
    )
