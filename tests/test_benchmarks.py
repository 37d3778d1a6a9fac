"""How benchmarks are named on the command line; what they measure is their own business."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = ("concurrency", "editing", "hook", "relaxng", "validate")


def run(*words: str) -> tuple[int, str, str]:
    done = subprocess.run(  # noqa: S603 -- ours
        [sys.executable, "benchmarks", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_help_names_them() -> None:
    status, said, _ = run("--help")
    assert status == 0
    assert all(name in said for name in NAMES)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("hook", "validation"), "no benchmark 'validation': there are concurrency, editing, hook"),
        (("calibrate",), "no benchmark 'calibrate'"),
        (("side_by_side",), "no benchmark 'side_by_side'"),
        (("--turns", "3"), "unrecognized arguments: --turns"),
        (("hook", "validate", "--turns", "3"), "--turns: options are for one benchmark"),
        (("--", "hook"), "--: options are for one benchmark"),
        (("validate", "somewhere"), "no benchmark 'somewhere'"),
        (("validate", "--turns", "many"), "argument --turns: invalid int value: 'many'"),
        (("hook", "--turns", "3"), "unrecognized arguments: --turns 3"),
        (("concurrency", "--starts=3"), "unrecognized arguments: --starts=3"),
        (("editing", "--turns=3"), "unrecognized arguments: --turns=3"),
        (("relaxng", "--", "a", "b"), "unrecognized arguments: b"),
    ],
)
def test_what_makes_no_sense_is_said_at_once(words: tuple[str, ...], complaint: str) -> None:
    status, said, complained = run(*words)
    assert (status, said) == (2, "")
    assert complaint in complained
    assert "Traceback" not in complained


@pytest.mark.parametrize("name", NAMES)
def test_options_go_to_the_one_that_is_named(name: str) -> None:
    status, said, _ = run(name, "--help")
    assert status == 0
    assert said.startswith(f"usage: {name}.py [-h]")


def test_words_go_to_the_one_that_is_named(tmp_path: Path) -> None:
    status, _, complained = run("editing", "--", str(tmp_path / "nowhere"))
    assert (status, complained) == (1, "no documents: name a folder of domain XML\n")
