"""RELAX NG for Python: verdicts as fast as a C library's, and diagnostics that say what is wrong.

    >>> from xmlresource.relaxng import Schema
    >>> schema = Schema.load(b'''
    ... <element name="a" xmlns="http://relaxng.org/ns/structure/1.0"><text/></element>''')
    >>> schema.is_valid(b"<a>text</a>")
    True

A package of its own: it needs nothing but the standard library.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from xmlresource.relaxng.diagnosing.violation import Related, Violation, ViolationKind
    from xmlresource.relaxng.errors import SchemaError
    from xmlresource.relaxng.limits import Limits
    from xmlresource.relaxng.schema import Schema

__all__ = ["Limits", "Related", "Schema", "SchemaError", "Violation", "ViolationKind"]

_MODULES = {
    "Violation": "diagnosing.violation",
    "ViolationKind": "diagnosing.violation",
    "Limits": "limits",
    "Related": "diagnosing.violation",
    "Schema": "schema",
    "SchemaError": "errors",
}


def __getattr__(name: str) -> object:
    """Load what is asked for when it is first asked for."""
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415  # the point of this function

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
