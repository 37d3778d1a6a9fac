"""The configuration for Neovim, in Neovim itself: Debian's package, without a screen."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = ROOT / "contrib/neovim/xmlresource.lua"
DOCUMENT = """<domain type='kvm'>
  <name>db1</name>
  <memtune>
    <hard_limit unit='GB '>4</hard_limit>
    <
  </memtune>
</domain>
"""

# Waits for what the server sends, and asks it as the keys do.
SESSION = """
local function session()
local out = {}
vim.wait(10000, function() return #vim.diagnostic.get(0) >= 2 end, 20)
for _, each in ipairs(vim.diagnostic.get(0)) do
  table.insert(out, { each.code, each.lnum, each.col })
end
local function ask(method, line, column, more)
  local params = vim.tbl_extend("force", {
    textDocument = { uri = vim.uri_from_bufnr(0) },
    position = { line = line, character = column },
  }, more or {})
  for _, answer in pairs(vim.lsp.buf_request_sync(0, method, params, 10000) or {}) do
    return answer.result
  end
end
local offered = ask("textDocument/completion", 4, 5)
local labels = {}
for _, item in ipairs(offered.items) do table.insert(labels, item.label) end
local hover = ask("textDocument/hover", 3, 8)
local place = { line = 3, character = 22 }
local fixes = ask("textDocument/codeAction", 3, 22, {
  range = { start = place, ["end"] = place }, context = { diagnostics = {} },
})
vim.lsp.util.apply_workspace_edit(fixes[1].edit, "utf-16")
vim.fn.writefile({ vim.fn.json_encode({
  found = out,
  labels = labels,
  hover = hover.contents.value,
  line = vim.fn.getline(4),
  omnifunc = vim.bo.omnifunc,
}) }, vim.env.OUTPUT)
end
local done, reason = pcall(session)
if not done then print(reason) end
vim.cmd(done and "qall!" or "cquit!")
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What somebody would see in it."""
    neovim = shutil.which("nvim")
    if neovim is None:
        pytest.skip("Neovim is not installed")
    folder = tmp_path_factory.mktemp("neovim")
    (folder / "virshABCDEF.xml").write_text(DOCUMENT)  # as `virsh edit` calls its file
    (folder / "session.lua").write_text(SESSION)
    output = folder / "output.json"
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(  # noqa: S603 -- ours
        [neovim, "--headless", "--clean", "-n", "-u", "NONE",
         "-c", "filetype on", "-c", f"luafile {CONFIGURATION}",
         "-c", "edit virshABCDEF.xml", "-c", "luafile session.lua"],
        cwd=folder,
        env={**os.environ, "PATH": programs, "OUTPUT": str(output), "HOME": str(folder)},
        timeout=60,
        check=False,
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return dict(json.loads(output.read_text()))


def test_it_shows_what_is_wrong(seen: dict[str, Any]) -> None:
    assert {code for code, _, _ in seen["found"]} >= {"XR002", "XR202"}
    assert ["XR202", 3, 16] in seen["found"]


def test_it_completes(seen: dict[str, Any]) -> None:
    if not Path("/usr/share/libvirt/schemas").is_dir():
        pytest.skip("libvirt's schemas: not installed")
    assert seen["labels"][:2] == ["soft_limit", "min_guarantee"]
    assert seen["omnifunc"] == "v:lua.vim.lsp.omnifunc"


def test_it_explains(seen: dict[str, Any]) -> None:
    assert "**hard_limit**" in seen["hover"]


def test_it_mends(seen: dict[str, Any]) -> None:
    assert seen["line"] == "    <hard_limit unit='GB'>4</hard_limit>"
