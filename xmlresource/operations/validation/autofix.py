"""Mend what is sure: the fixes that findings bring along, applied by splicing.

A document is mended, read again and checked again, round after round, because mending a name can
show a fault in the value. A round that does harm is not kept.
"""

from collections.abc import Iterable, Iterator
from os import PathLike
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit, Severity
from xmlresource.document import DocumentError
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.source import Source
from xmlresource.limits import MOST_BYTES
from xmlresource.operations.editing.diff import unified
from xmlresource.operations.named_document import sorted_out
from xmlresource.operations.validation.document_checker import CheckedDocument, DocumentChecker
from xmlresource.operations.validation.validate import Options, Validation, checker_for, together
from xmlresource.record import record
from xmlresource.system.files import document_files
from xmlresource.system.files.textfiles import Replacement, replace_files

_MOST_ROUNDS: Final = 5

# What there must not be more of after a round than before. A fault in a value, or between two, that
# can be seen now that a name is right is none of these.
_HARM: Final = ("XR0", "XR102", "XR108", "XR6")


@record
class FixedDocument:
    """One document, mended.

    Attributes:
        path: Its path, as given.
        name: Its name for messages.
        before: Its bytes before.
        after: Its bytes after.
        fixes: How many findings were mended.
        left: What is still wrong with it.
    """

    path: str
    name: str
    before: bytes
    after: bytes
    fixes: int
    left: CheckedDocument | None

    @property
    def diff(self) -> str:
        """The difference as a unified diff."""
        return unified(self.before, self.after, self.name)


@record
class Autofix:
    """The result of ``validate --fix``.

    Attributes:
        validation: What is still wrong.
        mended: The documents that were, or would be, changed.
    """

    validation: Validation
    mended: tuple[FixedDocument, ...]


def mend(
    given: Iterable[str | PathLike[str]],
    options: Options = Options(),  # noqa: B008 -- immutable
    *,
    write: bool = True,
) -> Autofix:
    """Mend documents, in their files.

    Args:
        given: What to mend: paths, as for ``validate``. Standard input is never written.
        options: How to check. What they leave out is not mended either.
        write: Whether to write files; if not, what is wrong before is what is still wrong.

    Raises:
        MissingSchemaError: The schema of domains that was asked for is not there.
        OSError: A file can't be written, or has changed meanwhile; then none has been changed.
    """
    checker = checker_for(options)
    paths, in_memory = sorted_out("mend", given)
    if in_memory:
        raise TypeError("mend mends files: give their paths")
    expansion = document_files.expand(paths, options.selection)
    mended: list[FixedDocument] = []
    left: list[CheckedDocument | None] = []
    for done, document in enumerate(expansion.found, start=1):
        path = document.path
        found = checker.check_found(document) if path != document_files.STANDARD_INPUT else None
        if path == document_files.STANDARD_INPUT or _is_mendable(found):
            one = mend_one(checker, path)
            found = one.left
            if one.after != one.before or path == document_files.STANDARD_INPUT:
                mended.append(one)
            if not write:
                found = checker.check(one.name, one.before)
        left.append(found)
        options.tell(done, len(expansion.found))
    if write:
        _write(mended)
    return Autofix(together(checker, expansion, left), tuple(mended))


def mend_one(checker: DocumentChecker, path: str) -> FixedDocument:
    """Mend one document, without writing it.

    Raises:
        OSError: It can't be read.
    """
    return mend_data(checker, path, document_files.read(path, MOST_BYTES + 1))


def mend_data(checker: DocumentChecker, path: str, before: bytes) -> FixedDocument:
    """Mend one document that is in memory."""
    name = checker.name_of(path)
    data, fixes = before, 0
    left = checker.check(name, data)
    for _ in range(_MOST_ROUNDS):
        result = _round(checker, name, data, left)
        if result is None:
            break
        data, left, count = result
        fixes += count
    return FixedDocument(path, name, before, data, fixes, left)


def _round(
    checker: DocumentChecker, name: str, data: bytes, left: CheckedDocument | None
) -> tuple[bytes, CheckedDocument | None, int] | None:
    """The document after one round, what is wrong with it then, and how many fixes were made.

    ``None`` where there is nothing to do, or where it would do harm.
    """
    chosen = list(_compatible(left.diagnostics if left else ()))
    if not chosen:
        return None
    try:
        source = Source(data, name)
        splices = [_splice(edit) for found in chosen for edit in found.fix]
        after = source.to_bytes(spliced(source.text, splices))
    except (DocumentError, UnicodeEncodeError):
        return None
    if after == data:
        return None
    now = checker.check(name, after)
    return None if _does_harm(left, now) else (after, now, len(chosen))


def _compatible(diagnostics: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings with fixes that don't touch each other; what is left is for the next round."""
    taken: list[tuple[int, int]] = []
    for found in diagnostics:
        spans = [(edit.start, edit.end) for edit in found.fix]
        if spans and not any(_touch(one, two) for one in spans for two in taken):
            taken += spans
            yield found


def _touch(one: tuple[int, int], two: tuple[int, int]) -> bool:
    return one[0] <= two[1] and two[0] <= one[1]


def _splice(edit: Edit) -> Splice:
    return Splice(edit.start, edit.end, edit.text.encode())


def _does_harm(before: CheckedDocument | None, after: CheckedDocument | None) -> bool:
    """Whether some rule that mending must not break is broken more often than before."""
    old = _harm(before)
    return any(count > old.get(code, 0) for code, count in _harm(after).items())


def _harm(checked: CheckedDocument | None) -> dict[str, int]:
    """A count of findings by code."""
    counts: dict[str, int] = {}
    for found in checked.diagnostics if checked else ():
        if found.severity is Severity.ERROR and found.code.startswith(_HARM):
            counts[found.code] = counts.get(found.code, 0) + 1
    return counts


def _is_mendable(checked: CheckedDocument | None) -> bool:
    return checked is not None and any(found.fix for found in checked.diagnostics)


def _write(mended: list[FixedDocument]) -> None:
    replace_files(
        [
            Replacement(one.path, one.after, unchanged=one.before)
            for one in mended
            if one.path != document_files.STANDARD_INPUT and one.after != one.before
        ]
    )
