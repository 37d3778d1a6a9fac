"""The server as an editor meets it: through its standard input and a port, by pytest-lsp."""

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types

from tests.language_server.editor import SERVER, Editor, change, initialize, open_document, told

FAULTY = "<memtune>\n  <hard_limit unit='GiB'>x</hard_limit>\n</memtune>\n"
LIBVIRT = Path("/usr/share/libvirt/schemas")
PLACES = pytest.mark.asyncio(loop_scope="module")


@pytest_lsp.fixture(scope="module", config=SERVER)
async def client(
    lsp_client: Editor, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    root = tmp_path_factory.mktemp("workspace")
    (root / "strict").mkdir()
    (root / "lax").mkdir()
    (root / "lax" / "xmlresource.toml").write_text('ignore = ["XR201"]\n')
    lsp_client.root = root
    await lsp_client.initialize_session(initialize(root / "strict", root / "lax"))
    yield
    await lsp_client.shutdown_session()


@PLACES
async def test_a_document_is_checked_when_it_opens_changes_and_closes(
    client: Editor,
) -> None:
    path = client.root / "strict" / "a.xml"
    uri = open_document(client, path, FAULTY)
    assert await told(client, uri) == ["XR201"]
    published = client.diagnostics[uri][0]
    assert (published.range.start.line, published.range.start.character) == (1, 25)
    assert "hint: " in published.message
    assert published.source == "xmlresource"
    change(client, uri, 2, FAULTY.replace("x<", "4<"))
    assert await told(client, uri, 2) == []
    change(client, uri, 3, "x", (1, 25))
    assert await told(client, uri, 3) == ["XR201"]
    client.text_document_did_close(
        types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    assert await told(client, uri) == []


@PLACES
async def test_lines_end_where_the_protocol_says(client: Editor) -> None:
    """Python would end them at these characters, too."""
    text = "<memtune><!-- \u2028 \x85 -->\r\n<hard_limit>4194304</hard_limit>\n</memtune>"
    uri = open_document(client, client.root / "h.xml", text)
    assert await told(client, uri) == []
    change(client, uri, 2, "x", (1, 12))
    assert await told(client, uri, 2) == ["XR201"]
    start = client.diagnostics[uri][0].range.start
    assert (start.line, start.character) == (1, 12)


@PLACES
async def test_every_folder_has_its_own_settings(client: Editor) -> None:
    lax = open_document(client, client.root / "lax" / "b.xml", FAULTY)
    assert await told(client, lax) == []
    strict = open_document(client, client.root / "strict" / "b.xml", FAULTY)
    assert await told(client, strict) == ["XR201"]


@PLACES
async def test_settings_that_change_are_heeded(client: Editor) -> None:
    settings = client.root / "strict" / "xmlresource.toml"
    uri = open_document(client, client.root / "strict" / "c.xml", FAULTY)
    assert await told(client, uri) == ["XR201"]
    settings.write_text('exclude = ["c.xml"]\n')
    event = types.FileEvent(settings.as_uri(), types.FileChangeType.Created)
    client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    assert await told(client, uri) == []
    settings.write_text("nonsense = 1\n")
    client.text_document_did_save(
        types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri))
    )
    assert await told(client, uri) == ["XR201"]
    assert "nonsense" in client.messages[-1].message
    settings.unlink()


@PLACES
async def test_somebody_elses_document_is_left_alone(client: Editor) -> None:
    uri = open_document(client, client.root / "pom.xml", "<project><domain></project>")
    assert await told(client, uri) == []


@PLACES
async def test_folders_come_and_go(client: Editor) -> None:
    folder = client.root / "late"
    folder.mkdir()
    (folder / "xmlresource.toml").write_text('select = ["XR3"]\n')
    (folder / "deep").mkdir()
    uri = open_document(client, folder / "deep" / "d.xml", FAULTY)
    assert await told(client, uri) == []  # settings of the folders above are its own
    (folder / "deep" / "xmlresource.toml").write_text("")
    added = types.WorkspaceFolder((folder / "deep").as_uri(), "deep")
    event = types.WorkspaceFoldersChangeEvent([added], [])
    client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
    assert await told(client, uri) == ["XR201"]


TYPED = """<domain type='kvm'>
  <name>😀 db1</name>
  <memory unit='GiB'>4</memory>
</domain>
"""


def at(line: int, column: int, uri: str) -> tuple[types.TextDocumentIdentifier, types.Position]:
    return types.TextDocumentIdentifier(uri), types.Position(line, column)


@PLACES
async def test_everything_is_asked_for_by_place(client: Editor) -> None:
    uri = open_document(client, client.root / "e.xml", TYPED)
    hover = await client.text_document_hover_async(types.HoverParams(*at(2, 5, uri)))
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.value == "4,294,967,296 bytes, 4 GiB"
    identifier = types.TextDocumentIdentifier(uri)
    outline = await client.text_document_document_symbol_async(
        types.DocumentSymbolParams(identifier)
    )
    assert outline is not None
    assert [each.name for each in outline] == ["domain"]
    folding = await client.text_document_folding_range_async(types.FoldingRangeParams(identifier))
    assert folding is not None
    assert [(each.start_line, each.end_line) for each in folding] == [(0, 2)]
    linked = await client.text_document_linked_editing_range_async(
        types.LinkedEditingRangeParams(*at(1, 4, uri))
    )
    assert linked is not None
    # The face takes two columns of UTF-16.
    assert [each.start.character for each in linked.ranges] == [3, 16]
    renamed = await client.text_document_prepare_rename_async(
        types.PrepareRenameParams(*at(1, 17, uri))
    )
    assert renamed == linked.ranges[1]
    for name, count in (("title", 2), ("no name", 0)):
        edit = await client.text_document_rename_async(types.RenameParams(*at(1, 4, uri), name))
        changes = None if edit is None else edit.changes
        assert len((changes or {}).get(uri, [])) == count


@PLACES
async def test_a_fix_is_an_edit_of_the_document(client: Editor) -> None:
    text = "<memtune><!--\U0001f600--><hard_limit unit='GB '>4</hard_limit></memtune>"
    uri = open_document(client, client.root / "g.xml", text)
    identifier, place = at(0, 33, uri)
    for only, count in ((None, 2), (["quickfix"], 1), (["source"], 1), (["refactor"], 0)):
        context = types.CodeActionContext([], only)
        actions = await client.text_document_code_action_async(
            types.CodeActionParams(identifier, types.Range(place, place), context)
        )
        assert actions is not None
        assert len(actions) == count
    first = types.Range(types.Position(0, 36), types.Position(0, 39))
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(identifier, first, types.CodeActionContext([]))
    )
    assert actions is not None
    assert isinstance(actions[0], types.CodeAction)
    assert actions[0].edit is not None
    assert list((actions[0].edit.changes or {})[uri]) == [types.TextEdit(first, "GB")]


@PLACES
async def test_completion_comes_in_the_order_of_the_schema(client: Editor) -> None:
    uri = open_document(client, client.root / "f.xml", "<memtune></memtune>")
    found = await client.text_document_completion_async(types.CompletionParams(*at(0, 9, uri)))
    if not LIBVIRT.is_dir():
        pytest.skip("libvirt's schemas: not installed")
    assert isinstance(found, types.CompletionList)
    assert [each.label for each in found.items][:2] == ["hard_limit", "soft_limit"]
    assert found.items[0].sort_text == "0000"
    edit = found.items[0].text_edit
    assert isinstance(edit, types.TextEdit)
    assert edit.new_text == "<hard_limit unit='${1|GiB,KiB,MiB,TiB|}'>${2:4}</hard_limit>"


@PLACES
async def test_of_what_is_not_open_nothing_is_known(client: Editor) -> None:
    uri = (client.root / "nowhere.xml").as_uri()
    assert await client.text_document_hover_async(types.HoverParams(*at(0, 0, uri))) is None
    found = await client.text_document_completion_async(types.CompletionParams(*at(0, 0, uri)))
    assert found is None
    change(client, uri, 2, "<domain/>")  # and does no harm


def frame(message: dict[str, object]) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def bodies(stream: bytes) -> list[dict[str, object]]:
    found = []
    while stream:
        header, _, rest = stream.partition(b"\r\n\r\n")
        length = int(header.split(b"Content-Length: ")[1].split()[0])
        found.append(json.loads(rest[:length]))
        stream = rest[length:]
    return found


HELLO = {"method": "initialize", "id": 1, "params": {"capabilities": {}, "processId": None}}
BYE = [{"method": "shutdown", "id": 9}, {"method": "exit"}]


def session(*messages: dict[str, object]) -> tuple[int, list[dict[str, object]]]:
    """What the server answers to messages that are all there at once, and how it exits."""
    done = subprocess.run(
        [sys.executable, "-m", "xmlresource", "server"],
        input=b"".join(map(frame, messages)),
        capture_output=True,
        timeout=60,
        check=False,
    )
    return done.returncode, bodies(done.stdout)


def test_it_ends_when_the_editor_says_so_or_is_gone() -> None:
    status, answers = session(HELLO, *BYE)
    assert status == 0
    assert [one["id"] for one in answers] == [1, 9]
    assert session(HELLO)[0] == 0


@pytest.mark.parametrize("encodings", [None, ["utf-8", "utf-16"], ["utf-32"], ["unheard-of"]])
def test_every_editor_is_told_columns_in_its_unit(encodings: list[str] | None) -> None:
    general = {} if encodings is None else {"general": {"positionEncodings": encodings}}
    text = "<memtune><!--\U0001f600--><hard_limit>x</hard_limit></memtune>"
    document = {"uri": "file:///a.xml", "languageId": "xml", "version": 1, "text": text}
    hello = {**HELLO, "params": {"capabilities": general, "processId": None}}
    opened = {"method": "textDocument/didOpen", "params": {"textDocument": document}}
    _, answers = session(hello, opened, *BYE)
    (published,) = [one["params"] for one in answers if "publishDiagnostics" in str(one)]
    (found,) = published["diagnostics"]  # type: ignore[index] # as the protocol has it
    width = {"utf-8": 4, "utf-32": 1}.get((encodings or ["utf-16"])[0], 2)
    assert found["range"]["start"]["character"] == len(text.partition("x")[0]) - 1 + width


def test_a_request_that_is_cancelled_at_once_is_not_answered() -> None:
    asked = {"textDocument": {"uri": "file:///a.xml"}, "position": {"line": 0, "character": 0}}
    hover = {"method": "textDocument/hover", "id": 2, "params": asked}
    cancel = {"method": "$/cancelRequest", "params": {"id": 2}}
    _, answers = session(HELLO, hover, cancel, *BYE)
    by_id = {one.get("id"): one for one in answers}
    assert by_id[2]["error"]["code"] == -32800  # type: ignore[index] # RequestCancelled


def test_what_is_no_message_ends_nothing() -> None:
    data = b"Content-Length: 3\r\n\r\n{{{" + b"".join(map(frame, [HELLO, *BYE]))
    done = subprocess.run(
        [sys.executable, "-m", "xmlresource", "server"],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert b'"id": 9' in done.stdout


@pytest.mark.parametrize("before", [[], [HELLO]])
def test_an_editor_that_leaves_without_a_word_is_a_failure(before: list[dict[str, object]]) -> None:
    """The protocol: "exit with success code 0 if the shutdown request has been received before"."""
    assert session(*before, {"method": "exit"})[0] == 1


async def _on_a_port(bye: list[dict[str, object]]) -> tuple[int, bytes, bool]:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "xmlresource", "server", "--tcp", "0", stderr=asyncio.subprocess.PIPE
    )
    assert server.stderr is not None
    port = int((await server.stderr.readline()).decode().rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(frame(HELLO))
    first = await reader.readuntil(b"\r\n\r\n")
    try:
        await asyncio.open_connection("127.0.0.1", port)
        is_shared = True
    except ConnectionRefusedError:
        is_shared = False
    writer.write(b"".join(map(frame, bye)))
    await reader.read()
    writer.close()
    return await server.wait(), first, is_shared


@pytest.mark.parametrize(("bye", "expected"), [(BYE, 0), (BYE[1:], 1)])
def test_a_port_is_for_one_editor(bye: list[dict[str, object]], expected: int) -> None:
    status, first, is_shared = asyncio.run(_on_a_port(bye))
    assert (status, is_shared) == (expected, False)
    assert first.startswith(b"Content-Length: ")


def test_a_port_that_is_taken_is_bad_usage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = subprocess.run(  # noqa: S603 -- ours
            [sys.executable, "-m", "xmlresource", "server", "--tcp", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("xmlresource: ")
    assert "Traceback" not in done.stderr
