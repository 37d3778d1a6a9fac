"""The man pages leave nothing out, and Debian's own tools find no fault with them."""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from manual.completion import actions
from manual.pages import FILES, OPERATIONS, STATUSES, pages
from xmlresource.cli import COMMANDS, command_parser, whole_parser
from xmlresource.configuration.host_settings import SETTINGS
from xmlresource.errors import ExitStatus
from xmlresource.system.libvirt import hook_files

ROOT = Path(__file__).parents[2]
PAGES = pages()


def plain(text: str) -> str:
    """A page's words, without fonts and escapes."""
    return re.sub(r"\\(f.|[,/&])", "", text).replace(r"\-", "-").replace(r"\e", "\\")


def test_every_command_has_its_page_and_its_line_in_the_programs() -> None:
    program = plain(PAGES["man/man1/xmlresource.1"])
    for name, line in COMMANDS.items():
        assert f"\nxmlresource {name}\n" in program
        assert f"man/man1/xmlresource-{name}.1" in PAGES
        assert line in " ".join(program.split())
    assert len(PAGES) == len(COMMANDS) + 3


@pytest.mark.parametrize("name", COMMANDS)
def test_no_option_is_without_a_line(name: str) -> None:
    page = " ".join(plain(PAGES[f"man/man1/xmlresource-{name}.1"]).split())
    for action in command_parser(name)._actions:  # noqa: SLF001 -- argparse tells them no other way
        if isinstance(action, argparse._HelpAction):  # noqa: SLF001 -- the program's page has it
            continue
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            assert all(f"{name} {each}" in page for each in action.choices)
            continue
        assert action.help, f"{action.dest} has no help"
        for option in action.option_strings:
            assert f".TP {option}" in page or f", {option}" in page, option
        assert " ".join(action.help.replace("%%", "%").split()) in page, action.dest


def test_every_option_of_the_whole_parser_has_help() -> None:
    found = [action for action in actions(whole_parser()) if not action.help]
    assert [action.dest for action in found] == ["command"]


def test_no_setting_is_without_a_line() -> None:
    page = " ".join(plain(PAGES["man/man5/xmlresource.toml.5"]).split())
    for setting in SETTINGS:
        assert f".TP {setting.name} {setting.help}" in page


def test_every_operation_of_the_hook_and_every_exit_status_is_told() -> None:
    script = hook_files.script("python")
    (answered,) = re.findall(r"^(prepare \|.*)\) ;;$", script, re.MULTILINE)[:1]
    told = {each for key in OPERATIONS for each in key.split(", ")}
    assert set(answered.split(" | ")) == told
    assert set(STATUSES) == set(ExitStatus)
    page = plain(PAGES["man/man8/xmlresource-hook.8"])
    for word in (*OPERATIONS, *FILES):
        assert f"\n{word}\n" in page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What ``make manual`` makes, by the program itself."""
    made = tmp_path_factory.mktemp("manual")
    program = [sys.executable, "manual", str(made)]
    done = subprocess.run(  # noqa: S603 -- our own program
        program, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return made


def test_it_writes_what_a_package_installs(folder: Path) -> None:
    made = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert set(PAGES) < set(made)
    assert len(set(made) - set(PAGES)) == 3
    for path, text in PAGES.items():
        assert made[path].read_text() == text


def test_it_says_how_it_is_called() -> None:
    done = subprocess.run([sys.executable, "manual"], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"usage: python manual FOLDER" in done.stderr


def test_the_date_of_a_reproducible_build(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert all('"1970-01-02"' in text.partition("\n")[0] for text in pages().values())


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not installed")
@pytest.mark.parametrize("path", PAGES)
def test_mandoc_finds_no_fault(folder: Path, path: str) -> None:
    done = subprocess.run(  # noqa: S603 -- a page of ours
        ["mandoc", "-Tlint", folder / path],  # noqa: S607 -- from wherever it is
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout + done.stderr == ""


@pytest.mark.skipif(shutil.which("man") is None, reason="man-db is not installed")
@pytest.mark.parametrize("path", PAGES)
def test_man_finds_and_shows_it(folder: Path, path: str) -> None:
    name, _, number = Path(path).name.rpartition(".")
    found = subprocess.run(  # noqa: S603 -- a page of ours
        ["man", "-M", str(folder / "man"), "-w", number, name],  # noqa: S607 -- as above
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.stdout.strip() == str(folder / path), found.stderr
