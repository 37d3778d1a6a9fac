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


def test_a_balance_is_set_shown_and_taken_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.xml"
    path.write_text("<domain type='kvm'><name>a</name></domain>")
    assert main(["set", str(path), "min_guarantee=1GiB", "--in-place"]) == 0
    before = path.read_bytes()
    assert main(["set", str(path), "balance=no", "--in-place"]) == 0
    assert path.read_bytes() == before.replace(b"<xr:memory>", b"<xr:memory balance='no'>")
    assert main(["show", str(path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1].split() == ["balance", "no"]
    assert main(["show", "--json", str(path)]) == 0
    assert json.loads(capsys.readouterr().out)["balance"] is False
    assert main(["set", str(path), "balance=none", "--in-place"]) == 0
    assert path.read_bytes() == before
    assert main(["set", str(path), "balance=off"]) == 2
    assert "balance=off: it is neither yes nor no" in capsys.readouterr().err


def test_a_fragment_with_a_priority_is_generated(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "min_guarantee=1GiB", "priority=10"]) == 0
    assert '<xr:memory priority="10">' in capsys.readouterr().out
    assert main(["generate", "min_guarantee=1GiB", "balance=no", "priority=1"]) == 0
    assert '<xr:memory priority="1" balance="no">' in capsys.readouterr().out
    assert main(["generate", "min_guarantee=1GiB", "priority=10", "--form", "memtune"]) == 0
    assert "priority dropped: <memtune> has no priority" in capsys.readouterr().err


@pytest.mark.parametrize(("value", "meant"), [("6", "6 GiB"), ("4096", "4 GiB"), ("8KiB", "8 GiB")])
def test_a_limit_that_cant_be_meant_is_refused(
    capsysbinary: pytest.CaptureFixture[bytes], file: Path, value: str, meant: str
) -> None:
    before = file.read_bytes()
    limit = f"hard_limit={value}"
    for words in (("set", file, limit, "--in-place"), ("set", file, limit), ("generate", limit)):
        status, out, err = run(capsysbinary, *words)
        assert (status, out) == (1, b"")
        assert "XR503 error: hard_limit is " in err
        assert f"did you mean {meant}?" in err
    assert file.read_bytes() == before


DOMAIN = b"""<domain type='kvm'>
  <name>db1</name>
  <metadata>
    <xr:resource xmlns:xr='urn:xmlresource:1'>
      <xr:cpu>
        <xr:cpuHardLimit unit='%'>250</xr:cpuHardLimit> <!-- two and a half -->
      </xr:cpu>
    </xr:resource>
  </metadata>
  <vcpu>2</vcpu>
  <devices>
    <disk type='block' device='disk'>
      <source dev='/dev/vg/db1'/>
      <target dev='vda'/>
    </disk>
  </devices>
</domain>
"""


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    path = tmp_path / "db1.xml"
    path.write_bytes(DOMAIN)
    return path


def test_set_takes_cpu_time_and_devices(
    capsysbinary: pytest.CaptureFixture[bytes], guest: Path
) -> None:
    path = "/dev/sd-b.x.io_bandwidth_percentage"
    words = ("cpu-hard-limit=3", "vda.iops_hard_limit.read=500", f"{path}=5")
    assert run(capsysbinary, "set", guest, *words, "--in-place") == (0, b"", "")
    after = guest.read_bytes()
    assert b"<xr:cpuHardLimit unit='%'>300</xr:cpuHardLimit> <!-- two and a half -->" in after
    assert b"<xr:iopsHardLimit read='500'/>" in after
    assert b"<xr:device path='/dev/sd-b.x'>" in after
    undo = ("cpu_hard_limit=2.5", "vda.iops-hard-limit.read=none")
    run(capsysbinary, "set", guest, *undo, f"{path}=none", "--in-place")
    assert guest.read_bytes() == DOMAIN


@pytest.mark.parametrize(
    ("word", "status", "told"),
    [
        ("cpu_shar=5", 2, "did you mean cpu_share?"),
        ("vda.iop_hard_limit.read=5", 2, "did you mean vda.iops_hard_limit.read?"),
        ("cpu_share=10001", 2, "from 1 to 10000"),
        ("cpu_min_guarantee=2.5", 1, "above the guest's 2 vCPUs"),
        ("vdb.iops_hard_limit.read=5", 1, "no disk with the target 'vdb'"),
    ],
)
def test_set_changes_nothing_that_would_be_faulty(
    capsysbinary: pytest.CaptureFixture[bytes], guest: Path, word: str, status: int, told: str
) -> None:
    found, out, err = run(capsysbinary, "set", guest, word, "--in-place")
    assert (found, out) == (status, b"")
    assert told in err
    assert guest.read_bytes() == DOMAIN


def test_show_tells_all_families(capsysbinary: pytest.CaptureFixture[bytes], guest: Path) -> None:
    run(capsysbinary, "set", guest, "hard_limit=4GiB", "vda.iops_hard_limit.read=5", "--in-place")
    _, out, _ = run(capsysbinary, "show", guest)
    assert out.decode().splitlines() == [
        "db1",
        "  hard_limit                        4 GiB  metadata",
        "  cpu_hard_limit                 2.5 CPUs  metadata",
        "  vda.iops_hard_limit.read   5 per second  metadata",
    ]
    _, out, _ = run(capsysbinary, "show", "--json", guest)
    shown = json.loads(out)
    assert shown["cpu"]["hard_limit"] == 2500
    assert shown["io"]["devices"][0]["read_iops_hard_limit"] == 5
    assert shown["forms"]["vda.iops_hard_limit.read"] == "metadata"


def test_show_tells_what_it_leaves_out(
    capsysbinary: pytest.CaptureFixture[bytes], guest: Path
) -> None:
    guest.write_bytes(DOMAIN.replace(b">250<", b">x<"))
    status, out, err = run(capsysbinary, "show", guest)
    assert (status, out) == (0, b"db1: no tunables\n")
    assert "XR201 error: left out: cpu_hard_limit: 'x' is not a number" in err


def test_generate_makes_all_families(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ("hard_limit=4GiB", "cpu_share=200", "vda.io_bandwidth_hard_limit.write=100MiB")
    status, out, err = run(capsysbinary, "generate", *words, "--form", "resource")
    assert (status, err) == (0, "")
    assert b'<ioBandwidthHardLimit write="100" unit="MiB"/>' in out
    status, _, err = run(capsysbinary, "generate", *words, "cpu_hard_limit=unlimited")
    assert (status, err) == (
        0,
        "xmlresource: generate: cpu_hard_limit left out: no element means no limit\n",
    )
    _, out, err = run(capsysbinary, "generate", *words, "--form", "memtune")
    assert b"hard_limit" in out
    assert "cpu_share dropped: <memtune> has no cpu_share" in err


def test_convert_tells_what_stays(capsysbinary: pytest.CaptureFixture[bytes], guest: Path) -> None:
    run(capsysbinary, "set", guest, "cpu_share=200", "--in-place")
    _, out, err = run(capsysbinary, "convert", guest, "--to", "memtune")
    assert b"<global_quota>250000</global_quota>" in out
    assert "cpu_share kept in metadata: libvirt's shares mean" in err
    guest.write_bytes(out)
    back = run(capsysbinary, "convert", guest, "--to", "metadata", "--take-cputune")
    assert b"<xr:cpuHardLimit>2.5</xr:cpuHardLimit>" in back[1]
    assert b"cputune" not in back[1]
