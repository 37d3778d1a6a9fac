"""Editing a document by splicing its text at exact places: all else stays byte for byte.

``assign`` and ``convert`` are the ways in; the result is always read again and compared with what
was meant. Files, and what a person is told, are others' business.
"""

from xmlresource.document.editing.assignment import assign, replace, replace_all
from xmlresource.document.editing.conversion import convert
from xmlresource.document.editing.edit_plan import PlannedEdit
from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.notes import Note, Remark, unsayable, unsayable_quantities

__all__ = [
    "EditError",
    "Note",
    "PlannedEdit",
    "Remark",
    "assign",
    "convert",
    "replace",
    "replace_all",
    "unsayable",
    "unsayable_quantities",
]
