"""One edit in the making: what each form of a document is to say afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Generic, TypeAlias, TypeVar

from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.form_editor import FormEditor, declared
from xmlresource.document.editing.layout import TextLayout
from xmlresource.document.editing.notes import UNLIMITED_REASON, Note, Remark, why_not
from xmlresource.document.editing.splice import spliced
from xmlresource.document.forms import domain_element
from xmlresource.formats.spelling import Spelling, settled
from xmlresource.record import record
from xmlresource.tunables import Form, Kind, Tunable
from xmlresource.units import UNLIMITED, Amount

if TYPE_CHECKING:
    from xmlresource.document.parsed_document import ParsedDocument

AnyDocument = TypeVar("AnyDocument", bound="ParsedDocument")

# The order of the forms in a domain.
_FORMS: Final = (Form.METADATA, Form.MEMTUNE, Form.RESOURCE)


Value: TypeAlias = Amount | Spelling | None
"""What a tunable is to say: an amount, an amount in a certain spelling, or nothing."""


@record
class PlannedEdit(Generic[AnyDocument]):
    """The result of an edit: the document after it, and notes.

    Attributes:
        document: The document after it; the very same where nothing had to change.
        notes: What could not be said as asked.
    """

    document: AnyDocument
    notes: tuple[Note, ...] = ()


def places_of(document: ParsedDocument, tunable: Tunable, form: Form | None) -> frozenset[Form]:
    """The forms in which a tunable stands once it has been given a value.

    Raises:
        EditError: The document has no place for it.
    """
    return EditPlan(document).places_of(tunable, form)


class EditPlan(Generic[AnyDocument]):
    """An edit in the making: the changes to each form of a document.

    Raises:
        EditError: The document is of a kind that holds no tunables.
    """

    def __init__(self, document: AnyDocument) -> None:
        if not document.is_known:
            raise EditError(f"<{document.root.name}> holds no tunables")
        self._document = document
        domain = domain_element(document.root)
        self._domain_type = None if domain is None else domain.attributes.get("type", "")
        self._before = declared(document.declarations)
        self._stands: dict[str, set[Form]] = {}
        for found in document.declarations:
            self._stands.setdefault(found.tunable.name, set()).add(found.form)
        self._wanted: dict[Form, dict[str, Amount | None]] = {form: {} for form in Form}
        self._spellings: dict[str, Spelling] = {}
        self._unlimited: list[str] = []
        self._notes: list[Note] = []

    def assign(self, tunable: Tunable, value: Value, form: Form | None) -> None:
        """Plan a new value: where the tunable stands, and in ``form`` where one is given.

        Raises:
            EditError: No document can hold it, or this one has no place for it.
        """
        if isinstance(value, Spelling):
            self._spellings[tunable.name] = value
        amount = _settled(tunable, value)
        if amount is None:
            stands = self._stands.get(tunable.name, set())
            for place in stands if form is None else stands & {form}:
                self._wanted[place][tunable.name] = None
            return
        for place in self.places_of(tunable, form):
            self._want(tunable, amount, place)

    def places_of(self, tunable: Tunable, form: Form | None) -> frozenset[Form]:
        """The forms that a tunable stands in, or goes into if it is new or a form is named.

        Raises:
            EditError: The document has no place for it.
        """
        stands = self._stands.get(tunable.name, set())
        if form is not None or not stands:
            stands = stands | {self._home(tunable, form)}
        return frozenset(stands)

    def move(self, tunable: Tunable, amount: Amount, form: Form, spelling: Spelling) -> None:
        """Plan a tunable's move into ``form``, or into metadata where that can't hold it."""
        target = self._home(tunable, form)
        for place in self._stands[tunable.name] - {target}:
            self._wanted[place][tunable.name] = None
        self._want(tunable, amount, target)
        self._spellings[tunable.name] = spelling

    def carried_out(self) -> PlannedEdit[AnyDocument]:
        """Make the edit, and read the document again to see that it says what was meant.

        Raises:
            EditError: The document has no place for it, or did not come out as meant.
        """
        expected = self._expected()
        notes = (*self._notes, *self._left_out(expected))
        edited = self._document
        for form in _FORMS:
            if self._wanted[form]:
                edited = self._edited(edited, form)
        if declared(edited.declarations) != expected:
            raise EditError("the edit did not come out as meant, and was not made")
        return PlannedEdit(edited, notes)

    def _edited(self, document: AnyDocument, form: Form) -> AnyDocument:
        """One form after the other, each in the document that the one before has left."""
        editor = FormEditor(document.root, TextLayout(document.root), form, self._spellings)
        splices = editor.splices(self._wanted[form])
        if not splices:
            return document
        return document.with_text(spliced(document.source.text, splices))

    def _expected(self) -> dict[Form, dict[str, Amount]]:
        return {
            form: {
                name: amount
                for name, amount in {**said, **self._wanted[form]}.items()
                if amount is not None
            }
            for form, said in self._before.items()
        }

    def _want(self, tunable: Tunable, amount: Amount, form: Form) -> None:
        """Have ``form`` say it; "unlimited" is an element in memtune only, or where it is one."""
        if amount is UNLIMITED:
            self._unlimited.append(tunable.name)
            if form is not Form.MEMTUNE and self._before[form].get(tunable.name) is not UNLIMITED:
                self._wanted[form][tunable.name] = None
                return
        self._wanted[form][tunable.name] = amount

    def _left_out(self, expected: dict[Form, dict[str, Amount]]) -> list[Note]:
        return [
            Note(name, Remark.LEFT_OUT, UNLIMITED_REASON)
            for name in dict.fromkeys(self._unlimited)
            if not any(name in said for said in expected.values())
        ]

    def _home(self, tunable: Tunable, form: Form | None) -> Form:
        """The form for a tunable: the one asked for, or the usual one; metadata if it can't be."""
        asked = form or self._usual_form()
        reason = why_not(tunable, asked, self._domain_type)
        if reason is None:
            return asked
        if self._domain_type is None:
            raise EditError(reason)
        if form is not None:
            self._notes.append(Note(tunable.name, Remark.KEPT_IN_METADATA, reason))
        return Form.METADATA

    def _usual_form(self) -> Form:
        used = {block.form for block in self._document.blocks}
        if len(used) == 1:
            return used.pop()
        if self._domain_type is None and self._document.root.namespace is None:
            return Form.RESOURCE
        return Form.METADATA


def _settled(tunable: Tunable, value: Value) -> Amount | None:
    if value is None:
        return None
    try:
        amount = value.amount if isinstance(value, Spelling) else value
        return settled(tunable.name, amount, guarantee=tunable.kind is Kind.GUARANTEE)
    except ValueError as error:
        raise EditError(str(error)) from None
