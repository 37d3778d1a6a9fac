"""The commands ``set``, ``convert`` and ``generate``.

Each takes documents and gives data: the document before and after, and what could not be done as
asked. :func:`write_in_place` puts results into their files. Nothing is ever half done: a document
that has faults, or gets one from the edit, is not changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import Document
from xmlresource.document.editing import Edit, EditError, Note, assign, unsayable
from xmlresource.document.editing import convert as converted
from xmlresource.document.editing.notes import NO_PRIORITY
from xmlresource.operations.automatic import resolved
from xmlresource.operations.diff import unified
from xmlresource.system.textfiles import Replacement, replace_files
from xmlresource.tunables import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xmlresource.document.editing.plan import Value
    from xmlresource.model.assignments import Auto
    from xmlresource.model.policy import MemoryPolicy

    Checker: TypeAlias = Callable[[Document], list[Diagnostic]]


# What converting is the cure for must not stand in its way.
_CURED: Final = frozenset({"XR401"})


class RefusedError(EditError):
    """The document has faults, or the edit would bring some.

    Attributes:
        diagnostics: The faults.
    """

    def __init__(self, message: str, diagnostics: list[Diagnostic]) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


@dataclass(frozen=True, slots=True)
class Edited:
    """One document, edited.

    Attributes:
        path: Its name, as given.
        before: Its bytes before.
        after: Its bytes after.
        notes: What could not be said as asked.
    """

    path: str
    before: bytes
    after: bytes
    notes: tuple[Note, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is a difference."""
        return self.before != self.after

    @property
    def diff(self) -> str:
        """The difference as a unified diff."""
        return unified(self.before, self.after, self.path)


@dataclass(frozen=True, slots=True)
class Generated:
    """A fragment made of nothing but a policy.

    Attributes:
        text: The fragment, with a final newline.
        notes: What it can't say.
    """

    text: str
    notes: tuple[Note, ...] = ()


def set_(
    document: Document,
    amounts: Mapping[str, Value | Auto],
    form: Form | None = None,
    *,
    checker: Checker | None = None,
) -> Edited:
    """Give tunables new values.

    Args:
        document: The document.
        amounts: The new amounts by tunable, and the ``priority``; ``AUTO`` is what is recommended
            for the guest, ``None`` takes it out.
        form: Where new ones go; by default the form that is used, else metadata.
        checker: The rules; ``None`` edits a document that has errors, too.

    Raises:
        EditError: It can't be done; a :class:`RefusedError` where rules forbid it.
    """
    sizes = resolved(document, amounts)
    return _guarded(document, lambda: assign(document, sizes, form), checker)


def convert(document: Document, form: Form, *, checker: Checker | None = None) -> Edited:
    """Move all tunables into ``form``, as far as it can say them.

    Args:
        document: The document.
        form: The form.
        checker: The rules; ``None`` converts a document that has errors, too.

    Raises:
        EditError: It can't be done; a :class:`RefusedError` where rules forbid it.
    """
    return _guarded(document, lambda: converted(document, form), checker, cured=_CURED)


def generate(policy: MemoryPolicy, form: Form, *, checker: Checker | None = None) -> Generated:
    """A bare fragment of ``form`` that says ``policy``.

    Raises:
        EditError: No document can hold it; a :class:`RefusedError` where rules forbid it.
    """
    notes = unsayable(dict(policy.items()), form)
    if policy.priority is not None and form is Form.MEMTUNE:
        notes = (*notes, NO_PRIORITY)
    try:
        text = f"{policy.to_xml(form)}\n"
    except ValueError as error:
        raise EditError(str(error)) from None
    if checker is not None:
        errors = _errors(checker, Document.parse(text.encode(), "<generated>"))
        if errors:
            raise RefusedError(f"it contradicts itself: {errors[0].message}", errors)
    return Generated(text, notes)


def write_in_place(edited: Sequence[Edited]) -> int:
    """Put edited documents into their files, each atomically; how many there were to write.

    Raises:
        OSError: One can't be written, or has changed meanwhile; then none has been changed.
    """
    changed = [
        Replacement(one.path, one.after, unchanged=one.before) for one in edited if one.changed
    ]
    replace_files(changed)
    return len(changed)


def _guarded(
    document: Document,
    edit: Callable[[], Edit],
    checker: Checker | None,
    *,
    cured: frozenset[str] = frozenset(),
) -> Edited:
    """Edit, between a look at the document before and one after."""
    path = document.source.name
    if checker is not None:
        errors = [error for error in _errors(checker, document) if error.code not in cured]
        if errors:
            raise RefusedError(f"{path} has errors: {errors[0].message}", errors)
    done = edit()
    if checker is not None and done.document is not document:
        errors = _errors(checker, done.document)
        if errors:
            raise RefusedError(f"{path} would have errors: {errors[0].message}", errors)
    return Edited(path, document.to_bytes(), done.document.to_bytes(), done.notes)


def _errors(checker: Checker, document: Document) -> list[Diagnostic]:
    return [found for found in checker(document) if found.severity is Severity.ERROR]
