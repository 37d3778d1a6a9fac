"""RELAX NG for Python: verdicts as fast as a C library's, and diagnostics that say what is wrong.

    >>> from xmlresource.relaxng import Schema
    >>> schema = Schema.load(b'''
    ... <element name="a" xmlns="http://relaxng.org/ns/structure/1.0"><text/></element>''')
    >>> schema.is_valid(b"<a>text</a>")
    True

A package of its own: it needs nothing but the standard library.
"""

from __future__ import annotations

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.limits import Limits
from xmlresource.relaxng.schema import Schema

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from xmlresource.relaxng.diagnostic import Diagnostic, Fault, Related

__all__ = ["Diagnostic", "Fault", "Limits", "Related", "Schema", "SchemaError"]

_LAZY = ("Diagnostic", "Fault", "Related")


def __getattr__(name: str) -> object:
    """Load what only invalid documents need when it is first asked for."""
    if name in _LAZY:
        from xmlresource.relaxng import diagnostic  # noqa: PLC0415  # the point of this function

        return getattr(diagnostic, name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
