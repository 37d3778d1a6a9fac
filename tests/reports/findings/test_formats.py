"""Each format, as the programs that read it want it; SARIF by its own schema."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from xmlresource.codes import CODES
from xmlresource.diagnostics import Diagnostic, Severity, Span
from xmlresource.document.editing.splice import Splice, spliced
from xmlresource.operations.validation.validate import Options, Validation, validate
from xmlresource.reports.findings import github, gitlab, junit, sarif
from xmlresource.reports.findings.diagnostics import as_text, statistics
from xmlresource.reports.findings.excerpt import WIDEST, excerpt

FIXTURES = Path(__file__).parents[3] / "fixtures"
# SARIF's schema as SARIF's authors ship it in @microsoft/jest-sarif (MIT).
SARIF_SCHEMA = json.loads((Path(__file__).parent / "sarif-2.1.0-rtm.5.json").read_text())
REPOSITORY = "/repository"
HOSTILE = "100% of\r\n::error::\x1b[31m<&\"'\x00é"


def finding(number: int = 1, path: str = "lab/db 1.xml", **changes: Any) -> Diagnostic:
    values: dict[str, Any] = {
        "code": "XR301",
        "severity": Severity.ERROR,
        "message": f"message {number}",
        "path": path,
        "span": Span(number, 3, number, 7, 0, 4),
        "xpath": "/domain/memtune",
        "hint": "do this",
    }
    return Diagnostic(**(values | changes))


def result(*found: Diagnostic, paths: tuple[str, ...] = ()) -> Validation:
    return Validation(paths or tuple(dict.fromkeys(one.path for one in found)), found)


@pytest.fixture(scope="module")
def everything() -> Validation:
    """All that the fixtures are faulty of."""
    options = Options(domain_schema=str(FIXTURES / "domain-schema"), place_edits=True)
    named = map(str, sorted((FIXTURES / "rules").rglob("*.xml")))  # in a folder some are skipped
    return validate([*named, "/no/such/file.xml"], options)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 -- our own


def log(found: Validation) -> Any:
    made = json.loads(sarif.render(found, REPOSITORY))
    jsonschema.validate(made, SARIF_SCHEMA)
    return made


def test_sarif_of_every_rule_is_valid(everything: Validation) -> None:
    (run,) = log(everything)["runs"]
    assert len(run["results"]) == len(everything.diagnostics)
    # XR8 is about files that `validate` does not read.
    ours = {code for code in CODES if not code.startswith("XR8")}
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} >= ours - {"XR004"}
    for one in run["results"]:
        assert run["tool"]["driver"]["rules"][one["ruleIndex"]]["id"] == one["ruleId"]
        region = one["locations"][0]["physicalLocation"]["region"]
        assert min(region.values()) >= 1


def test_sarif_of_nothing_is_valid() -> None:
    assert log(result(paths=("a.xml",)))["runs"][0]["results"] == []


def test_sarif_counts_columns_in_characters_and_tells_findings_apart(
    everything: Validation,
) -> None:
    (run,) = log(everything)["runs"]
    assert run["columnKind"] == "unicodeCodePoints"
    marks = [one["partialFingerprints"]["xmlresource/v1"] for one in run["results"]]
    assert len(set(marks)) == len(marks)


def mended(data: bytes, fix: Any) -> bytes:
    """Do what a fix says, by lines and columns alone."""
    lines = data.decode().splitlines(keepends=True)
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    (change,) = fix["artifactChanges"]
    text = data.decode()
    for one in sorted(change["replacements"], key=lambda one: -offset(starts, one, "start")):
        start, end = offset(starts, one, "start"), offset(starts, one, "end")
        text = text[:start] + one["insertedContent"]["text"] + text[end:]
    return text.encode()


def offset(starts: list[int], replacement: Any, which: str) -> int:
    region = replacement["deletedRegion"]
    return int(starts[region[f"{which}Line"] - 1] + region[f"{which}Column"] - 1)


def test_sarif_has_the_edits_that_mend(everything: Validation) -> None:
    """Each fix, done by its regions, is what `--fix` does with that finding alone."""
    (run,) = log(everything)["runs"]
    tried = 0
    for found, one in zip(everything.diagnostics, run["results"], strict=True):
        assert ("fixes" in one) == bool(found.fix)
        if not found.fix:
            continue
        data = Path(found.path).read_bytes()
        splices = [Splice(edit.start, edit.end, edit.text.encode()) for edit in found.fix]
        assert mended(data, one["fixes"][0]) == spliced(data, splices)
        assert one["fixes"][0]["description"]["text"]
        tried += 1
    assert tried >= 10


def test_sarif_counts_the_columns_of_edits_in_characters(tmp_path: Path) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<memtune><!-- 漢é --><hard_limitt>4</hard_limitt></memtune>", "utf-8")
    found = validate([str(path)], Options(domain_schema="off", place_edits=True))
    (one,) = log(found)["runs"][0]["results"]
    regions = [
        (r["deletedRegion"]["startColumn"], r["deletedRegion"]["endColumn"])
        for r in one["fixes"][0]["artifactChanges"][0]["replacements"]
    ]
    assert regions == [(22, 33), (37, 48)]


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/repository/lab/db 1.xml", "lab/db%201.xml"),
        ("/repository/a/../é#?.xml", "%C3%A9%23%3F.xml"),
        ("/elsewhere/a.xml", "file:///elsewhere/a.xml"),
        ("/repository2/a.xml", "file:///repository2/a.xml"),
    ],
)
def test_sarif_names_files_relative_to_the_repository(path: str, uri: str) -> None:
    (one,) = log(result(finding(path=path)))["runs"][0]["results"]
    assert one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_sarif_keeps_within_what_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 2)
    warning = finding(1, severity=Severity.WARNING)
    (run,) = log(result(warning, finding(2), finding(3)))["runs"]
    assert [one["level"] for one in run["results"]] == ["error", "error"]
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "1 findings beyond the first 2 are left out"


def test_fingerprints_stay_when_lines_move() -> None:
    def marks(*found: Diagnostic) -> list[str]:
        return [one["fingerprint"] for one in json.loads(gitlab.render(result(*found), "/"))]

    before = marks(finding(1), finding(2))
    assert marks(finding(8), finding(9)) == before
    assert len(set(before)) == 2


def test_gitlab_has_what_gitlab_requires(everything: Validation) -> None:
    issues = json.loads(gitlab.render(everything, str(FIXTURES)))
    assert len({one["fingerprint"] for one in issues}) == len(everything.diagnostics)
    for one in issues:
        assert set(one) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert one["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert one["location"]["lines"]["begin"] >= 1
        assert one["location"]["path"].startswith("rules/") or one["check_name"].startswith("XR001")


def test_junit_has_a_case_for_each_file(everything: Validation) -> None:
    suites = parsed(junit.render(everything))
    cases = suites.findall("./testsuite/testcase")
    assert len(cases) == everything.files == int(suites.get("tests", ""))
    failed = {case.get("name") for case in cases if case.find("failure") is not None}
    erroneous = {
        one.path
        for one in everything.diagnostics
        if one.severity is Severity.ERROR and one.code != "XR001"
    }
    assert failed == erroneous
    assert [case.get("name") for case in cases if case.find("error") is not None] == [
        "/no/such/file.xml"
    ]


def test_junit_takes_any_text() -> None:
    found = finding(message=HOSTILE, path=f"{HOSTILE}.xml", hint=HOSTILE)
    (failure,) = parsed(junit.render(result(found))).iter("failure")
    assert "\\x1b[31m<&\"'\\x00é" in (failure.text or "")
    assert len(failure.get("message", "").splitlines()) == 1


def test_junit_counts_several_errors_and_keeps_warnings_aside() -> None:
    two = parsed(junit.render(result(finding(1), finding(2))))
    assert [one.get("message") for one in two.iter("failure")] == ["2 errors, first: message 1"]
    aside = parsed(junit.render(result(finding(severity=Severity.WARNING))))
    assert aside.get("failures") == "0"
    assert "message 1" in "".join(one.text or "" for one in aside.iter("system-out"))


def test_github_shows_errors_first() -> None:
    warning = finding(1, severity=Severity.WARNING, path="/repository/a.xml")
    error = finding(2, path="/repository/a.xml")
    assert github.render(result(warning, error), REPOSITORY) == (
        "::error file=a.xml,line=2,col=3,endLine=2,endColumn=7,"
        "title=XR301 guarantee-above-hard-limit::a.xml:2:3: XR301 message 2%0Ahint: do this\n"
        "::warning file=a.xml,line=1,col=3,endLine=1,endColumn=7,"
        "title=XR301 guarantee-above-hard-limit::a.xml:1:3: XR301 message 1%0Ahint: do this\n"
    )


def test_github_gives_no_columns_across_lines() -> None:
    printed = github.render(result(finding(span=Span(1, 3, 2, 1, 0, 9), hint=None)), REPOSITORY)
    assert "endLine=2,title" in printed


def test_github_runs_no_command_of_a_document() -> None:
    found = finding(message=HOSTILE, path="a,b:c\n.xml", hint=HOSTILE)
    (line,) = github.render(result(found), REPOSITORY).splitlines()
    assert line.startswith("::error file=a%2Cb%3Ac%0A.xml,")
    assert "100%25 of\\r\\n::error::" in line


def test_text_marks_what_is_at_fault() -> None:
    found = finding(span=Span(1, 6, 1, 10, 5, 9), path="a.xml", hint=None)
    assert as_text([found], {("a.xml", 1): "<a>é <bc/></a>"}).splitlines()[1:] == [
        "  1 | <a>é <bc/></a>",
        "    |      ^~~~",
    ]


@pytest.mark.parametrize(
    ("line", "span", "shown"),
    [
        ("\t<a>", Span(7, 2, 7, 5, 0, 0), ["  7 |  <a>", "    |  ^~~"]),
        ("<a>漢\x1b</a>", Span(7, 4, 7, 4, 0, 0), ["  7 | <a>··</a>", "    |    ^"]),
        ("<a", Span(7, 1, 9, 5, 0, 0), ["  7 | <a", "    | ^~"]),
        ("", Span(7, 1, 7, 1, 0, 0), ["  7 | ", "    | ^"]),
    ],
)
def test_an_excerpt_is_one_column_a_character(line: str, span: Span, shown: list[str]) -> None:
    assert excerpt(line, span) == shown


def test_an_excerpt_of_a_long_line_is_cut() -> None:
    line = "x" * 500 + "<a>" + "y" * 500
    text, mark = excerpt(line, Span(1, 501, 1, 504, 0, 0))
    assert len(text) <= WIDEST + len("  1 | ……")
    assert text[mark.index("^") :].startswith("<a>y")
    assert mark.endswith(" ^~~")


def test_statistics_begin_with_the_most_frequent() -> None:
    found = (finding(1, code="XR501"), finding(2), finding(3))
    assert statistics(result(*found)) == (
        "     2  XR301  guarantee-above-hard-limit\n     1  XR501  hard-limit-too-near\n"
    )
