"""The page for editors keeps up with the server and with the configurations that come with it."""

import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from lsprotocol import types

from xmlresource.language_server.server import server_for_an_editor

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/editors.md").read_text()

TOLD = {
    types.TEXT_DOCUMENT_DID_OPEN: "diagnostics",
    types.TEXT_DOCUMENT_COMPLETION: "completion",
    types.TEXT_DOCUMENT_CODE_ACTION: "quick fixes",
    types.TEXT_DOCUMENT_HOVER: "hover",
    types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: "outline",
    types.TEXT_DOCUMENT_FOLDING_RANGE: "folding",
    types.TEXT_DOCUMENT_RENAME: "rename",
    types.TEXT_DOCUMENT_PREPARE_RENAME: "rename",
    types.TEXT_DOCUMENT_LINKED_EDITING_RANGE: "linked editing",
}
SILENT = {
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_SAVE,
    types.TEXT_DOCUMENT_DID_CLOSE,
}


def test_the_page_tells_all_that_the_server_does() -> None:
    features = {name for name in server_for_an_editor().protocol.fm.features if "Document/" in name}
    assert features - SILENT == set(TOLD)
    rows = " ".join(re.findall(r"^\| ([a-z, ]+) \|", PAGE, re.MULTILINE))
    assert [word for word in TOLD.values() if word not in rows] == []


def test_the_configurations_start_the_server() -> None:
    blocks = dict(re.findall(r"```(toml|json|elisp)\n(.*?)```", PAGE, re.DOTALL))
    helix = tomllib.loads(blocks["toml"])["language-server"]["xmlresource"]
    assert [helix["command"], *helix["args"]] == ["xmlresource", "server"]
    kate = json.loads(blocks["json"])["servers"]["xml"]
    assert kate["command"] == ["xmlresource", "server"]
    assert '("xmlresource" "server")' in blocks["elisp"]
    extension = json.loads((ROOT / "contrib/vscode/package.json").read_text())
    command = extension["contributes"]["configuration"]["properties"]["xmlresource.command"]
    assert command["default"] == ["xmlresource", "server"]


def test_the_files_that_the_page_names_are_there() -> None:
    for name in re.findall(r"`(contrib/[\w./]+)`", PAGE):
        assert (ROOT / name).exists()


def test_the_extension_is_javascript() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node.js is not installed")
    extension = ROOT / "contrib/vscode/extension.js"
    subprocess.run([node, "--check", extension], check=True, timeout=60)  # noqa: S603 -- ours
