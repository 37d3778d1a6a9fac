"""Read TOML, and tell on which line of the text something stands."""

from typing import Any, Final

from xmlresource.record import record


class TomlError(ValueError):
    """A text that is not TOML.

    Attributes:
        line: Where, from 1; ``None`` where the parser does not tell.
    """

    def __init__(self, message: str) -> None:
        super().__init__(f"not TOML: {message}")
        digits = message.partition("(at line ")[2].partition(",")[0]
        self.line: Final = int(digits) if digits.isdigit() else None


@record
class TomlText:
    """A text, and the part of it that is ours.

    Attributes:
        text: The whole text.
        table: The names that lead to our table; none where the whole text is ours.
    """

    text: str
    table: tuple[str, ...] = ()

    def load(self) -> Any:
        """The value of our table, whatever it is; an empty one where it is not there.

        Raises:
            TomlError: The text is not TOML.
        """
        import tomllib  # noqa: PLC0415 -- most starts find no settings: they don't pay for it

        try:
            found: Any = tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise TomlError(str(error)) from error
        for name in self.table:
            found = found.get(name, {}) if isinstance(found, dict) else {}
        return found

    def line_of(self, *keys: str) -> int | None:
        """The line, from 1, that sets the first of ``keys`` that can be found, or opens its table.

        ``None`` where none can be: keys may be spelt with escapes.
        """
        lines = self.text.splitlines()
        heading = ".".join(self.table)
        start = next((at for at, line in enumerate(lines) if heading in line), 0) if heading else 0
        for key in keys:
            for at in range(start, len(lines)):
                if _sets(lines[at], key):
                    return at + 1
        return None


def _sets(line: str, key: str) -> bool:
    begin = line.strip().lstrip("[").strip()
    return any(
        begin.startswith(spelling) and begin[len(spelling) :].lstrip()[:1] in {"=", ".", "]"}
        for spelling in (key, f'"{key}"', f"'{key}'")
    )
