"""The server: what editors send, by the protocol, and what they are told.

Requests are answered in the order in which they come, each after what the editor has sent
meanwhile was read, so that one that is cancelled or out of date costs nothing. Findings are sent
when nothing was typed for a moment.
"""

import asyncio
import os
import sys
from threading import Event
from typing import Any, Final

from lsprotocol import types
from pygls.io_ import run_async
from pygls.uris import to_fs_path

from xmlresource.language_server import wire
from xmlresource.language_server.collector import set_aside_what_stays
from xmlresource.language_server.completion import suggestions
from xmlresource.language_server.document_structure import folds, is_name, paired_names, symbols
from xmlresource.language_server.editor_server import EditorServer
from xmlresource.language_server.hover import explanation
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.quick_fixes import FixKind, quick_fixes

LOOPBACK: Final = "127.0.0.1"

_SETTINGS: Final = "**/{xmlresource.toml,pyproject.toml}"


def did_open(server: EditorServer, params: types.DidOpenTextDocumentParams) -> None:
    """Take a document over from its file."""
    opened = params.text_document
    path = to_fs_path(opened.uri) or opened.uri
    server.documents[opened.uri] = OpenDocument.from_editor(
        path, opened.version, opened.text, server.unit
    )
    server.rules.forget()
    server.tell_findings(opened.uri)
    set_aside_what_stays()


def did_change(server: EditorServer, params: types.DidChangeTextDocumentParams) -> None:
    """Follow the editor."""
    uri, version = params.text_document.uri, params.text_document.version
    document = server.documents.get(uri)
    if document is not None:
        server.documents[uri] = document.changed(wire.changes(params.content_changes), version)
        server.tell_findings_soon(uri)


def did_save(server: EditorServer, params: types.DidSaveTextDocumentParams) -> None:
    """Send the findings about what was saved at once; it may be settings, too."""
    server.rules.forget()
    uri = params.text_document.uri
    if uri in server.documents:
        server.forget(uri)
        server.tell_findings(uri)


def did_close(server: EditorServer, params: types.DidCloseTextDocumentParams) -> None:
    """Forget a document, and have the editor forget what was found in it."""
    uri = params.text_document.uri
    server.wait_no_more(uri)
    server.forget(uri)
    if server.documents.pop(uri, None) is not None:
        server.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))


def initialized(server: EditorServer, _: types.InitializedParams) -> None:
    """Take the workspace's folders, and ask to be told when settings change."""
    did_change_folders(server, None)
    workspace = server.client_capabilities.workspace
    watching = None if workspace is None else workspace.did_change_watched_files
    if watching is not None and watching.dynamic_registration:
        wanted = types.DidChangeWatchedFilesRegistrationOptions(
            [types.FileSystemWatcher(_SETTINGS)]
        )
        method = types.WORKSPACE_DID_CHANGE_WATCHED_FILES
        registration = types.Registration("settings", method, wanted)
        server.client_register_capability(types.RegistrationParams([registration]))


def did_change_folders(server: EditorServer, _: object) -> None:
    """Take the workspace's folders as they are now."""
    workspace = server.workspace
    uris = [*workspace.folders, *([workspace.root_uri] if workspace.root_uri else [])]
    paths = (to_fs_path(uri) for uri in uris)
    server.rules.open_folders(tuple(os.path.normpath(path) for path in paths if path))
    server.tell_all_again()


def settings_changed(server: EditorServer, _: object) -> None:
    """Check everything again."""
    server.tell_all_again()


def shutdown(server: EditorServer, _: object) -> None:
    """Know that the editor is about to leave."""
    server.was_told_to_shut_down = True


def leave(server: EditorServer, _: object) -> None:
    """Know whether the editor leaves as it should: pygls ends the connection, and tells nobody."""
    server.left_at_once = not server.was_told_to_shut_down


async def complete(
    server: EditorServer, params: types.CompletionParams
) -> types.CompletionList | None:
    """Offer what may come at the cursor."""
    document = await server.up_to_date(params.text_document)
    if document is None:
        return None
    place = wire.offset(document, params.position)
    rules = server.rules_of(document)
    found = suggestions(rules.schema, document, place)
    has_snippets = server.has_snippets
    items = [
        wire.completion_item(document, number, one, has_snippets=has_snippets)
        for number, one in enumerate(found)
    ]
    return types.CompletionList(is_incomplete=False, items=items)


async def explain(server: EditorServer, params: types.HoverParams) -> types.Hover | None:
    """Tell what is under the cursor."""
    document = await server.up_to_date(params.text_document)
    if document is None:
        return None
    found = server.findings_in(params.text_document.uri)
    said = explanation(document, found, wire.offset(document, params.position))
    return None if said is None else wire.hover(document, said)


async def outline(
    server: EditorServer, params: types.DocumentSymbolParams
) -> list[types.DocumentSymbol]:
    """List the elements."""
    document = await server.up_to_date(params.text_document)
    if document is None:
        return []
    return [wire.symbol(document, each) for each in symbols(document)]


async def fold(server: EditorServer, params: types.FoldingRangeParams) -> list[types.FoldingRange]:
    """Tell what can be folded."""
    document = await server.up_to_date(params.text_document)
    found = folds(document) if document is not None else ()
    return [wire.fold(first, last, is_comment=comment) for first, last, comment in found]


async def pair(
    server: EditorServer, params: types.LinkedEditingRangeParams
) -> types.LinkedEditingRanges | None:
    """Tell the names that change together."""
    ranges = await _paired(server, params.text_document, params.position)
    return types.LinkedEditingRanges(ranges) if ranges else None


async def prepare_rename(
    server: EditorServer, params: types.PrepareRenameParams
) -> types.Range | None:
    """Tell the name that would be changed."""
    ranges = await _paired(server, params.text_document, params.position)
    place = params.position
    return next((each for each in ranges if each.start <= place <= each.end), None)


async def rename(server: EditorServer, params: types.RenameParams) -> types.WorkspaceEdit | None:
    """Change the name of an element in both of its tags."""
    ranges = await _paired(server, params.text_document, params.position)
    if not ranges or not is_name(params.new_name):
        return None
    edits = [types.TextEdit(each, params.new_name) for each in ranges]
    return types.WorkspaceEdit({params.text_document.uri: edits})


async def mend(server: EditorServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Offer what would mend the findings at the cursor."""
    document = await server.up_to_date(params.text_document)
    if document is None:
        return []
    uri = params.text_document.uri
    start, end = (wire.offset(document, each) for each in (params.range.start, params.range.end))
    rules, found = server.rules_of(document), server.findings_in(uri)
    return [
        wire.code_action(uri, document, fix)
        for fix in quick_fixes(rules, document, found, start, end)
        if wire.is_wanted(fix, params.context.only)
    ]


async def _paired(
    server: EditorServer, identifier: types.TextDocumentIdentifier, place: types.Position
) -> list[types.Range]:
    document = await server.up_to_date(identifier)
    if document is None:
        return []
    names = paired_names(document, wire.offset(document, place))
    return [wire.text_range(document, start, end) for start, end in names]


_TRIGGERS: Final = ["<", "/", " ", "'", '"', ">"]

_FEATURES: Final[tuple[tuple[str, Any, Any], ...]] = (
    (types.INITIALIZED, initialized, None),
    (types.SHUTDOWN, shutdown, None),
    (types.EXIT, leave, None),
    (types.TEXT_DOCUMENT_DID_OPEN, did_open, None),
    (types.TEXT_DOCUMENT_DID_CHANGE, did_change, None),
    (types.TEXT_DOCUMENT_DID_SAVE, did_save, types.SaveOptions(include_text=False)),
    (types.TEXT_DOCUMENT_DID_CLOSE, did_close, None),
    (types.TEXT_DOCUMENT_COMPLETION, complete, types.CompletionOptions(_TRIGGERS)),
    (types.TEXT_DOCUMENT_HOVER, explain, None),
    (
        types.TEXT_DOCUMENT_CODE_ACTION,
        mend,
        types.CodeActionOptions([each.value for each in FixKind]),
    ),
    (types.TEXT_DOCUMENT_DOCUMENT_SYMBOL, outline, None),
    (types.TEXT_DOCUMENT_FOLDING_RANGE, fold, None),
    (types.TEXT_DOCUMENT_LINKED_EDITING_RANGE, pair, None),
    (types.TEXT_DOCUMENT_PREPARE_RENAME, prepare_rename, None),
    (types.TEXT_DOCUMENT_RENAME, rename, types.RenameOptions(prepare_provider=True)),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, did_change_folders, None),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, settings_changed, None),
    (types.WORKSPACE_DID_CHANGE_CONFIGURATION, settings_changed, None),
)


def server_for_an_editor() -> EditorServer:
    """A server with all that it can do."""
    server = EditorServer()
    for method, handler, options in _FEATURES:
        server.feature(method, options)(handler)
    return server


def serve_standard_input() -> bool:
    """Serve the editor that has started this process, until it ends the connection.

    Returns:
        Whether it ended in order: the protocol has the process fail after ``exit`` without
        ``shutdown``.
    """
    server = server_for_an_editor()
    # pygls closes what it writes to, and the command line still flushes its own.
    with open(sys.stdout.fileno(), "wb", closefd=False) as output:
        server.start_io(stdout=output)
    return not server.left_at_once


def serve_loopback(port: int, tell: Any) -> bool:
    """Serve the first editor that connects to a port of this machine.

    Args:
        port: The port; 0 to have one chosen.
        tell: Told the port as soon as an editor can connect.

    Returns:
        Whether it ended in order, as with standard input.

    Raises:
        OSError: The port can't be had.
    """
    return asyncio.run(_serve_one(port, tell))


async def _serve_one(port: int, tell: Any) -> bool:
    served = asyncio.Event()
    server = server_for_an_editor()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        listener.close()  # whoever else can reach the port has no business with this editor
        server.protocol.set_writer(writer)
        try:
            await run_async(Event(), reader, server.protocol)
        finally:
            server.shutdown()  # type: ignore[no-untyped-call] # pygls's
            served.set()

    listener = await asyncio.start_server(connected, LOOPBACK, port)
    tell(listener.sockets[0].getsockname()[1])
    await served.wait()
    return not server.left_at_once
