"""The docs keep up with the code: every rule, every option, nothing that is not there."""

import argparse
import re
from pathlib import Path

import pytest

from xmlresource.cli import validate
from xmlresource.codes import CODES
from xmlresource.model import events
from xmlresource.reports.findings.codes import page
from xmlresource.tunables import Tunable
from xmlresource.tunables.families import CPU, IO

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GUIDES = ["docs/validate.md", ".pre-commit-hooks.yaml", "action.yml", "docs/ci/gitlab-ci.yml"]
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def options() -> set[str]:
    parser = argparse.ArgumentParser(add_help=False)
    validate.configure(parser)
    return set(_OPTION.findall(parser.format_help()))


def test_the_page_of_rules_is_up_to_date() -> None:
    made = "xmlresource explain --markdown > docs/codes.md"
    assert (DOCS / "codes.md").read_text() == page(), made


@pytest.mark.parametrize("code", CODES)
def test_every_rule_says_all(code: str) -> None:
    row = CODES[code]
    assert re.fullmatch(r"XR\d{3}", code)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", row.name)
    assert row.reason.endswith(".")
    assert row.cure.endswith(".")
    assert row.example
    assert f"### {code} {row.name}\n" in page()


def test_rules_stand_in_the_order_of_their_codes() -> None:
    assert list(CODES) == sorted(CODES)


def test_names_of_rules_are_told_apart() -> None:
    assert len({row.name for row in CODES.values()}) == len(CODES)


def test_every_option_of_validate_is_documented() -> None:
    assert options() <= set(_OPTION.findall((DOCS / "validate.md").read_text()))


@pytest.mark.parametrize("guide", GUIDES)
def test_guides_name_no_option_that_is_not_there(guide: str) -> None:
    # Of other programs: apt-get's.
    known = options() | {"--no-install-recommends"}
    assert set(_OPTION.findall((ROOT / guide).read_text())) <= known


def test_every_event_is_documented() -> None:
    constants = vars(events).items()
    kinds = {value for name, value in constants if name.isupper() and isinstance(value, str)}
    assert len(kinds) > 8
    told = (DOCS / "history.md").read_text()
    assert [kind for kind in kinds if f"`{kind}`" not in told] == []


def test_the_tests_that_security_stands_on_are_there() -> None:
    named = set(re.findall(r"`(tests/[a-z0-9_/.]+)`", (ROOT / "SECURITY.md").read_text()))
    assert len(named) > 10
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("output_format", validate.FORMATS)
def test_every_format_is_documented(output_format: str) -> None:
    assert f"| `{output_format}` |" in (DOCS / "validate.md").read_text()


@pytest.mark.parametrize("row", [*CPU, *IO], ids=lambda row: row.key)
def test_the_page_of_cpu_time_and_io_is_the_table(row: Tunable) -> None:
    page = (DOCS / "cpu-and-io.md").read_text()
    files = (row.v1_file, row.v2_file)
    cells = [f"`{row.key}`", f"`{row.element}`", *(f"`{each}`" if each else "" for each in files)]
    written = "| " + " | ".join([*cells, row.help]) + " |"
    assert re.sub(" +", " ", written) in re.sub(" +", " ", page)
