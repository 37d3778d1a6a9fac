"""What a project settles for ``validate``: ``[tool.xmlresource]`` or ``xmlresource.toml``.

From the file's text; finding and opening it is ``system.settings_files``' business. Not to be mixed
up with ``/etc/xmlresource.toml``, the host's (``configuration``).
"""

from typing import Any, Final

from xmlresource.errors import XmlresourceError
from xmlresource.record import record

KEYS: Final = ("select", "ignore", "per-file-ignores", "domain-schema")


class SettingsError(XmlresourceError, ValueError):
    """Settings that can't be used; the text says where, what and what to do."""


@record
class Settings:
    """What is reported, and of which files.

    Attributes:
        select: Only codes that begin with one of these are reported; all where there is none.
        ignore: Codes that begin with one of these are not.
        per_file_ignores: The same for files whose name matches a pattern.
        folder: What these patterns are relative to.
        domain_schema: The setting of ``--domain-schema``; ``None`` where it is not given.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    folder: str = ""
    domain_schema: str | None = None

    def wants(self, code: str, path: str) -> bool:
        """Whether a finding is reported.

        Args:
            code: Its code.
            path: Its file, relative to ``folder`` where it lies below.
        """
        if self.select and not code.startswith(self.select):
            return False
        if self.ignore and code.startswith(self.ignore):
            return False
        return not any(
            code.startswith(codes) and _matches(path, pattern)
            for pattern, codes in self.per_file_ignores
        )


def parse_settings(text: str, path: str, *, table: tuple[str, ...] = ()) -> Settings:
    """The settings in ``text``.

    Args:
        text: TOML.
        path: The file's name; patterns are relative to its folder.
        table: The names that lead to our table; none for a file of our own.

    Raises:
        SettingsError: It is not TOML, has an unknown key, or a value that makes no sense.
    """
    import tomllib  # noqa: PLC0415 -- most runs find no settings: don't pay for it at a start

    try:
        found: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        digits = str(error).partition("(at line ")[2].partition(",")[0]
        place = f"{path}:{digits}" if digits.isdigit() else path
        raise SettingsError(f"{place}: not TOML: {error}") from error
    for name in table:
        found = found.get(name, {}) if isinstance(found, dict) else {}
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: {'.'.join(table)} is no table")
    return _Reader(text, path, table).read(found)


def checked_codes(codes: object, where: str) -> tuple[str, ...]:
    """Codes, or beginnings of codes, in capitals.

    Raises:
        SettingsError: It is no list of strings, or one is no rule's.
    """
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        raise SettingsError(f'{where}: not a list of codes; write ["XR501", "XR4"]')
    from xmlresource.codes import CODES  # noqa: PLC0415 -- most runs select nothing

    wanted = tuple(code.strip().upper() for code in codes)
    for code in wanted:
        if not code or not any(known.startswith(code) for known in CODES):
            raise SettingsError(f"{where}: no rule's code begins with {code!r}")
    return wanted


@record
class _Reader:
    """Reads one table, and says where in the file it is wrong."""

    text: str
    path: str
    table: tuple[str, ...]

    def read(self, found: dict[str, Any]) -> Settings:
        for key in found:
            if key not in KEYS:
                known = ", ".join(KEYS)
                raise SettingsError(f"{self._at(key)}: unknown key {key!r}; the keys are {known}")
        return Settings(
            self._codes(found, "select"),
            self._codes(found, "ignore"),
            self._per_file(found.get("per-file-ignores", {})),
            self.path.rpartition("/")[0],
            self._schema(found.get("domain-schema")),
        )

    def _codes(self, found: dict[str, Any], key: str) -> tuple[str, ...]:
        return checked_codes(found[key], f"{self._at(key)}: {key}") if key in found else ()

    def _per_file(self, found: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
        key = "per-file-ignores"
        if not isinstance(found, dict):
            where = f"{self._at(key)}: {key}"
            raise SettingsError(f'{where}: not a table; write {{ "lab/*" = ["XR501"] }}')
        return tuple(
            (pattern, checked_codes(codes, f"{self._at(pattern, key)}: {pattern!r}"))
            for pattern, codes in found.items()
        )

    def _schema(self, found: object) -> str | None:
        if found is None or (isinstance(found, str) and found):
            return found
        where = self._at("domain-schema")
        raise SettingsError(f'{where}: domain-schema is "auto", "off" or a path')

    def _at(self, *keys: str) -> str:
        """The file, and the line of the first of ``keys`` that can be found in our table."""
        lines = self.text.splitlines()
        heading = ".".join(self.table)
        start = next((at for at, line in enumerate(lines) if heading in line), 0) if heading else 0
        for key in keys:
            for at in range(start, len(lines)):
                if key in lines[at].partition("=")[0]:
                    return f"{self.path}:{at + 1}"
        return self.path


def _matches(path: str, pattern: str) -> bool:
    """Whether a file's path, or its name alone, matches; ``*`` takes slashes too."""
    from fnmatch import fnmatchcase  # noqa: PLC0415 -- seldom used

    return fnmatchcase(path, pattern) or fnmatchcase(path.rpartition("/")[2], pattern)
