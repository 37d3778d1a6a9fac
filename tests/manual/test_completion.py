"""Completion, driven in real shells: bash, and zsh and fish where they are installed."""

import os
import pty
import re
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from manual.completion import PATHS, completions
from xmlresource.cli import COMMANDS

PATIENCE = 60.0
HOOKS = ["install", "uninstall", "status"]
CASES = [
    (["do"], ["doctor"]),
    (["hook", ""], HOOKS),
    (["doctor", "--"], ["--help", "--json", "--quiet"]),
    (["validate", "--output-format", "j"], ["json", "junit"]),
    (["convert", "--to", "meta"], ["metadata"]),
]

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
needs_zsh = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
needs_fish = pytest.mark.skipif(shutil.which("fish") is None, reason="fish is not installed")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("completion")
    for path, text in completions().items():
        (made / path).parent.mkdir(parents=True)
        (made / path).write_text(text)
    return made


def bash(folder: Path, words: list[str], cwd: Path) -> list[str]:
    """What bash has after Tab: the function that it calls, called as it does."""
    script = """
        . "$1"; shift
        function=$(complete -p xmlresource | sed 's/.*-F \\([^ ]*\\) .*/\\1/')
        COMP_WORDS=(xmlresource "$@"); COMP_CWORD=$#
        "$function" xmlresource
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(  # noqa: S603 -- the script above
        ["bash", "-c", script, "bash", folder / PATHS["bash"], *words],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        cwd=cwd,
    )
    return done.stdout.split()


@needs_bash
@pytest.mark.parametrize(("words", "offered"), CASES)
def test_bash(folder: Path, tmp_path: Path, words: list[str], offered: list[str]) -> None:
    found = bash(folder, words, tmp_path)
    assert sorted(found) == sorted(offered)


@needs_bash
def test_bash_offers_every_command_and_files(folder: Path, tmp_path: Path) -> None:
    assert set(bash(folder, [""], tmp_path)) >= set(COMMANDS)
    (tmp_path / "guest.xml").touch()
    for words in (["validate", "gue"], ["check", "gue"], ["set", "gue"]):
        assert bash(folder, words, tmp_path) == ["guest.xml"]


@needs_fish
@pytest.mark.parametrize(("words", "offered"), CASES)
def test_fish(folder: Path, tmp_path: Path, words: list[str], offered: list[str]) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(  # noqa: S603 -- the script here
        ["fish", "-c", 'source $argv[1]; complete -C "$argv[2]"',  # noqa: S607
         folder / PATHS["fish"], " ".join(["xmlresource", *words])],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )  # fmt: skip
    found = [line.partition("\t")[0] for line in done.stdout.splitlines()]
    assert sorted(set(found)) == sorted(offered)


class Zsh:
    """A zsh on a terminal, with the completion of a package."""

    def __init__(self, folder: Path, home: Path) -> None:
        environment = {"HOME": str(home), "TERM": "dumb", "PATH": os.environ["PATH"]}
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.execvpe("zsh", ["zsh", "-f", "-i"], environment)  # noqa: S606, S607 -- a shell on a pty
        functions = (folder / PATHS["zsh"]).parent
        self.type(f"PS1=; LISTMAX=999; fpath=({functions} $fpath); autoload -U compinit\r")
        self.type("compinit -u -D; bindkey '^I' complete-word; echo REA''DY\r")
        self.until("READY")

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def until(self, sign: str) -> str:
        """What it has written up to a sign."""
        text, end = "", time.monotonic() + PATIENCE
        while sign not in text:
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, end - time.monotonic()))
            assert ready, f"no {sign!r} in {text!r}"
            text += os.read(self.terminal, 1 << 16).decode("utf-8", "replace")
        return text

    def end(self) -> None:
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


@needs_zsh
@pytest.mark.parametrize(
    ("words", "completed"),
    [("doc", "doctor"), ("hook uni", "hook uninstall"), ("convert --to meta", "--to metadata")],
)
def test_zsh(folder: Path, tmp_path: Path, words: str, completed: str) -> None:
    """Tab in a real line editor: the word is completed before the line runs."""
    shell = Zsh(folder, tmp_path)
    try:
        shell.type('xmlresource() { echo "<$*>" }\r')
        shell.type(f"xmlresource {words}\t\r")
        found = shell.until(">\r")
    finally:
        shell.end()
    assert re.search(rf"<[^>]*{re.escape(completed)} ?>", found), found
