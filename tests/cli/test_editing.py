"""set, convert and generate, as a person calls them."""

import io
import json
import sys
from pathlib import Path

import pytest

from xmlresource.cli import main

MEMTUNE = b"<memtune>\r\n\t<hard_limit unit='GiB'>4</hard_limit> <!-- four -->\r\n</memtune>"
REFUSED_BY_QEMU = b"""<domain type='kvm'>
  <name>a</name>
  <memtune>
    <min_guarantee unit='MiB'>64</min_guarantee>
  </memtune>
</domain>
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "guest.xml"
    path.write_bytes(MEMTUNE)
    path.chmod(0o640)
    return path


def run(capsysbinary: pytest.CaptureFixture[bytes], *words: str | Path) -> tuple[int, bytes, str]:
    status = main([str(word) for word in words])
    printed = capsysbinary.readouterr()
    return status, printed.out, printed.err.decode()


def test_set_changes_one_number(capsysbinary: pytest.CaptureFixture[bytes], file: Path) -> None:
    status, out, err = run(capsysbinary, "set", file, "hard_limit=5GiB")
    assert (status, out, err) == (0, MEMTUNE.replace(b">4<", b">5<"), "")
    assert file.read_bytes() == MEMTUNE


def test_set_in_place_keeps_mode(capsysbinary: pytest.CaptureFixture[bytes], file: Path) -> None:
    assert run(capsysbinary, "set", "--in-place", file, "hard-limit=5GiB") == (0, b"", "")
    assert file.read_bytes() == MEMTUNE.replace(b">4<", b">5<")
    assert file.stat().st_mode & 0o777 == 0o640


def test_set_shows_a_diff_of_several_files(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.xml"
    other.write_bytes(MEMTUNE)
    status, out, _ = run(capsysbinary, "set", file, other, "hard_limit=5GiB", "--diff")
    assert status == 0
    assert out.count(b"+\t<hard_limit unit='GiB'>5</hard_limit>") == 2


def test_set_writes_a_new_file(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.xml"
    assert run(capsysbinary, "set", file, "hard_limit=none", "-o", out)[0] == 0
    assert b"hard_limit" not in out.read_bytes()


def test_set_reads_standard_input(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MEMTUNE)))
    assert run(capsysbinary, "set", "-", "hard_limit=5GiB")[1] == MEMTUNE.replace(b">4<", b">5<")


def test_what_would_be_an_error_is_not_written(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path
) -> None:
    status, out, err = run(capsysbinary, "set", "--in-place", file, "soft_limit=8GiB")
    assert (status, out) == (1, b"")
    assert "XR302 error: " in err
    assert file.read_bytes() == MEMTUNE
    assert run(capsysbinary, "set", "--in-place", "--force", file, "soft_limit=8GiB")[0] == 0


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["set", "{}"], "nothing to set"),
        (["set", "hard_limit=4GiB"], "no FILE is named"),
        (["set", "{}", "hard_limt=4GiB"], "did you mean hard_limit?"),
        (["set", "{}", "hard_limit=4 gigs"], "unknown unit 'gigs'"),
        (["set", "{}", "{}", "hard_limit=4GiB"], "several files take --in-place or --diff"),
        (["set", "--in-place", "-", "hard_limit=4GiB"], "can't be changed in place"),
        (["convert", "{}", "{}", "--to", "metadata"], "several files take --in-place or --diff"),
        (["set", "/no/such.xml", "hard_limit=4GiB"], "/no/such.xml:1:1: XR001 error"),
    ],
)
def test_bad_usage_exits_2(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path, words: list[str], complaint: str
) -> None:
    status, out, err = run(capsysbinary, *(word.format(file) for word in words))
    assert (status, out) == (2, b"")
    assert complaint in err
    assert file.read_bytes() == MEMTUNE


def test_convert_cures_what_qemu_refuses(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(REFUSED_BY_QEMU)
    status, out, err = run(capsysbinary, "convert", path, "--to", "metadata")
    assert (status, err) == (0, "")
    assert b"<memtune>" not in out
    assert b"memoryMinGuarantee unit='MiB'>64<" in out


def test_convert_says_what_stays(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(REFUSED_BY_QEMU)
    run(capsysbinary, "convert", path, "--to", "metadata", "--in-place")
    status, _, err = run(capsysbinary, "convert", path, "--to", "memtune")
    assert status == 0
    assert "min_guarantee kept in metadata: libvirt's QEMU driver refuses" in err


def test_generate(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ("generate", "hard_limit=4GiB", "min_guarantee=2GiB", "--form", "resource")
    status, out, err = run(capsysbinary, *words)
    assert (status, err) == (0, "")
    assert b'<memoryHardLimit unit="GiB">4</memoryHardLimit>' in out
    assert out.startswith(b"<resource>")


def test_generate_of_a_contradiction(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    status, out, err = run(capsysbinary, "generate", "hard_limit=1GiB", "min_guarantee=2GiB")
    assert (status, out) == (1, b"")
    assert "XR301 error: " in err


def test_set_takes_auto_for_what_is_recommended(
    capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    path = tmp_path / "a.xml"
    path.write_bytes(b"<domain type='kvm'>\n  <memory unit='GiB'>1</memory>\n</domain>\n")
    status, out, err = run(capsysbinary, "set", path, "hard_limit=auto", "min_guarantee=auto")
    assert (status, err) == (0, "")
    assert out.count(b"unit='MiB'") == 2


@pytest.mark.parametrize("command", ["set", "generate"])
def test_auto_takes_a_domain(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path, command: str
) -> None:
    words = [file] if command == "set" else []
    status, out, err = run(capsysbinary, command, *words, "hard_limit=auto")
    assert (status, out) != (0, b"")
    assert "auto" in err


def test_a_priority_is_set_and_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "guest.xml"
    path.write_text("<domain type='kvm'><name>db1</name></domain>")
    words = ["set", str(path), "min_guarantee=1GiB", "priority=10", "--in-place"]
    assert main(words) == 0
    capsys.readouterr()
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["priority", "10"]
    assert main(["show", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["priority"] == 10


def test_a_fragment_with_a_priority_is_generated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "min_guarantee=1GiB", "priority=10"]) == 0
    assert '<xr:memory priority="10">' in capsys.readouterr().out
    assert main(["generate", "min_guarantee=1GiB", "priority=10", "--form", "memtune"]) == 0
    assert "priority dropped: <memtune> has no priority" in capsys.readouterr().err
