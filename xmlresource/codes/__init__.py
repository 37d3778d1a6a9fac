"""The registry of rule codes: what each means, why it is a rule, and how to mend it.

One row a code. ``validate`` reports them, ``explain`` prints a row, the docs page is made from all.
The hundreds group them: 0 input, 1 structure, 2 values, 3 relations, 4 libvirt, 5 sizing, 6 the
schema of whole domains, 7 suppressions, 8 what is imported and exported.
"""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.codes.form_rules import FORM_RULES
from xmlresource.codes.guest_rules import GUEST_RULES
from xmlresource.codes.relation_rules import RELATION_RULES
from xmlresource.codes.transfer_rules import TRANSFER_RULES
from xmlresource.codes.validation_rules import VALIDATION_RULES
from xmlresource.codes.value_rules import VALUE_RULES

__all__ = ["CODES", "NAMES", "Code", "code_of"]

_ROWS: Final = (
    *FORM_RULES,
    *VALUE_RULES,
    *RELATION_RULES,
    *GUEST_RULES,
    *VALIDATION_RULES,
    *TRANSFER_RULES,
)

CODES: Final = {row.code: row for row in _ROWS}
"""All rules by code, in the order of the codes."""

NAMES: Final = {row.name: row.code for row in _ROWS}
"""The codes of all rules by name."""


def code_of(text: str) -> str:
    """The code that a person means: by itself, by its beginning or by the rule's name.

    What is neither comes back in capitals.
    """
    word = text.strip()
    return NAMES.get(word.lower(), word.upper())
