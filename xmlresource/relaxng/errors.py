"""The one exception that a faulty schema raises."""

from __future__ import annotations


class SchemaError(Exception):
    """A schema that cannot be used: unreadable, not RELAX NG, or breaking one of its rules.

    Attributes:
        message: what is wrong, without the place.
        file: the schema file (or the name given to a schema that came as bytes).
        line: line in that file, from 1; 0 where the fault has no line.
        column: column in characters, from 1; 0 where the fault has no column.
    """

    def __init__(self, message: str, file: str = "", line: int = 0, column: int = 0) -> None:
        super().__init__(message, file, line, column)
        self.message = message
        self.file = file
        self.line = line
        self.column = column

    def __str__(self) -> str:
        place = [self.file] if self.file else []
        if self.line:
            place += [str(self.line), str(self.column)]
        return ": ".join([":".join(place), self.message]) if place else self.message
