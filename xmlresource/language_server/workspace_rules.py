"""What is in force for a document: the settings of its folder, and libvirt's schemas."""

from pathlib import PurePath

from xmlresource.configuration.repository_settings import Settings
from xmlresource.errors import XmlresourceError
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.operations.validation.document_checker import DocumentChecker
from xmlresource.operations.validation.domain_schema import AUTO, OFF, DomainSchema, chosen
from xmlresource.operations.validation.validate import Options
from xmlresource.record import record
from xmlresource.system.configuration.repository_settings import find_settings
from xmlresource.system.files.document_files import expand


@record
class FolderRules:
    """What is in force in one folder.

    Attributes:
        settings: Its settings; the defaults where they can't be used.
        schema: libvirt's schemas; ``None`` for none.
        problem: Why settings or schemas can't be used; ``None`` where they can.
    """

    settings: Settings
    schema: DomainSchema | None
    problem: str | None = None

    @property
    def checker(self) -> DocumentChecker:
        """Checks documents by them."""
        return _checker(self.settings, self.schema)

    @property
    def reader(self) -> DocumentChecker:
        """Checks documents by them, and asks no schema: for what is not well-formed."""
        return _checker(self.settings, None)

    def excludes(self, path: str) -> bool:
        """Whether the settings leave a file out."""
        selection = Options(settings=self.settings, as_found=True).selection
        return not expand([path], selection).found


def _checker(settings: Settings, schema: DomainSchema | None) -> DocumentChecker:
    return DocumentChecker(settings, schema, "<stdin>", keep_lines=False, place_edits=False)


class WorkspaceRules:
    """The rules of all folders that are open, each read when a document first needs it.

    A document goes by the workspace folder that it is in, as a run of ``validate`` there would;
    one that is in none, by its own folder. Schemas are loaded once for all.
    """

    def __init__(self) -> None:
        self._folders: tuple[str, ...] = ()
        self._rules: dict[str, FolderRules] = {}
        self._schemas: dict[str, DomainSchema | None] = {}

    def open_folders(self, folders: tuple[str, ...]) -> None:
        """Take these for the workspace's folders from now on."""
        self._folders = folders
        self.forget()

    def forget(self) -> None:
        """Read settings again when they are next needed: a file of them may have changed."""
        self._rules.clear()

    def of(self, document: OpenDocument) -> FolderRules:
        """The rules for a document."""
        folder = self._folder(document.path)
        rules = self._rules.get(folder)
        if rules is None:
            rules = self._rules[folder] = self._read(folder)
        return rules

    def _folder(self, path: str) -> str:
        around = [each for each in self._folders if PurePath(path).is_relative_to(each)]
        return max(around, key=len, default=str(PurePath(path).parent))

    def _read(self, folder: str) -> FolderRules:
        problem = None
        try:
            settings = find_settings(folder)
        except XmlresourceError as error:
            settings, problem = Settings(), str(error)
        try:
            schema = self._schema(settings.domain_schema or AUTO)
        except XmlresourceError as error:
            schema, problem = None, problem or str(error)
        return FolderRules(settings, schema, problem)

    def _schema(self, setting: str) -> DomainSchema | None:
        if setting not in self._schemas:
            schema = chosen(setting) if setting != OFF else None
            if schema is not None:
                _ = schema.is_usable  # what is wrong with it is to be said now, and once
            self._schemas[setting] = schema
        return self._schemas[setting]
