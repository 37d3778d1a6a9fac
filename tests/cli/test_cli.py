"""Exit statuses and the shapes of JSON, as users' programs rely on them."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from xmlresource.cli import COMMANDS, main
from xmlresource.codes import CODES

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
FINE = str(FIXTURES / "fine-spread-over-forms.xml")
FAULTY = str(FIXTURES / "XR301-guarantee.xml")
BROKEN = str(FIXTURES / "XR002-not-well-formed.xml")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    status = main(words)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.fixture(autouse=True)
def schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Libvirt's schema in small, so that the machine does not matter."""
    monkeypatch.setenv("XMLRESOURCE_DOMAIN_SCHEMA", str(FIXTURES.parent / "domain-schema"))
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    return json.loads(run(capsys, *words)[1])


def test_validate_says_nothing_of_a_fine_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "validate", FINE) == (0, "", "1 file checked: 0 errors, 0 warnings\n")


def test_validate_prints_the_place_of_a_fault(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "validate", FAULTY)
    assert status == 1
    assert out.startswith(f"{FAULTY}:4:36: XR301 error: ")


def test_validate_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_json(capsys, "validate", "--output-format", "json", FAULTY) == {
        "version": 1,
        "files": 1,
        "diagnostics": [
            {
                "code": "XR301",
                "severity": "error",
                "message": "min_guarantee (2 GiB) is above hard_limit (1 GiB), see line 3",
                "path": FAULTY,
                "line": 4,
                "column": 36,
                "end_line": 4,
                "end_column": 37,
                "xpath": "/resource/memory/memoryMinGuarantee",
                "hint": "Raise hard_limit or lower min_guarantee.",
            }
        ],
    }


def test_validate_reads_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = Path(FAULTY).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    status, out, _ = run(capsys, "validate", "-")
    assert status == 1
    assert out.startswith("<stdin>:4:36: ")


def test_validate_can_exit_0_with_findings(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "validate", "--exit-zero", FAULTY)[0] == 0


@pytest.mark.parametrize("words", [[], ["validate"], ["no-such-command"], ["show", "--no-such"]])
def test_bad_usage_exits_2(words: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2


@pytest.mark.parametrize("command", ["show", "overhead"])
def test_an_unreadable_document_exits_2_and_says_so(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    status, out, err = run(capsys, command, "/no/such/file.xml")
    assert (status, out) == (2, "")
    assert err.startswith("/no/such/file.xml:1:1: XR001 error: ")


def test_a_document_that_is_no_xml_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "show", BROKEN)
    assert (status, out) == (1, "")
    assert err.startswith(f"{BROKEN}:2:18: XR002 error: ")


def test_show_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_json(capsys, "show", "--json", FINE) == {
        "domain": "guest",
        "form": "mixed",
        "tunables": {
            "hard_limit": 2 * 1024**3,
            "soft_limit": None,
            "min_guarantee": 1024**3,
            "swap_hard_limit": None,
            "swap_soft_limit": None,
        },
        "forms": {"hard_limit": "memtune", "min_guarantee": "metadata"},
    }


def test_show_tells_unlimited_from_unset(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run_json(capsys, "show", "--json", str(FIXTURES / "fine-unlimited.xml"))
    assert shown["form"] == "memtune"
    assert shown["tunables"]["hard_limit"] == "unlimited"
    assert shown["tunables"]["swap_hard_limit"] is None


def test_show_of_no_policy(capsys: pytest.CaptureFixture[str]) -> None:
    shown = run_json(capsys, "show", "--json", str(FIXTURES / "fine-no-policy.xml"))
    assert shown["form"] is None
    assert set(shown["tunables"].values()) == {None}


def test_a_hostile_name_does_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = tmp_path / "hostile.xml"
    document.write_text("<domain><name>a\u009b31m&#10;b</name></domain>")
    assert run(capsys, "show", str(document))[1] == "a\\x9b31m\\nb: no tunables\n"


@pytest.mark.parametrize("code", sorted(CODES))
def test_explain_explains_every_code(capsys: pytest.CaptureFixture[str], code: str) -> None:
    status, out, _ = run(capsys, "explain", code.lower())
    assert status == 0
    assert out.startswith(f"{code} {CODES[code].name} ")


def test_explain_of_no_code_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "explain", "XR999")[0] == 2


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: str) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert f"usage: xmlresource {command}" in capsys.readouterr().out


def test_a_closed_pipe_is_no_complaint() -> None:
    command = f"{sys.executable} -m xmlresource validate --output-format json {FAULTY} | true"
    result = subprocess.run(command, shell=True, capture_output=True, check=False)  # noqa: S602
    assert result.stderr == b""
