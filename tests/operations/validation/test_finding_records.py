"""Documents that were checked before: the same findings, without checking."""

import subprocess
import sys
from pathlib import Path

import pytest

from xmlresource.operations.validation import document_checker
from xmlresource.operations.validation.finding_records import as_plain_values, from_plain_values
from xmlresource.operations.validation.validate import Options, Validation, validate

ROOT = Path(__file__).parents[3]
FIXTURES = sorted((ROOT / "fixtures").rglob("*.xml"))
SCHEMA = Path("/usr/share/libvirt/schemas/domain.rng")

needs_schema = pytest.mark.skipif(not SCHEMA.is_file(), reason="libvirt's schema is not installed")


@pytest.fixture(autouse=True)
def _caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))


def checked(paths: list[str], setting: str, *, remember: bool, jobs: int = 1) -> Validation:
    options = Options(
        domain_schema=setting, keep_lines=True, place_edits=True, remember=remember, jobs=jobs
    )
    return validate(paths, options)


@pytest.mark.parametrize("setting", ["off", pytest.param("auto", marks=needs_schema)])
def test_findings_are_the_same_without_checking(
    setting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = [str(path) for path in FIXTURES]
    fresh = checked(paths, setting, remember=False)
    assert any(edit.span for one in fresh.diagnostics for edit in one.fix)
    assert checked(paths, setting, remember=True) == fresh
    monkeypatch.setattr(document_checker.DocumentChecker, "find", None)
    assert checked(paths, setting, remember=True) == fresh


def test_every_finding_survives() -> None:
    found = validate(["/nowhere.xml", *map(str, FIXTURES)]).diagnostics
    assert any(one.fix for one in found)
    assert any(one.span is None for one in found)
    for one in found:
        assert from_plain_values(as_plain_values([one], policy_only=True), one.path) == (
            [one],
            True,
        )
    assert from_plain_values(as_plain_values([], policy_only=False), "a.xml") == ([], False)
    assert from_plain_values(as_plain_values([], policy_only=True), "a.xml") == ([], True)


def test_the_name_is_the_one_of_today(tmp_path: Path) -> None:
    for name in ("old.xml", "new.xml"):
        (tmp_path / name).write_text("<memtune><hard_limitt>1</hard_limitt></memtune>")
        found = checked([str(tmp_path / name)], "off", remember=True)
        assert [one.path for one in found.diagnostics] == [str(tmp_path / name)]
        assert {path for path, _ in found.lines} == {str(tmp_path / name)}


def test_what_other_processes_found_is_remembered_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        (tmp_path / f"{number}.xml").write_text(f"<memtune><x{number}/></memtune>")
    fresh = checked([str(tmp_path)], "off", remember=True, jobs=3)
    assert len(fresh.diagnostics) == 20
    monkeypatch.setattr(document_checker.DocumentChecker, "find", None)
    assert checked([str(tmp_path)], "off", remember=True) == fresh


def test_an_unreadable_file_is_looked_at_each_time(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    assert checked([str(path)], "off", remember=True).diagnostics[0].code == "XR001"
    path.write_text("<memtune/>")
    assert not checked([str(path)], "off", remember=True).diagnostics


def test_a_schema_that_cannot_be_used_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "domain.rng").write_text("<grammar/>")
    (tmp_path / "a.xml").write_text("<domain/>")
    monkeypatch.setattr(
        "xmlresource.system.libvirt.installed_schemas.installed",
        lambda: str(tmp_path / "domain.rng"),
    )
    monkeypatch.setattr("xmlresource.system.files.finding_cache.JUST_NOW", -(10**18))
    assert checked([str(tmp_path / "a.xml")], "auto", remember=True).policy_only
    assert not (tmp_path / "caches" / "xmlresource" / "validate").exists()


RUN = """
import sys
from xmlresource.cli import main
status = main(["validate", *sys.argv[1:]])
print(status, "xmlresource.relaxng.schema" in sys.modules, "xmlresource.rules" in sys.modules)
"""


def run(*arguments: str) -> str:
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603 -- this Python


@needs_schema
def test_a_second_run_loads_no_engine(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text("<domain type='kvm'><nam/></domain>")
    first = run(str(tmp_path))
    second = run(str(tmp_path))
    assert "XR601" in first
    assert first.endswith("1 True True\n")
    assert second == first.replace("1 True True\n", "1 False False\n")
    assert run("--no-cache", str(tmp_path)) == first
