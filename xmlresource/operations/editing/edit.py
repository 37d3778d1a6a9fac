"""The commands ``set``, ``convert`` and ``generate``.

Each takes documents and gives data: the document before and after, and what could not be done as
asked. :func:`write_in_place` puts results into their files. Nothing is ever half done: a document
that has faults, or gets one from the edit, is not changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from xmlresource.diagnostics import Diagnostic, Severity
from xmlresource.document import Document
from xmlresource.document.editing import (
    EditError,
    Note,
    PlannedEdit,
    assign,
    unsayable,
    unsayable_quantities,
)
from xmlresource.document.editing import convert as converted
from xmlresource.document.editing.notes import without_attribute
from xmlresource.document.editing.origin import with_places_before
from xmlresource.formats.misuse import check_form
from xmlresource.model.resource import ResourcePolicy
from xmlresource.operations.editing.automatic import resolved
from xmlresource.operations.editing.diff import unified
from xmlresource.operations.named_document import document_of
from xmlresource.record import record
from xmlresource.system.files.textfiles import Replacement, replace_files
from xmlresource.tunables import Form

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from xmlresource.document.editing.edit_plan import Value
    from xmlresource.formats.assignments import Auto
    from xmlresource.model.policy import MemoryPolicy
    from xmlresource.operations.named_document import AnyInput

    Checker: TypeAlias = Callable[[Document], list[Diagnostic]]


# What converting is the cure for must not stand in its way.
_CURED: Final = frozenset({"XR401"})
_RELATIONS: Final = "XR3"


class RefusedError(EditError):
    """The document has faults, or the edit would bring some.

    Attributes:
        diagnostics: The faults.
    """

    def __init__(self, message: str, diagnostics: list[Diagnostic]) -> None:
        super().__init__(message)
        self.diagnostics = tuple(diagnostics)


@record
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
    def document(self) -> Document:
        """The document after the edit."""
        return Document.parse(self.after, self.path)

    @property
    def diff(self) -> str:
        """The difference as a unified diff."""
        return unified(self.before, self.after, self.path)


@record
class Generated:
    """A fragment made of nothing but a policy.

    Attributes:
        text: The fragment, with a final newline.
        notes: What it can't say.
    """

    text: str
    notes: tuple[Note, ...] = ()


def set_(
    document: AnyInput,
    amounts: Mapping[str, Value | Auto],
    form: Form | None = None,
    *,
    checker: Checker | None = None,
) -> Edited:
    """Give tunables new values.

    Args:
        document: The document: its path, its bytes, or read already.
        amounts: The new amounts by tunable, and the ``priority`` and ``balance``; ``AUTO`` is
            what is recommended for the guest, ``None`` takes it out.
        form: Where new ones go; by default the form that is used, else metadata.
        checker: The rules; ``None`` edits a document that has errors, too.

    Raises:
        EditError: It can't be done; a :class:`RefusedError` where rules forbid it.
    """
    read = document_of(document)
    sizes = resolved(read, amounts, form)
    return _guarded(read, lambda: assign(read, sizes, form), checker)


def convert(
    document: AnyInput,
    form: Form,
    *,
    take_cputune: bool = False,
    checker: Checker | None = None,
) -> Edited:
    """Move all tunables into ``form``, as far as it can say them.

    Args:
        document: The document: its path, its bytes, or read already.
        form: The form.
        take_cputune: Whether to move, too, what ``<cputune>`` and ``<blkiotune>`` say the same.
        checker: The rules; ``None`` converts a document that has errors, too.

    Raises:
        EditError: It can't be done; a :class:`RefusedError` where rules forbid it.
    """
    check_form(form)
    read = document_of(document)
    return _guarded(
        read, lambda: converted(read, form, take_cputune=take_cputune), checker, cured=_CURED
    )


def generate(
    policy: MemoryPolicy | ResourcePolicy, form: Form, *, checker: Checker | None = None
) -> Generated:
    """A bare fragment of ``form`` that says ``policy``.

    Raises:
        EditError: No document can hold it; a :class:`RefusedError` where rules forbid it.
    """
    check_form(form)
    memory = policy.memory if isinstance(policy, ResourcePolicy) else policy
    notes = unsayable(dict(memory.items()), form)
    if form is Form.MEMTUNE:
        notes = (*notes, *(without_attribute(name) for name, _ in memory.attributes()))
    if isinstance(policy, ResourcePolicy):
        notes = (*notes, *unsayable_quantities(dict(policy.quantities()), form))
    try:
        text = f"{policy.to_xml(form)}\n"
    except ValueError as error:
        raise EditError(str(error)) from None
    if checker is not None:
        errors = _errors(checker, Document.parse(text.encode(), "<generated>"))
        if errors:
            is_relation = errors[0].code.startswith(_RELATIONS)
            verdict = "it contradicts itself" if is_relation else "it can't be meant"
            raise RefusedError(f"{verdict}: {errors[0].message}", errors)
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
    edit: Callable[[], PlannedEdit[Document]],
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
            # Places are told of the file that is there, not of the one that is not written.
            errors = _errors(checker, with_places_before(done.document, document))
            raise RefusedError(f"{path} would have errors: {errors[0].message}", errors)
    return Edited(path, document.to_bytes(), done.document.to_bytes(), done.notes)


def _errors(checker: Checker, document: Document) -> list[Diagnostic]:
    return [found for found in checker(document) if found.severity is Severity.ERROR]
