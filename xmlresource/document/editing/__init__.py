"""Editing a document by splicing its text at exact places: all else stays byte for byte.

``assign`` and ``convert`` are the ways in; the result is always read again and compared with what
was meant. Files, and what a person is told, are others' business.
"""

from xmlresource.document.editing.assign import assign, replace
from xmlresource.document.editing.convert import convert
from xmlresource.document.editing.errors import EditError
from xmlresource.document.editing.notes import Note, Remark, unsayable
from xmlresource.document.editing.plan import Edit

__all__ = ["Edit", "EditError", "Note", "Remark", "assign", "convert", "replace", "unsayable"]
