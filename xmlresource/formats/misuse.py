"""Arguments of the wrong type, told with what to write instead.

Python would take many of them and do something else in silence: a form's name for another form, a
path for a list of its letters.
"""

from typing import NoReturn

from xmlresource.tunables import Form
from xmlresource.units import Unlimited


def check_form(form: object) -> None:
    """See that it is a form.

    Raises:
        TypeError: It is not.
    """
    if isinstance(form, Form):
        return
    known = " or ".join(f"Form.{one.name}" for one in Form)
    if isinstance(form, str) and form in {one.value for one in Form}:
        raise TypeError(f"a form is no string: write Form.{form.upper()}, not {form!r}")
    raise TypeError(f"there is no form {form!r}: write {known}")


def is_size(amount: object) -> bool:
    """Whether it is a number of bytes, or ``UNLIMITED``."""
    return isinstance(amount, Unlimited) or (
        isinstance(amount, int) and not isinstance(amount, bool)
    )


def refuse_size(name: str, amount: object) -> NoReturn:
    """Say why a size is none.

    Raises:
        TypeError: Always.
    """
    if isinstance(amount, str):
        cure = f"write parse_written_size({amount!r})"
    elif isinstance(amount, float):
        cure = f"write a whole number of bytes, such as {int(amount)}" if _fits(amount) else ""
    else:
        cure = "write a whole number of bytes, or UNLIMITED"
    raise TypeError(f"{name} is no size: {amount!r}; {cure or 'write UNLIMITED for no limit'}")


def check_many(function: str, given: object) -> None:
    """See that it is a list of documents, and not one.

    Raises:
        TypeError: It is one, which would be taken for a list of its letters.
    """
    if isinstance(given, str | bytes) or not hasattr(given, "__iter__"):
        shown = repr(given) if isinstance(given, str) else "it"
        raise TypeError(f"{function} takes a list of documents: write {function}([{shown}])")


def _fits(number: float) -> bool:
    return number not in {float("inf"), float("-inf")} and number == number  # noqa: PLR0124 -- NaN
