"""Mend what is sure: the fixes that findings bring along, applied by splicing.

A document is mended, read again and checked again, round after round, because mending a name can
show a fault in the value. A round that does harm is not kept.
"""

from collections.abc import Iterable, Iterator
from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit, Severity
from xmlresource.document import DocumentError
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.document.source import Source
from xmlresource.limits import MOST_BYTES
from xmlresource.operations.checking import Checked, Checker, Lines
from xmlresource.operations.diff import unified
from xmlresource.operations.validate import Options, Validation, checker_for
from xmlresource.record import record
from xmlresource.system import documents
from xmlresource.system.textfiles import Replacement, replace_files

_MOST_ROUNDS: Final = 5

# What there must not be more of after a round than before. A fault in a value, or between two, that
# can be seen now that a name is right is none of these.
_HARM: Final = ("XR0", "XR102", "XR108", "XR6")


@record
class Mended:
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
    left: Checked | None

    @property
    def diff(self) -> str:
        """The difference as a unified diff."""
        return unified(self.before, self.after, self.name)


@record
class Mending:
    """What mending came to.

    Attributes:
        validation: What is still wrong.
        mended: The documents that were, or would be, changed.
    """

    validation: Validation
    mended: tuple[Mended, ...]


def mend(paths: Iterable[str], options: Options, *, write: bool = True) -> Mending:
    """Mend documents, in their files.

    Args:
        paths: What to mend, as for ``validate``. Standard input is never written.
        options: How to check. What they leave out is not mended either.
        write: Whether to write files; if not, what is wrong before is what is still wrong.

    Raises:
        MissingSchemaError: The schema of domains that was asked for is not there.
        OSError: A file can't be written, or has changed meanwhile; then none has been changed.
    """
    checker = checker_for(options)
    names = list(documents.expand(paths))
    mended: list[Mended] = []
    left: list[Checked | None] = []
    for done, path in enumerate(names, start=1):
        found = checker.check_file(path) if path != documents.STANDARD_INPUT else None
        if path == documents.STANDARD_INPUT or _is_mendable(found):
            one = mend_one(checker, path)
            found = one.left
            if one.after != one.before or path == documents.STANDARD_INPUT:
                mended.append(one)
            if not write:
                found = checker.check(one.name, one.before)
        left.append(found)
        options.tell(done, len(names))
    if write:
        _write(mended)
    return Mending(_validation(checker, names, left), tuple(mended))


def mend_one(checker: Checker, path: str) -> Mended:
    """Mend one document, without writing it.

    Raises:
        OSError: It can't be read.
    """
    name = checker.name_of(path)
    before = documents.read(path, MOST_BYTES + 1)
    data, fixes = before, 0
    left = checker.check(name, data)
    for _ in range(_MOST_ROUNDS):
        result = _round(checker, name, data, left)
        if result is None:
            break
        data, left, count = result
        fixes += count
    return Mended(path, name, before, data, fixes, left)


def _round(
    checker: Checker, name: str, data: bytes, left: Checked | None
) -> tuple[bytes, Checked | None, int] | None:
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


def _does_harm(before: Checked | None, after: Checked | None) -> bool:
    """Whether some rule that mending must not break is broken more often than before."""
    old = _harm(before)
    return any(count > old.get(code, 0) for code, count in _harm(after).items())


def _harm(checked: Checked | None) -> dict[str, int]:
    """How often each of these rules is broken."""
    counts: dict[str, int] = {}
    for found in checked.diagnostics if checked else ():
        if found.severity is Severity.ERROR and found.code.startswith(_HARM):
            counts[found.code] = counts.get(found.code, 0) + 1
    return counts


def _is_mendable(checked: Checked | None) -> bool:
    return checked is not None and any(found.fix for found in checked.diagnostics)


def _write(mended: list[Mended]) -> None:
    replace_files(
        [
            Replacement(one.path, one.after, unchanged=one.before)
            for one in mended
            if one.path != documents.STANDARD_INPUT and one.after != one.before
        ]
    )


def _validation(checker: Checker, names: list[str], left: list[Checked | None]) -> Validation:
    lines: Lines = {}
    for one in left:
        lines |= {} if one is None else one.lines
    return Validation(
        tuple(checker.name_of(name) for name in names),
        tuple(found for one in left if one is not None for found in one.diagnostics),
        lines,
        any(one is not None and one.policy_only for one in left),
    )
