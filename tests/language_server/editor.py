"""An editor for tests: pytest-lsp's client, and a document with the cursor marked in it."""

import asyncio
import sys
from pathlib import Path

from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, default_converter, register_lsp_features


class Editor(LanguageClient):
    """pytest-lsp's client, which loses nothing that it is told.

    Attributes:
        published: the findings that were sent, in order, and not taken yet.
        root: a folder for what is edited.
    """

    root: Path

    def __init__(self) -> None:
        super().__init__(converter_factory=default_converter)
        self.published: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        own = {types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: publish}
        register_lsp_features(self, DEFAULT_CLIENT_FEATURES | own)


def publish(editor: Editor, params: types.PublishDiagnosticsParams) -> None:
    """Take findings down."""
    editor.diagnostics[params.uri] = params.diagnostics
    editor.published.put_nowait(params)


SERVER = ClientServerConfig(
    server_command=[sys.executable, "-m", "xmlresource", "server"], client_factory=Editor
)

SNIPPETS = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        completion=types.CompletionClientCapabilities(
            completion_item=types.ClientCompletionItemOptions(snippet_support=True)
        ),
        rename=types.RenameClientCapabilities(prepare_support=True),
    ),
    general=types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind.Utf16]),
)


def initialize(*folders: Path) -> types.InitializeParams:
    """What an editor says first."""
    return types.InitializeParams(
        capabilities=SNIPPETS,
        workspace_folders=[types.WorkspaceFolder(each.as_uri(), each.name) for each in folders],
    )


def open_document(client: Editor, path: Path, text: str) -> str:
    """Open a document, which need not be there; its address comes back."""
    uri = path.as_uri()
    opened = types.TextDocumentItem(uri, "xml", 1, text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(opened))
    return uri


def change(
    client: Editor, uri: str, version: int, text: str, place: tuple[int, int] | None = None
) -> None:
    """Insert a text at a line and a column, or put it into the place of all."""
    event: types.TextDocumentContentChangeEvent = types.TextDocumentContentChangeWholeDocument(text)
    if place is not None:
        at = types.Position(*place)
        event = types.TextDocumentContentChangePartial(types.Range(at, at), text)
    document = types.VersionedTextDocumentIdentifier(version, uri)
    client.text_document_did_change(types.DidChangeTextDocumentParams(document, [event]))


async def told(client: Editor, uri: str, version: int | None = None) -> list[str | int]:
    """The codes of what the server finds in a document, in this version of it."""
    while True:
        params = await client.published.get()
        if params.uri == uri and version in {None, params.version}:
            return [one.code for one in params.diagnostics]
