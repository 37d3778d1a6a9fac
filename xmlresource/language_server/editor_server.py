"""The server's state: documents, findings, what is in force for them; and its protocol."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method

import xmlresource
from xmlresource.diagnostics import Diagnostic
from xmlresource.errors import XmlresourceError
from xmlresource.language_server import wire
from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.positions import ColumnUnit
from xmlresource.language_server.sound_part import SoundFindings
from xmlresource.language_server.workspace_rules import FolderRules, WorkspaceRules

_MOMENT: Final = 0.1
"""For how many seconds nothing must be typed before findings are sent."""

_READING: Final = 0.005
"""For how many seconds a request waits, so that what was sent right behind it is read: a change of
the document, or that nobody wants the answer any more."""


class _Protocol(LanguageServerProtocol):
    """pygls's protocol without its own copies of documents.

    Those take more characters for ends of lines than the protocol does, and mend the places of a
    change by that before anybody else sees them.
    """

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(
        self, params: types.DidChangeTextDocumentParams
    ) -> Iterator[tuple[Any, tuple[types.DidChangeTextDocumentParams], None]]:
        """Hand a change over as it came."""
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None


class EditorServer(LanguageServer):
    """A server for one editor.

    Attributes:
        documents: The open documents, by their address.
        found: What was last found in each, and in which version of it.
        rules: What is in force for them.
        was_told_to_shut_down: Whether the editor has asked for the end, as it should before it
            says ``exit``.
        left_at_once: Whether the editor has said ``exit`` without that.
    """

    def __init__(self) -> None:
        super().__init__("xmlresource", xmlresource.__version__, protocol_cls=_Protocol)
        self.documents: Final[dict[str, OpenDocument]] = {}
        self.found: Final[dict[str, tuple[OpenDocument, list[Diagnostic]]]] = {}
        self.rules: Final = WorkspaceRules()
        self.was_told_to_shut_down = False
        self.left_at_once = False
        self._waiting: Final[dict[str, asyncio.TimerHandle]] = {}
        self._told: Final[set[str]] = set()
        self._sound: Final[dict[str, SoundFindings]] = {}

    @property
    def unit(self) -> ColumnUnit:
        """The unit of columns that was agreed on."""
        agreed = self.workspace.position_encoding or ColumnUnit.UTF_16.value
        return ColumnUnit(
            agreed.value if isinstance(agreed, types.PositionEncodingKind) else agreed
        )

    @property
    def has_snippets(self) -> bool:
        """Whether the editor has places to fill in."""
        asked = self.client_capabilities.text_document
        item = (
            None if asked is None or asked.completion is None else asked.completion.completion_item
        )
        return item is not None and item.snippet_support is True

    async def up_to_date(self, identifier: types.TextDocumentIdentifier) -> OpenDocument | None:
        """A document after all that the editor has sent by now; ``None`` where it is not open.

        Who has cancelled its request meanwhile waits here in vain.
        """
        await asyncio.sleep(_READING)
        return self.documents.get(identifier.uri)

    def rules_of(self, document: OpenDocument) -> FolderRules:
        """What is in force for a document; of settings that can't be used the editor is told."""
        rules = self.rules.of(document)
        if rules.problem is not None:
            self._tell_once(rules.problem)
        return rules

    def _tell_once(self, problem: str) -> None:
        if problem not in self._told:
            self._told.add(problem)
            said = types.ShowMessageParams(types.MessageType.Error, problem)
            self.window_show_message(said)

    def forget(self, uri: str) -> None:
        """Forget what was found in a document."""
        self.found.pop(uri, None)
        self._sound.pop(uri, None)

    def findings_in(self, uri: str) -> list[Diagnostic]:
        """What is wrong with a document as it stands."""
        document = self.documents[uri]
        known = self.found.get(uri)
        if known is not None and known[0] is document:
            return known[1]
        rules = self.rules_of(document)
        before = self._sound.setdefault(uri, SoundFindings())
        excluded = rules.excludes(document.path)
        try:
            found = [] if excluded else editor_findings(rules, document, before)
        except XmlresourceError as error:  # a schema of another kind than domains can't be used
            self._tell_once(str(error))
            found = []
        self.found[uri] = document, found
        return found

    def tell_findings(self, uri: str) -> None:
        """Send what is wrong with a document."""
        self.wait_no_more(uri)
        document = self.documents[uri]
        found = [wire.diagnostic(document, one) for one in self.findings_in(uri)]
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(uri, found, document.version)
        )

    def tell_findings_soon(self, uri: str) -> None:
        """Send what is wrong with a document when nothing more is typed."""
        self.wait_no_more(uri)
        loop = asyncio.get_running_loop()
        self._waiting[uri] = loop.call_later(_MOMENT, self.tell_findings, uri)

    def tell_all_again(self) -> None:
        """Send what is wrong with all documents, by rules that may have changed."""
        self.rules.forget()
        self.found.clear()
        self._sound.clear()
        self._told.clear()
        for uri in self.documents:
            self.tell_findings_soon(uri)

    def wait_no_more(self, uri: str) -> None:
        """Forget that findings were to be sent."""
        waiting = self._waiting.pop(uri, None)
        if waiting is not None:
            waiting.cancel()
