"""The options of validate, and what is printed where."""

import io
import json
import sys
from pathlib import Path

import pytest

from xmlresource.cli import main
from xmlresource.operations.validation import document_checker
from xmlresource.system.libvirt import installed_schemas

FIXTURES = Path(__file__).parents[2] / "fixtures"
SCHEMA = FIXTURES / "domain-schema"
FINE = "<memtune><hard_limit>1048576</hard_limit></memtune>\n"
FAULTY = "<memtune><hard_limit>0</hard_limit></memtune>\n"
BLANKS = "<memtune><hard_limit> 1048576 </hard_limit></memtune>\n"
DOMAIN = "<domain type='kvm'><name>a</name><vcpu>two</vcpu></domain>\n"

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of one's own, and no service around."""
    for variable in ("GITHUB_ACTIONS", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XMLRESOURCE_DOMAIN_SCHEMA", str(SCHEMA))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: Captured, *words: str) -> tuple[int, str, str]:
    status = main(["validate", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def give(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_a_pattern_in_quotes_is_resolved(capsys: Captured, place: Path) -> None:
    (place / "deep").mkdir()
    for name in ("b.xml", "a.xml", "deep/c.xml", "deep/d.txt"):
        (place / name).write_text(FAULTY)
    _, out, err = run(capsys, "**/*.xml", "a.xml")
    assert [line.partition(":")[0] for line in out.splitlines() if " XR" in line] == [
        "a.xml",
        "b.xml",
        "deep/c.xml",
    ]
    assert err == "3 files checked: 3 errors, 0 warnings\n"


def test_a_pattern_that_matches_nothing_is_unreadable(capsys: Captured) -> None:
    status, out, _ = run(capsys, "*.xml")
    assert status == 2
    assert out.startswith("*.xml:1:1: XR001 error: can't be read: ")


def test_a_file_whose_name_is_a_pattern_is_that_file(capsys: Captured, place: Path) -> None:
    (place / "[a].xml").write_text(FINE)
    assert run(capsys, "[a].xml")[0] == 0


def test_standard_input_gets_a_name(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    give(monkeypatch, FAULTY)
    assert run(capsys, "-", "--stdin-filename", "lab/a.xml")[1].startswith("lab/a.xml:1:22: XR205")


def test_settings_are_found_and_the_command_line_wins(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FAULTY)
    (place / "pyproject.toml").write_text('[tool.xmlresource]\nignore = ["XR2"]\n')
    assert run(capsys, "a.xml")[:2] == (0, "")
    assert run(capsys, "a.xml", "--ignore", "XR3")[0] == 1
    (place / "other.toml").write_text('[per-file-ignores]\n"a.*" = ["XR205"]\n')
    assert run(capsys, "a.xml", "--config", "other.toml")[0] == 0
    assert run(capsys, str(place / "a.xml"), "--config", "other.toml")[0] == 0


def test_unusable_settings_exit_2(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FINE)
    (place / "xmlresource.toml").write_text("\nselect = 1\n")
    status, out, err = run(capsys, "a.xml")
    assert (status, out) == (2, "")
    assert err.startswith(f"xmlresource: {place}/xmlresource.toml:2: select: not a list")


def test_an_unknown_code_exits_2(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FINE)
    status, _, err = run(capsys, "a.xml", "--select", "XR3,XR9")
    assert (status, err) == (2, "xmlresource: --select: no rule's code begins with 'XR9'\n")


def test_inside_github_actions_annotations_are_the_default(
    capsys: Captured, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "deep").mkdir()
    (place / "deep" / "a.xml").write_text(FAULTY)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(place))
    monkeypatch.chdir(place / "deep")
    assert run(capsys, "a.xml")[1].startswith("::error file=deep/a.xml,line=1,col=22,")
    assert run(capsys, "a.xml", "--output-format", "text")[1].startswith("a.xml:1:22: XR205")


@pytest.mark.parametrize("output_format", ["json", "sarif", "gitlab"])
def test_formats_for_programs_stand_alone(
    capsys: Captured, place: Path, output_format: str
) -> None:
    (place / "a.xml").write_text(FAULTY)
    status, out, err = run(capsys, "a.xml", "--output-format", output_format)
    assert json.loads(out)
    assert (status, err) == (1, "")


def test_sarif_alone_has_what_mends(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(BLANKS)
    _, out, _ = run(capsys, "a.xml", "--output-format", "sarif")
    (fix,) = json.loads(out)["runs"][0]["results"][0]["fixes"]
    (replacement,) = fix["artifactChanges"][0]["replacements"]
    assert replacement["insertedContent"] == {"text": "1048576"}
    for other in ("json", "gitlab"):
        assert "fix" not in run(capsys, "a.xml", "--output-format", other)[1]


def test_sarif_is_the_same_where_findings_are_remembered(
    capsys: Captured, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "caches"))
    (place / "a.xml").write_text(BLANKS)
    words = ("a.xml", "--output-format", "sarif", "--domain-schema", "off")
    fresh = run(capsys, *words, "--no-cache")
    assert '"fixes"' in fresh[1]
    assert run(capsys, *words) == fresh
    monkeypatch.setattr(document_checker.DocumentChecker, "find", None)
    assert run(capsys, *words) == fresh


def test_an_excerpt_on_request(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FAULTY)
    _, out, _ = run(capsys, "a.xml", "--excerpt")
    assert out.splitlines()[1:3] == [
        "  1 | <memtune><hard_limit>0</hard_limit></memtune>",
        "    |                      ^",
    ]
    assert "|" not in run(capsys, "a.xml")[1]


def test_statistics_go_to_standard_error(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FAULTY)
    assert "     1  XR205  zero-limit\n" in run(capsys, "a.xml", "--statistics")[2]


@pytest.mark.parametrize("jobs", ["1", "2", "7"])
def test_the_order_does_not_depend_on_the_jobs(capsys: Captured, jobs: str) -> None:
    rules = str(FIXTURES / "rules")
    alone = run(capsys, rules, "--output-format", "json")[1]
    assert run(capsys, rules, "--output-format", "json", "--jobs", jobs)[1] == alone


@pytest.mark.parametrize("jobs", ["0", "-1", "many", "1000", "9" * 5000])
def test_a_number_of_jobs_is_one(jobs: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["validate", "a.xml", "--jobs", jobs])
    assert caught.value.code == 2


def test_whole_domains_are_checked_by_the_schema_that_is_named(
    capsys: Captured, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "a.xml").write_text(DOMAIN)
    assert " XR608 error: 'two' is not a value of <vcpu>" in run(capsys, "a.xml")[1]
    assert run(capsys, "a.xml", "--domain-schema", "off") == (
        0,
        "",
        "1 file checked: 0 errors, 0 warnings\n",
    )
    monkeypatch.delenv("XMLRESOURCE_DOMAIN_SCHEMA")
    assert run(capsys, "a.xml", "--domain-schema", str(SCHEMA / "domain.rng"))[0] == 1
    (place / "xmlresource.toml").write_text(f'domain-schema = "{SCHEMA}"\n')
    assert run(capsys, "a.xml")[0] == 1


def test_without_a_schema_it_says_so_once(
    capsys: Captured, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XMLRESOURCE_DOMAIN_SCHEMA")
    monkeypatch.setattr(installed_schemas, "FOLDERS", (str(place),))
    (place / "a.xml").write_text(DOMAIN)
    (place / "b.xml").write_text(DOMAIN)
    status, _, err = run(capsys, "a.xml", "b.xml")
    assert status == 0
    assert err.count("only the policy was checked") == 1
    (place / "c.xml").write_text(FINE)
    assert "only the policy" not in run(capsys, "c.xml")[2]


def test_an_installed_schema_that_nobody_asked_for_may_be_unusable(
    capsys: Captured, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XMLRESOURCE_DOMAIN_SCHEMA")
    monkeypatch.setattr(installed_schemas, "FOLDERS", (str(place),))
    (place / "domain.rng").write_text("<grammar xmlns='http://relaxng.org/ns/structure/1.0'/>")
    (place / "a.xml").write_text(DOMAIN)
    status, _, err = run(capsys, "a.xml")
    assert status == 0
    assert err.count("only the policy was checked") == 1


@pytest.mark.parametrize("content", [None, "<element/>", "no XML"])
def test_a_schema_that_cant_be_used_exits_2(
    capsys: Captured, place: Path, content: str | None
) -> None:
    (place / "a.xml").write_text(DOMAIN)
    if content is not None:
        (place / "s.rng").write_text(content)
    status, out, err = run(capsys, "a.xml", "--domain-schema", "s.rng")
    assert (status, out) == (2, "")
    assert "s.rng" in err


def test_diff_prints_and_changes_nothing(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(BLANKS)
    status, out, err = run(capsys, "a.xml", "--diff")
    assert status == 1
    assert out.splitlines() == [
        "--- a/a.xml",
        "+++ b/a.xml",
        "@@ -1 +1 @@",
        f"-{BLANKS.rstrip()}",
        "+<memtune><hard_limit>1048576</hard_limit></memtune>",
    ]
    assert err.startswith("1 finding would be mended in 1 file\n1 file checked: 1 error, ")
    assert (place / "a.xml").read_text() == BLANKS


def test_fix_writes_and_tells_what_is_left(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(BLANKS)
    (place / "b.xml").write_text(FAULTY)
    status, out, err = run(capsys, "a.xml", "b.xml", "--fix")
    assert status == 1
    assert out.startswith("b.xml:1:22: XR205")
    assert err == "1 finding mended in 1 file\n2 files checked: 1 error, 0 warnings\n"
    assert (place / "a.xml").read_text() == FINE


def test_fix_of_standard_input_prints_the_document(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(monkeypatch, BLANKS)
    assert main(["validate", "--fix", "-"]) == 0
    assert capsysbinary.readouterr().out == FINE.encode()
