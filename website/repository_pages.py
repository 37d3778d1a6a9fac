"""MkDocs' hook that adds to the site what lies outside of ``docs`` or is made from the program.

Pages in ``docs`` are written for a forge, too: they link to files of the repository where these lie
there. On the site such a link leads to the file's page, or, where it has none, is plain text.
"""

import os
import posixpath
import re
from argparse import ArgumentParser
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from xmlresource.cli import COMMANDS, command_parser
from xmlresource.cli.shared.command_help import HELP
from xmlresource.configuration.balance_settings import BALANCE_SETTINGS
from xmlresource.configuration.host_settings import PATH, SETTINGS

ROOT: Final = Path(__file__).parents[1]
DOCS: Final = "docs"
OWN: Final = Path(__file__).parent / "pages"
OUTSIDE: Final = {
    "overview.md": "README.md",  # whose own name is that of the home page
    **{
        path: path
        for path in (
            "CHANGELOG.md",
            "CONTRIBUTING.md",
            "SECURITY.md",
            "schemas/doctor.schema.json",
            "tests/README.md",
            "tests/e2e/README.md",
            "tests/fuzz/README.md",
            "tests/vm/README.md",
        )
    },
}
"""The files of the repository that the site has beside those in ``docs``, by their page."""

_PAGES: Final = {path: uri for uri, path in OUTSIDE.items()}
_LINK: Final = re.compile(r"(?<![`\\])\[((?:[^][]|\[[^][]*\])*)\]\(([^()\s]+)\)")
_FENCE: Final = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_CELL: Final = re.compile(r"<td.*?</td>", re.DOTALL)
_CODE: Final = re.compile(r"(?<=<code>)[^<]+(?=</code>)")
_WORD_END: Final = re.compile(r"(?<=\w)[._/](?=\w)|[a-z](?=[A-Z])")
_ROLE: Final = re.compile(r":(?:class|data|func|meth):<code>~?")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put each decision into the navigation, by its title."""
    decisions = sorted((ROOT / DOCS / "decisions").glob("*.md"), key=_title)
    for section in config.nav or ():
        if "Decisions" in section:
            section["Decisions"] = [f"decisions/{each.name}" for each in decisions]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere, and those that are made."""
    for uri, path in OUTSIDE.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    for own in sorted(OWN.iterdir()):
        files.append(File.generated(config, own.name, abs_src_path=str(own)))
    files.append(File.generated(config, "commands.md", content=commands_page()))
    files.append(File.generated(config, "settings.md", content=settings_page()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links between files of the repository to their pages."""
    del config
    here = page.file.src_uri
    own = (OWN / here).exists() or files.get_file_from_path(here) is None

    def led(match: re.Match[str]) -> str:
        text, target = match.groups()
        path, hash_, anchor = target.partition("#")
        if own or not path or "://" in path:
            return match[0]
        uri = site_uri(posixpath.join(posixpath.dirname(in_repository(here)), path))
        if files.get_file_from_path(uri) is None:
            return text if _is_there(here, path) else match[0]  # a wrong link fails the build
        return f"[{text}]({posixpath.relpath(uri, posixpath.dirname(here) or '.')}{hash_}{anchor})"

    parts, end = [], 0
    for fence in _FENCE.finditer(markdown):
        parts += [_LINK.sub(led, markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(led, markdown[end:])])


def on_page_content(html: str, **_: object) -> str:
    """Leave out of docstrings what only Sphinx understands, and let long names in tables break."""
    return _CELL.sub(lambda cell: _CODE.sub(_breakable, cell[0]), _ROLE.sub("<code>", html))


def _breakable(code: re.Match[str]) -> str:
    """A name that may break where one of its words ends."""
    return _WORD_END.sub(r"\g<0><wbr>", code[0])


def in_repository(uri: str) -> str:
    """The path in the repository of a page of the site."""
    return OUTSIDE.get(uri, f"{DOCS}/{uri}")


def site_uri(path: str) -> str:
    """The page of the site for a file of the repository."""
    clean = posixpath.normpath(path)
    if clean in _PAGES:
        return _PAGES[clean]
    if clean == f"{DOCS}/decisions":  # a forge lists the folder
        clean = f"{DOCS}/{_first_decision()}"
    return clean.removeprefix(f"{DOCS}/") if clean.startswith(f"{DOCS}/") else clean


def commands_page() -> str:
    """Each command with the help that it prints."""
    os.environ.update(COLUMNS="88", NO_COLOR="1")
    parts = ["# Commands\n\nEach command with what its `--help` prints.\n"]
    for name in COMMANDS:
        parser: ArgumentParser = command_parser(name)
        parser.epilog = str(HELP[name])
        parts.append(f"\n## {name}\n\n```text\n{parser.format_help()}```\n")
    return "".join(parts)


def settings_page() -> str:
    """Each setting of a host with what it does."""
    every = [(each.name, each) for each in SETTINGS]
    every += [(f"balance.{each.name}", each) for each in BALANCE_SETTINGS]
    rows = "".join(f"| `{name}` | {each.help} | `{each.example}` |\n" for name, each in every)
    return (
        f"# Settings of a host\n\n`{PATH}` is optional, and only root may be able to write it. "
        "Where it can't be used, guests with a policy are refused; guests without one start. "
        "`xmlresource config` prints each setting that is in force, and where it comes from.\n\n"
        f"| setting | what it does | default or example |\n|---|---|---|\n{rows}"
    )


def _first_decision() -> str:
    return f"decisions/{min((ROOT / DOCS / 'decisions').glob('*.md'), key=_title).name}"


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        return next(file).removeprefix("# ").strip(" `\n").lower()


def _is_there(here: str, path: str) -> bool:
    return (ROOT / posixpath.dirname(in_repository(here)) / path).exists()
