"""The settings of a repository: ``[tool.xmlresource]`` or ``xmlresource.toml``.

From the file's text; finding and opening it is ``system.settings_files``' business. Not to be mixed
up with ``/etc/xmlresource.toml``, the host's (``configuration``).
"""

from typing import Any, Final

from xmlresource.configuration.toml_text import TomlError, TomlText
from xmlresource.diagnostics import Severity
from xmlresource.errors import XmlresourceError
from xmlresource.record import record

KEYS: Final = (
    "select",
    "ignore",
    "per-file-ignores",
    "domain-schema",
    "exclude",
    "min-severity",
)


class SettingsError(XmlresourceError, ValueError):
    """Settings that can't be used; the text says where, what and what to do."""


@record
class Settings:
    """The settings of a repository: what is reported, and of which files.

    Attributes:
        select: Only codes that begin with one of these are reported; all where there is none.
        ignore: Codes that begin with one of these are not.
        per_file_ignores: The same for files whose name matches a pattern.
        folder: What these patterns, and those of ``exclude``, are relative to.
        domain_schema: The setting of ``--domain-schema``; ``None`` where it is not given.
        exclude: Patterns of what is left out of folders, in the way of ``.gitignore``.
        min_severity: ``error`` where warnings are not reported.
    """

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    per_file_ignores: tuple[tuple[str, tuple[str, ...]], ...] = ()
    folder: str = ""
    domain_schema: str | None = None
    exclude: tuple[str, ...] = ()
    min_severity: Severity = Severity.WARNING

    def wants(self, code: str, path: str, severity: Severity = Severity.ERROR) -> bool:
        """Whether a finding is reported.

        Args:
            code: Its code.
            path: Its file, relative to ``folder`` where it lies below.
            severity: Its severity.
        """
        if self.min_severity is Severity.ERROR is not severity:
            return False
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
    source = TomlText(text, table)
    try:
        found = source.load()
    except TomlError as error:
        place = path if error.line is None else f"{path}:{error.line}"
        raise SettingsError(f"{place}: {error}") from error
    if not isinstance(found, dict):
        raise SettingsError(f"{path}: {'.'.join(table)} is no table")
    return _Reader(source, path).read(found)


def checked_codes(codes: object, where: str) -> tuple[str, ...]:
    """Codes, or beginnings of codes, in capitals; rules may be named as well.

    Raises:
        SettingsError: It is no list of strings, or one is no rule's.
    """
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        raise SettingsError(f'{where}: not a list of codes; write ["XR501", "XR4"]')
    from xmlresource.codes import CODES, code_of  # noqa: PLC0415 -- most runs select nothing

    wanted = tuple(map(code_of, codes))
    for code in wanted:
        if not code or not any(known.startswith(code) for known in CODES):
            raise SettingsError(f"{where}: no rule's code begins with {code!r}")
    return wanted


@record
class _Reader:
    """Reads one table, and says where in the file it is wrong."""

    source: TomlText
    path: str

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
            self._exclude(found.get("exclude", [])),
            self._severity(found.get("min-severity", Severity.WARNING.value)),
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
        raise SettingsError(f'{where}: domain-schema is "auto", "required", "off" or a path')

    def _severity(self, found: object) -> Severity:
        for severity in Severity:
            if severity.value == found:
                return severity
        where = self._at("min-severity")
        raise SettingsError(f'{where}: min-severity is "error" or "warning"')

    def _exclude(self, found: object) -> tuple[str, ...]:
        if isinstance(found, list) and all(isinstance(pattern, str) for pattern in found):
            return tuple(found)
        where = f"{self._at('exclude')}: exclude"
        raise SettingsError(f'{where}: not a list of patterns; write ["lab/", "*.old.xml"]')

    def _at(self, *keys: str) -> str:
        """The file, and the line of the first of ``keys`` that can be found in our table."""
        line = self.source.line_of(*keys)
        return self.path if line is None else f"{self.path}:{line}"


def _matches(path: str, pattern: str) -> bool:
    """Whether a file's path, or its name alone, matches; ``*`` takes slashes too."""
    from fnmatch import fnmatchcase  # noqa: PLC0415 -- seldom used

    return fnmatchcase(path, pattern) or fnmatchcase(path.rpartition("/")[2], pattern)
