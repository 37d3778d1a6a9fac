"""The docs as a site: whole, with nothing from elsewhere, and without what is not for readers."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xmlresource.api
from xmlresource.cli import COMMANDS
from xmlresource.codes import CODES
from xmlresource.configuration.host_settings import SETTINGS

pytest.importorskip("material", reason="MkDocs: tox's environment `docs` has it")

ROOT = Path(__file__).parents[2]
#: What a browser fetches by itself; a link that a reader may follow is no such thing.
_FETCHED = re.compile(
    r"""<(?:script|img|iframe|source|embed)\b[^>]*?\bsrc=["']?([^"'\s>]+)"""
    r"""|<link\b[^>]*?\bhref=["']?([^"'\s>]+)"""
    r"""|\burl\(\s*["']?([^"')]+)"""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as by `make docs`: a link without its page or anchor fails it."""
    folder = tmp_path_factory.mktemp("site")
    # With --quiet it does not count warnings, so that --strict fails for nothing.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    where = ["--config-file", "website/mkdocs.yml", "--site-dir", str(folder)]
    done = subprocess.run(  # noqa: S603 -- our own docs
        [*command, *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    fetched = {
        (str(file.relative_to(site)), address)
        for file in files
        for match in _FETCHED.finditer(file.read_text())
        for address in match.groups()
        if address is not None
    }
    assert len(fetched) > len(files)
    assert {each for each in fetched if re.match(r"(?:\w+:)?//", each[1])} == set()


def test_what_is_for_tests_stays_outside(site: Path) -> None:
    assert list(site.rglob("*.py*")) == []


def test_every_page_is_there(site: Path) -> None:
    pages = [path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")]
    assert [page for page in pages if not (site / page.with_suffix(".html")).is_file()] == []


def test_a_link_to_a_file_of_the_repository_leads_to_its_page(site: Path) -> None:
    text = (site / "architecture.html").read_text()
    assert 'href="CONTRIBUTING.html"' in text
    assert 'href="decisions/' in text
    assert 'href="admission.html"' in (site / "overview.html").read_text()
    assert 'href="../faults.html"' in (site / "tests/index.html").read_text()


def test_a_link_to_what_the_site_lacks_is_plain_text(site: Path) -> None:
    """tests/README.md links to the folder of fixtures."""
    text = (site / "tests/index.html").read_text()
    assert "<code>fixtures</code>" in text
    assert "fixtures</code></a>" not in text


def test_every_name_of_the_api_is_in_its_reference(site: Path) -> None:
    text = (site / "api.html").read_text()
    named = set(re.findall(r'id="xmlresource\.api\.(\w+)"', text))
    assert named == set(xmlresource.api.__all__)


def test_the_reference_has_no_markup_of_another_tool(site: Path) -> None:
    assert re.findall(r":(?:class|data|func|meth):", (site / "api.html").read_text()) == []


def test_every_command_and_setting_has_its_place(site: Path) -> None:
    commands = (site / "commands.html").read_text()
    settings = (site / "settings.html").read_text().replace("<wbr>", "")
    assert [name for name in COMMANDS if f'id="{name}"' not in commands] == []
    assert [each.name for each in SETTINGS if f"<code>{each.name}</code>" not in settings] == []


def test_every_rule_has_an_anchor_like_a_forges(site: Path) -> None:
    text = (site / "codes.html").read_text()
    anchors = {f"{row.code} {row.name}".lower().replace(" ", "-") for row in CODES.values()}
    assert [each for each in anchors if f'id="{each}"' not in text] == []


def test_the_search_works_without_a_server(site: Path) -> None:
    assert "var __index" in (site / "search/search_index.js").read_text()[:20]
    assert 'src="iframe-worker.js"' in (site / "index.html").read_text()
