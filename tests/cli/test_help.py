"""What the command line says of itself, and of what was misspelt."""

import argparse
import shlex
from importlib import import_module

import pytest

from xmlresource.cli import COMMANDS, main
from xmlresource.cli.shared.command_help import HELP
from xmlresource.cli.shared.parser import Parser

Captured = pytest.CaptureFixture[str]


def ended(capsys: Captured, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(list(words))
    printed = capsys.readouterr()
    return int(str(caught.value.code)), printed.out, printed.err


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = Parser(prog=command)
    import_module(f"xmlresource.cli.{command}").configure(parser)
    return parser


def test_every_command_has_examples_and_exit_statuses() -> None:
    assert list(HELP) == list(COMMANDS)


@pytest.mark.parametrize(
    ("command", "example"),
    [(name, example) for name, texts in HELP.items() for example in texts.examples],
)
def test_every_example_can_be_parsed(command: str, example: str) -> None:
    words = shlex.split(example.rpartition("| xmlresource ")[2].partition(" > ")[0])
    if "<" in words:
        words = words[: words.index("<")]
    assert words[0] == command
    parser_of(command).parse_args(words[1:])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("words", [("help", "{}"), ("{}", "--help"), ("{}", "-h")])
def test_help_ends_with_them(capsys: Captured, command: str, words: tuple[str, ...]) -> None:
    status, out, _ = ended(capsys, *(word.format(command) for word in words))
    assert status == 0
    assert "?." not in out
    assert f"\nexamples:\n  xmlresource {command}" in out.replace("virsh", "") or "| xmlres" in out
    assert "\nexit status:\n  0  " in out


def test_help_alone_is_the_overview(capsys: Captured) -> None:
    assert ended(capsys, "help") == ended(capsys, "--help")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("valdate", "a.xml"), "there is no command 'valdate'; did you mean validate?"),
        (("help", "shwo"), "there is no command 'shwo'; did you mean show?"),
        (("xyzzy",), "there is no command 'xyzzy'\n"),
        (
            ("validate", "--ouput-format", "json", "a.xml"),
            "unrecognized arguments: --ouput-format; did you mean --output-format?",
        ),
        (("validate", "a", "--exit-zro=1", "b"), "--exit-zro=1 b; did you mean --exit-zero?"),
        (
            ("validate", "--output-format", "sarfi", "a.xml"),
            "'gitlab'); did you mean sarif?",
        ),
        (("hook", "instal"), "did you mean install?"),
        (("show", "--jsno", "a.xml"), "did you mean --json?"),
        (("validate", "--output", "json", "a.xml"), "unrecognized arguments: --output"),
        (("validate", "--xyzzy", "a.xml"), "unrecognized arguments: --xyzzy\n"),
    ],
)
def test_what_was_meant_is_named(capsys: Captured, words: tuple[str, ...], told: str) -> None:
    status, out, err = ended(capsys, *words)
    assert (status, out) == (2, "")
    assert told in err


def test_explain_takes_names(capsys: Captured) -> None:
    assert main(["explain", "XR301"]) == 0
    by_code = capsys.readouterr().out
    assert main(["explain", "Guarantee-Above-Hard-Limit"]) == 0
    assert capsys.readouterr().out == by_code
    assert main(["explain", "guarantee-above-hard-limt"]) == 2
    assert "; did you mean guarantee-above-hard-limit?" in capsys.readouterr().err
