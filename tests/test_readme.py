"""What the README promises, as far as a test can hold it to that."""

import re
from pathlib import Path

from xmlresource.cli import COMMANDS
from xmlresource.tunables import MEMORY

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_names_every_command() -> None:
    table = README.partition("## Commands")[2]
    named = {
        word
        for row in re.findall(r"^\| `([^`]*)`", table, re.MULTILINE)
        for word in [row.split()[0]]
    }
    assert named == set(COMMANDS)


def test_the_table_of_tunables_is_the_table() -> None:
    for row in MEMORY:
        line = next(line for line in README.splitlines() if line.startswith(f"| `{row.name}`"))
        assert f"`{row.element}`" in line
        assert row.memtune_element is None or f"`{row.memtune_element}`" in line


def test_the_map_of_the_tests_names_every_folder_and_no_other() -> None:
    tests = Path(__file__).parent
    page = (tests / "README.md").read_text()
    named = set(re.findall(r"^\| `([a-z0-9_]+)/` \|", page, re.MULTILINE))
    folders = {path.parent.relative_to(tests).parts[0] for path in tests.glob("*/**/*.py")}
    assert named == folders


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("https://") or (Path(__file__).parents[1] / target).exists()
