"""A project's settings: what they select, and where they are wrong."""

from pathlib import Path

import pytest

from xmlresource.configuration.repository_settings import Settings, SettingsError, parse_settings
from xmlresource.diagnostics import Severity
from xmlresource.system.configuration.repository_settings import find_settings, read_settings

TEXT = """\
select = ["XR3", "xr5"]
ignore = ["XR309"]
domain-schema = "off"

[per-file-ignores]
"lab/*" = ["XR501"]
"odd.xml" = ["XR"]
"""


def test_reads_every_key() -> None:
    assert parse_settings(TEXT, "/repository/xmlresource.toml") == Settings(
        select=("XR3", "XR5"),
        ignore=("XR309",),
        per_file_ignores=(("lab/*", ("XR501",)), ("odd.xml", ("XR",))),
        folder="/repository",
        domain_schema="off",
    )


@pytest.mark.parametrize(
    ("code", "path", "wanted"),
    [
        ("XR301", "a.xml", True),
        ("XR309", "a.xml", False),
        ("XR101", "a.xml", False),
        ("XR501", "a.xml", True),
        ("XR501", "lab/a.xml", False),
        ("XR501", "lab/deeper/a.xml", False),
        ("XR301", "lab/a.xml", True),
        ("XR301", "deep/odd.xml", False),
    ],
)
def test_selects_by_code_and_file(code: str, path: str, wanted: bool) -> None:
    assert parse_settings(TEXT, "xmlresource.toml").wants(code, path) is wanted


def test_warnings_may_be_left_out() -> None:
    strict = parse_settings('min-severity = "error"\nexclude = ["lab/"]', "p.toml")
    assert strict.exclude == ("lab/",)
    assert strict.wants("XR001", "a.xml", Severity.ERROR)
    assert not strict.wants("XR104", "a.xml", Severity.WARNING)
    lenient = parse_settings('min-severity = "warning"', "p.toml")
    assert lenient.wants("XR104", "a.xml", Severity.WARNING)


def test_wants_all_by_default() -> None:
    assert Settings().wants("XR001", "a.xml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("select = ]", "p.toml:1: not TOML"),
        ("\nselekt = []", "p.toml:2: unknown key 'selekt'; the keys are select, "),
        ('\nignore = "XR5"', "p.toml:2: ignore: not a list of codes"),
        ("ignore = [5]", "p.toml:1: ignore: not a list of codes"),
        ('ignore = ["XR9"]', "p.toml:1: ignore: no rule's code begins with 'XR9'"),
        ('ignore = [""]', "p.toml:1: ignore: no rule's code begins with ''"),
        ("per-file-ignores = []", "p.toml:1: per-file-ignores: not a table"),
        ('[per-file-ignores]\n"a" = ["XR9"]', "p.toml:2: 'a': no rule's code begins with 'XR9'"),
        ("exclude = [5]", "p.toml:1: exclude: not a list of patterns; write "),
        ('exclude = "lab/"', "p.toml:1: exclude: not a list of patterns; write "),
        ('min-severity = "bad"', 'p.toml:1: min-severity is "error" or "warning"'),
        ("domain-schema = 1", 'p.toml:1: domain-schema is "auto", "required", "off" or a path'),
    ],
)
def test_says_where_they_are_wrong(text: str, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, "p.toml")
    assert str(caught.value).startswith(told)


def test_a_key_that_cant_be_found_has_no_line() -> None:
    with pytest.raises(SettingsError, match=r"^p\.toml: unknown key 'selekt'"):
        parse_settings('"sel\\u0065kt" = 1', "p.toml")


def test_lines_are_those_of_our_table() -> None:
    text = "[tool.other]\nselect = []\n[tool.xmlresource]\nselect = [1]\n"
    with pytest.raises(SettingsError, match=r"^pyproject\.toml:4: select"):
        parse_settings(text, "pyproject.toml", table=("tool", "xmlresource"))


def test_a_table_of_another_kind_is_told() -> None:
    assert parse_settings("tool = 1", "p.toml", table=("tool", "xmlresource")) == Settings()
    with pytest.raises(SettingsError, match=r"tool\.xmlresource is no table"):
        parse_settings("tool.xmlresource = 1", "p.toml", table=("tool", "xmlresource"))


def test_the_nearest_settings_count(tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.xmlresource]\nignore = ["XR5"]\n')
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.other]\n")
    assert find_settings(str(below)).ignore == ("XR5",)
    assert find_settings(str(below)).folder == str(tmp_path)
    (tmp_path / "a" / "xmlresource.toml").write_text('ignore = ["XR4"]\n')
    assert find_settings(str(below)).ignore == ("XR4",)


def test_settings_can_be_named(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text('[tool.xmlresource]\nignore = ["XR5"]\n')
    assert read_settings(str(file)).ignore == ("XR5",)


def test_unusable_files_are_named(tmp_path: Path) -> None:
    file = tmp_path / "xmlresource.toml"
    with pytest.raises(SettingsError, match="can't be read: No such file"):
        read_settings(str(file))
    file.write_bytes(b"# fine\nselect = ['\xff']\n")
    with pytest.raises(SettingsError, match=r"xmlresource\.toml:2: not UTF-8"):
        find_settings(str(tmp_path))
    file.write_bytes(b"#" * (1 << 20) + b"#")
    with pytest.raises(SettingsError, match="larger than a MiB"):
        find_settings(str(tmp_path))
