from pathlib import Path

import pytest

from xmlresource.language_server.editor_findings import editor_findings
from xmlresource.language_server.open_document import OpenDocument
from xmlresource.language_server.workspace_rules import FolderRules, WorkspaceRules

FAULTY = "<memtune><hard_limit>x</hard_limit></memtune>"


def opened(path: Path) -> OpenDocument:
    return OpenDocument.from_editor(str(path), 1, FAULTY)


def codes(rules: FolderRules, path: Path) -> list[str]:
    return [one.code for one in editor_findings(rules, opened(path))]


def test_the_innermost_folder_that_is_open_decides(tmp_path: Path) -> None:
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / "outer" / "xmlresource.toml").write_text('ignore = ["XR2"]\n')
    (inner / "xmlresource.toml").write_text('select = ["XR2"]\n')
    rules = WorkspaceRules()
    rules.open_folders((str(tmp_path / "outer"),))
    # As `validate inner/a.xml` in the folder that is open would have it.
    assert rules.of(opened(inner / "a.xml")).settings.ignore == ("XR2",)
    rules.open_folders((str(tmp_path / "outer"), str(inner)))
    assert rules.of(opened(inner / "a.xml")).settings.select == ("XR2",)
    assert rules.of(opened(tmp_path / "outer" / "innermost.xml")).settings.ignore == ("XR2",)
    rules.open_folders(())
    assert rules.of(opened(inner / "a.xml")).settings.select == ("XR2",)


def test_settings_are_read_again_when_they_may_have_changed(tmp_path: Path) -> None:
    rules, document = WorkspaceRules(), opened(tmp_path / "a.xml")
    assert rules.of(document).settings.ignore == ()
    (tmp_path / "xmlresource.toml").write_text('ignore = ["XR2"]\n')
    assert rules.of(document).settings.ignore == ()
    rules.forget()
    assert rules.of(document).settings.ignore == ("XR2",)


@pytest.mark.parametrize(
    ("settings", "word"), [("ignore = 1\n", "ignore"), ('domain-schema = "/nowhere"\n', "/nowhere")]
)
def test_what_cant_be_used_is_told_and_the_rest_still_works(
    tmp_path: Path, settings: str, word: str
) -> None:
    (tmp_path / "xmlresource.toml").write_text(settings)
    rules = WorkspaceRules().of(opened(tmp_path / "a.xml"))
    assert word in (rules.problem or "")
    assert codes(rules, tmp_path / "a.xml") == ["XR201"]


def test_a_schema_is_loaded_once_for_all_folders(tmp_path: Path) -> None:
    rules = WorkspaceRules()
    (tmp_path / "one").mkdir()
    first = rules.of(opened(tmp_path / "a.xml"))
    second = rules.of(opened(tmp_path / "one" / "b.xml"))
    assert first is not second
    assert first.schema is second.schema


def test_without_schemas_our_rules_are_left(tmp_path: Path) -> None:
    (tmp_path / "xmlresource.toml").write_text('domain-schema = "off"\nexclude = ["b.xml"]\n')
    rules = WorkspaceRules().of(opened(tmp_path / "a.xml"))
    assert rules.schema is None
    assert rules.problem is None
    assert codes(rules, tmp_path / "a.xml") == ["XR201"]
    assert not rules.excludes(str(tmp_path / "a.xml"))
    assert rules.excludes(str(tmp_path / "b.xml"))
