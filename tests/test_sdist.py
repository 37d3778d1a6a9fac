"""The source distribution: the README's commands work in it, its page on an index is whole."""

from __future__ import annotations

import re
import sys
import tarfile
from email.parser import BytesParser
from typing import TYPE_CHECKING

import pytest

from tests.test_wheel import ROOT, run

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a source distribution that was unpacked somewhere else."""
    folder = tmp_path_factory.mktemp("sdist")
    built = run(
        *(sys.executable, "-m", "build", "--sdist", "--outdir", folder, ROOT), folder=folder
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder / "tree", filter="data")
    (tree,) = (folder / "tree").iterdir()
    return tree


@pytest.fixture(scope="module")
def metadata(unpacked: Path) -> Message:
    return BytesParser().parsebytes((unpacked / "PKG-INFO").read_bytes())


def test_make_demo_works_in_it(unpacked: Path) -> None:
    done = run("make", f"PYTHON={sys.executable}", "demo", folder=unpacked)
    assert done.returncode == 0, done.stdout + done.stderr
    here = run(sys.executable, ROOT / "demo", folder=unpacked)
    assert done.stdout.splitlines()[-1] == here.stdout.splitlines()[-1]


def test_tests_that_read_all_of_the_tree_pass_in_it(unpacked: Path) -> None:
    tests = ("tests/test_contributor_files.py", "tests/test_readme.py", "tests/test_structure.py")
    words = (sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *tests)
    done = run(*words, folder=unpacked)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_git_keeps_is_in_it(unpacked: Path) -> None:
    kept = run("git", "ls-files", "-z", folder=ROOT)
    # In an unpacked one there is no git to ask; then these stand for all.
    names = kept.stdout.split("\0")[:-1] or ["Makefile", "tox.ini", "demo/__main__.py"]
    present = [name for name in names if (ROOT / name).is_file()]
    assert [name for name in present if not (unpacked / name).exists()] == []


def test_links_on_the_page_of_an_index_lead_somewhere(metadata: Message) -> None:
    """A relative link would be looked for on the index; what each leads to is in this tree."""
    links = re.findall(r"\]\(([^)\s]+)\)", str(metadata.get_payload()))
    assert links
    source = metadata.get_all("Project-URL", [])[0].partition(", ")[2]
    for link in links:
        if link.startswith("#"):
            continue
        assert link.startswith("https://"), link
        if link.startswith(f"{source}/blob/main/"):
            name = link.removeprefix(f"{source}/blob/main/").partition("#")[0]
            assert (ROOT / name).exists(), link


def test_names_the_addresses_of_the_project(metadata: Message) -> None:
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL", []))
    assert list(urls) == ["Source", "Documentation", "Changelog", "Issues"]
    assert all(each.startswith(urls["Source"]) for each in urls.values())
    # The same that the issue templates lead to.
    assert f"{urls['Source']}/" in (ROOT / ".github/ISSUE_TEMPLATE/config.yml").read_text()
