"""CONTRIBUTING.md leads to places that are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
#: Words in backticks that look like a path in the repository; NAME stands for one's own.
PATHS = sorted(
    set(re.findall(r"`((?:xmlresource|tests|fixtures|schemas|docs|benchmarks)/[^`]*)`", PAGE))
)
LINKS = sorted(set(re.findall(r"\]\(([^)#]+)\)", PAGE)))


@pytest.mark.parametrize("path", [*PATHS, *LINKS])
def test_a_place_is_there(path: str) -> None:
    place = ROOT / path
    if place.stem == "NAME":
        place = place.parent
    assert place.exists() or place.with_suffix(".py").exists()


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("MEMORY", "xmlresource/tunables/__init__.py"),
        ("RELATIONS", "xmlresource/tunables/__init__.py"),
        ("CPU", "xmlresource/tunables/families.py"),
        ("IO", "xmlresource/tunables/families.py"),
        ("COMMANDS", "xmlresource/cli/__init__.py"),
        ("MemoryPolicy", "xmlresource/model/policy.py"),
        ("CHECKS", "xmlresource/rules/values.py"),
    ],
)
def test_what_is_to_be_changed_stands_where_the_page_says(name: str, module: str) -> None:
    assert f"`{name}`" in PAGE
    assert re.search(rf"^(class )?{name}\b", (ROOT / module).read_text(), re.MULTILINE)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)", PAGE))))
def test_a_target_of_make_is_there(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("environments", re.findall(r"tox run -e (\S+)", PAGE))
def test_an_environment_of_tox_is_there(environments: str) -> None:
    known = re.findall(r"^\[testenv:(.+)\]", (ROOT / "tox.ini").read_text(), re.MULTILINE)
    assert set(environments.split(",")) <= set(known)
