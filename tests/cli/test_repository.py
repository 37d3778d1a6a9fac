"""`validate` in a repository: what is looked at, what is not green, how findings look."""

import os
import sys
from pathlib import Path

import pytest

from xmlresource.cli import main

FIXTURES = Path(__file__).parents[2] / "fixtures"
FINE = "<memtune><hard_limit>1048576</hard_limit></memtune>\n"
FAULTY = "<memtune><hard_limit>0</hard_limit></memtune>\n"
WARNED = "<resource><memory><memoryMinGaurantee>1024</memoryMinGaurantee></memory></resource>\n"

Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of one's own, and no service around."""
    for variable in ("GITHUB_ACTIONS", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XMLRESOURCE_DOMAIN_SCHEMA", str(FIXTURES / "domain-schema"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / ".cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: Captured, *words: str) -> tuple[int, str, str]:
    status = main(["validate", "--no-cache", *words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_other_programs_files_are_skipped_and_counted(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FINE)
    (place / "pom.xml").write_text("<project/>")
    (place / "log.xml").write_text("<!DOCTYPE a SYSTEM 'a.dtd'><a/>")
    (place / "broken.xml").write_text("<html>")
    status, out, err = run(capsys, ".")
    assert (status, out) == (0, "")
    skipped, checked = err.splitlines()
    assert skipped == "3 files skipped: no document of libvirt's"
    assert checked == "1 file checked: 0 errors, 0 warnings"
    assert run(capsys, "*.xml")[0] == 0


def test_named_they_are_errors(capsys: Captured, place: Path) -> None:
    (place / "pom.xml").write_text("<project/>")
    status, out, _ = run(capsys, ".", "pom.xml")
    assert status == 2  # for the folder has nothing besides
    (place / "a.xml").write_text(FINE)
    status, out, _ = run(capsys, ".", "./pom.xml")
    assert status == 1
    assert out.startswith("./pom.xml:1:1: XR010 error: <project> is no document of libvirt's\n")


def test_files_named_by_a_tool_are_skipped(capsys: Captured, place: Path) -> None:
    (place / "pom.xml").write_text("<project/>")
    (place / "lab.xml").write_text(FAULTY)
    (place / "xmlresource.toml").write_text('exclude = ["lab.*"]\n')
    status, _, err = run(capsys, "--as-found", "pom.xml", "lab.xml")
    assert status == 0
    assert err.startswith("1 file skipped: no document of libvirt's\n0 files checked: ")
    assert run(capsys, "lab.xml")[0] == 1


@pytest.mark.parametrize(
    ("asked", "how"),
    [
        *((asked, how) for asked in (".", "*.xml", "**/*.xml") for how in ("foreign", "excluded")),
        (".", "empty"),
        ("*.xml", "empty"),
        (".", "ignored"),
    ],
)
def test_nothing_to_check_is_not_green(capsys: Captured, place: Path, asked: str, how: str) -> None:
    if how == "foreign":
        (place / "a.xml").write_text("<project/>")
    elif how != "empty":
        (place / "a.xml").write_text(FINE)
    words = ["--exclude", "a.xml"] if how == "excluded" else []
    if how == "ignored":
        (place / ".gitignore").write_text("a.xml\n")
    status, out, _ = run(capsys, asked, "--exit-zero", *words)
    assert status == 2
    assert out.startswith(f"{asked}:1:1: XR001 error: ")


def test_exit_zero_is_about_findings(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FAULTY)
    assert run(capsys, "a.xml", "--exit-zero")[0] == 0
    assert run(capsys, "a.xml", "missing.xml", "--exit-zero")[0] == 2


def test_files_are_shown_and_not_checked(capsys: Captured, place: Path) -> None:
    (place / "lab").mkdir()
    for name in ("a.xml", "b.xml", "lab/c.xml"):
        (place / name).write_text(FAULTY)
    (place / "pom.xml").write_text("<project/>")
    status, out, err = run(capsys, "--show-files", ".", "--exclude", "lab/")
    assert (status, out, err) == (0, "./a.xml\n./b.xml\n", "")
    assert run(capsys, "--show-files", "lab", "--exclude", "lab/")[0] == 2


def test_quiet_prints_findings_alone(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FAULTY)
    (place / "pom.xml").write_text("<project/>")
    _, out, err = run(capsys, "-q", ".", "--statistics")
    assert out.startswith("./a.xml:1:22: XR205 error: ")
    assert err == ""


def test_warnings_can_be_left_out(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(WARNED)
    assert " XR104 warning: " in run(capsys, "a.xml")[1]
    assert run(capsys, "a.xml", "--min-severity", "error")[1] == ""
    (place / "xmlresource.toml").write_text('min-severity = "error"\n')
    assert run(capsys, "a.xml")[1] == ""
    assert " XR104 warning: " in run(capsys, "a.xml", "--min-severity", "warning")[1]
    (place / "xmlresource.toml").write_text('min-severity = "bad"\n')
    assert 'min-severity is "error" or "warning"' in run(capsys, "a.xml")[2]


def test_rules_go_by_name_everywhere(capsys: Captured, place: Path) -> None:
    (place / "a.xml").write_text(FAULTY)
    assert run(capsys, "a.xml", "--ignore", "zero-limit")[0] == 0
    assert run(capsys, "a.xml", "--select", "zero-limit,XR3")[0] == 1
    assert run(capsys, "a.xml", "--select", "rfc-spelling")[0] == 0
    (place / "xmlresource.toml").write_text('[per-file-ignores]\n"a.xml" = ["zero-limit"]\n')
    assert run(capsys, "a.xml")[0] == 0
    (place / "b.xml").write_text(f"<!-- xmlresource: ignore=zero-limit, XR101 -->{FAULTY}")
    _, out, _ = run(capsys, "b.xml")
    assert [line.split()[1] for line in out.splitlines() if " XR" in line] == ["XR701"]
    assert "XR101" in out


@pytest.mark.parametrize(
    ("variables", "words", "coloured"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "0"}, (), False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
    ],
)
def test_colours_are_there_where_they_are_wanted(
    capsys: Captured,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    words: tuple[str, ...],
    *,
    coloured: bool,
) -> None:
    (place / "a.xml").write_text(FAULTY)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = run(capsys, "a.xml", *words)[1]
    assert ("\x1b[31mXR205 error:\x1b[0m" in out) is coloured
    assert ("\x1b" in out) is coloured
    assert "\x1b" not in run(capsys, "a.xml", *words, "--output-format", "json")[1]


def test_a_terminal_gets_colours_and_lines_that_fit(
    capsys: Captured, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "a.xml").write_text(FAULTY)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "50")
    out = run(capsys, "a.xml")[1]
    assert "\x1b[1ma.xml:1:22:\x1b[0m" in out
    monkeypatch.setenv("NO_COLOR", "1")
    out = run(capsys, "a.xml", "--no-excerpt")[1]
    assert max(map(len, out.splitlines())) <= 50
    assert len(out.splitlines()) > 2
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.delenv("NO_COLOR")
    assert "\x1b" not in run(capsys, "a.xml")[1]


def test_pipes_are_not_waited_for(capsys: Captured, place: Path) -> None:
    (place / "fifo").mkdir()
    os.mkfifo(place / "fifo" / "a.xml")
    for asked in ("fifo/*.xml", "fifo", "fifo/a.xml", "**/*.xml"):
        assert run(capsys, asked)[0] == 2


def test_snapshots_and_status_files_hold_guests(capsys: Captured, place: Path) -> None:
    guest = (
        "<domain type='kvm'><name>a</name><memtune><hard_limit>0</hard_limit></memtune></domain>"
    )
    for root in ("domainsnapshot", "domstatus", "domaincheckpoint"):
        (place / f"{root}.xml").write_text(f"<{root}><x/>{guest}</{root}>")
    _, out, err = run(capsys, ".", "--domain-schema", "off")
    assert [line.split()[1] for line in out.splitlines() if " XR" in line] == ["XR205"] * 3
    assert "skipped" not in err
