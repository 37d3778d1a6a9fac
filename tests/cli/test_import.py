"""import and export, as a person calls them."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from xmlresource.cli import main

FIXTURES = Path(__file__).parents[2] / "fixtures" / "interchange" / "sources"
OVF = FIXTURES / "vsphere-reservation.ovf"
VMX = FIXTURES / "esx-custom.vmx"
GUEST = """<domain type='kvm'>
  <name>orders</name>
  <memory unit='GiB'>4</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
</domain>
"""

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    path = tmp_path / "orders.xml"
    path.write_text(GUEST)
    return path


def run(capsys: Captured, *words: str | Path) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_a_fragment_goes_to_stdout_and_the_report_to_stderr(capsys: Captured) -> None:
    status, out, err = run(capsys, "import", OVF)
    assert status == 0
    assert out.startswith("<xr:resource ")
    assert f"{OVF}:25: rasd:Reservation 2048 byte * 2^20: converted, min_guarantee 2104 MiB" in err


def test_in_place(capsys: Captured, guest: Path) -> None:
    status, out, err = run(capsys, "import", OVF, "--into", guest, "--in-place")
    assert (status, out) == (0, "")
    assert "min_guarantee 2104 MiB" in err
    assert "memoryMinGuarantee" in guest.read_text()
    assert run(capsys, "validate", "--domain-schema", "off", guest)[0] == 0


def test_a_diff_leaves_the_guest(capsys: Captured, guest: Path) -> None:
    status, out, _ = run(capsys, "import", OVF, "--into", guest, "--diff")
    assert status == 0
    assert "+        <xr:memoryMinGuarantee unit='MiB'>2104</xr:memoryMinGuarantee>\n" in out
    assert guest.read_text() == GUEST


def test_output_is_a_new_file(capsys: Captured, guest: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.xml"
    assert run(capsys, "import", OVF, "--into", guest, "-o", new)[:2] == (0, "")
    assert "memoryMinGuarantee" in new.read_text()
    fragment = tmp_path / "fragment.xml"
    assert run(capsys, "import", OVF, "-o", fragment)[:2] == (0, "")
    assert fragment.read_text().startswith("<xr:resource ")


def test_nothing_to_take_is_fine(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "a.vmx"
    path.write_text('memsize = "5"\nsched.mem.min = "0"\n')
    status, out, err = run(capsys, "import", path)
    assert (status, out) == (0, "")
    assert "dropped: 0 reserves nothing" in err


def test_a_source_that_says_nothing(capsys: Captured, tmp_path: Path) -> None:
    path = tmp_path / "a.vmx"
    path.write_text('memsize = "5"\n')
    assert "it says nothing of reservations" in run(capsys, "import", path)[2]


def test_json_has_every_value(capsys: Captured) -> None:
    status, out, _ = run(
        capsys, "import", VMX, "--json", "--source-mhz", "2600", "--take", "limits"
    )
    found = json.loads(out)
    assert (status, found["version"], found["diagnostics"], found["skipped"]) == (0, 1, [], 0)
    (one,) = found["guests"]
    assert (one["name"], one["ram"], one["vcpus"]) == ('Bestellungen "Nord"', 4 << 30, 2)
    assert (one["format"], one["path"], one["into"]) == ("VMX", str(VMX), None)
    values = {value["name"]: value for value in one["values"]}
    assert values["sched.mem.min"] == {
        "name": "sched.mem.min",
        "written": "1024 MB",
        "line": 8,
        "outcome": "converted",
        "tunable": "min_guarantee",
        "amount": 1080 << 20,
        "text": "1080 MiB",
        "reason": "1 GiB + 56 MiB overhead",
        "lost": False,
    }
    assert values["sched.cpu.affinity"]["lost"] is True
    assert values["sched.cpu.min"]["amount"] == 500
    assert one["tunables"] == {
        "min_guarantee": 1080 << 20,
        "hard_limit": values["sched.mem.max"]["amount"],
        "cpu_min_guarantee": 500,
        "cpu_hard_limit": 1000,
        "cpu_share": 200,
    }
    assert "<xr:cpuMinGuarantee>0.5</xr:cpuMinGuarantee>" in one["xml"]
    assert "memoryMinGuarantee" in one["xml"]


def test_json_beside_an_edit(capsys: Captured, guest: Path) -> None:
    status, out, _ = run(capsys, "import", OVF, "--into", guest, "--in-place", "--json")
    (one,) = json.loads(out)["guests"]
    assert (status, one["into"], one["xml"]) == (0, str(guest), None)


def test_several_guests_are_a_table(capsys: Captured, tmp_path: Path) -> None:
    for path in (OVF, FIXTURES / "hyperv.json", VMX):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "odd.json").write_text("{}")
    status, out, err = run(capsys, "import", tmp_path)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].split() == ["guest", "had", "gets", "lost"]
    assert max(map(len, lines)) <= 140
    assert any("min_guarantee 2104 MiB" in line for line in lines)
    assert "  CPU reserved 1300 MHz  " in out
    assert "  RAM limit 3 GiB" in out
    assert "  disk scsi0:0 limit 500 IOPS\n" in out
    assert re.fullmatch(r"4 guests: 4 with a policy, \d+ values lost", lines[-2])
    assert lines[-1] == "1 file skipped: of no format that is known"


def test_a_folder_goes_into_a_folder(capsys: Captured, guest: Path, tmp_path: Path) -> None:
    sources = tmp_path / "exported"
    sources.mkdir()
    for number in ("1", "2"):
        text = OVF.read_text().replace("orders", f"orders{number}")
        (sources / f"{number}.ovf").write_text(text)
        (tmp_path / f"{number}.xml").write_text(GUEST.replace("orders", f"orders{number}"))
    guest.unlink()
    status, out, err = run(capsys, "import", sources, "--into", tmp_path, "--diff")
    assert (status, out.count("+++ b/")) == (0, 2)
    assert err.startswith("guest")
    status, out, _ = run(capsys, "import", sources, "--into", tmp_path, "--in-place")
    assert status == 0
    assert re.fullmatch(r"2 guests: 2 with a policy, \d+ values lost", out.splitlines()[-1])
    assert all("MinGuarantee" in (tmp_path / f"{one}.xml").read_text() for one in "12")


def test_nothing_is_half_done(capsys: Captured, guest: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.vmx"
    bad.write_text('memsize = "much"\n')
    status, out, err = run(capsys, "import", OVF, bad, "--into", guest, "--in-place")
    assert (status, out) == (1, "")
    assert f"{bad}:1:1: XR803 error: memsize: 'much' can't be read\n" in err
    assert "hint: write a number of MB" in err
    assert guest.read_text() == GUEST


def test_faults_are_in_the_json(capsys: Captured, guest: Path) -> None:
    status, out, _ = run(capsys, "import", "gone.ovf", "--into", guest, "--in-place", "--json")
    found = json.loads(out)
    assert (status, found["guests"]) == (2, [])
    assert [one["code"] for one in found["diagnostics"]] == ["XR001"]


def test_json_beside_a_new_file(capsys: Captured, tmp_path: Path) -> None:
    new = tmp_path / "fragment.xml"
    status, out, _ = run(capsys, "import", OVF, "--json", "-o", new)
    assert (status, json.loads(out)["guests"][0]["xml"]) == (0, new.read_text())


def test_faults_beside_a_table(capsys: Captured) -> None:
    status, out, err = run(capsys, "import", OVF, "gone.vmx")
    assert status == 2
    assert "gone.vmx:1:1: XR001 error: can't be read" in err
    assert "\n1 guest: 1 with a policy, " in out


def test_an_error_of_the_guest_stops_it(capsys: Captured, guest: Path) -> None:
    guest.write_text(
        GUEST.replace("</domain>", "<memtune><hard_limit>0</hard_limit></memtune></domain>")
    )
    status, out, err = run(capsys, "import", OVF, "--into", guest)
    assert (status, out) == (1, "")
    assert "XR205" in err
    forced = run(capsys, "import", OVF, "--into", guest, "--force")
    assert forced[0] == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--in-place",), "--in-place and --diff need --into"),
        (("--into", "."), "a folder after --into takes --in-place or --diff"),
        (("--into", "-", "--in-place"), "standard input can't be changed in place"),
        (("--into", "a.xml", "--json"), "both would go to stdout"),
        (("-", "--into", "-"), "source and guest can't both be standard input"),
        ((str(VMX), "-o", "out.xml"), "-o takes one guest; name it by --vm"),
        (("--source-mhz", "fast"), "'fast' is no clock in MHz; write, say, 2600"),
        (("--source-mhz", "2.6"), "'2.6' is no clock in MHz"),
    ],
)
def test_words_that_contradict(capsys: Captured, words: tuple[str, ...], told: str) -> None:
    status, out, err = run(capsys, "import", OVF, *words)
    assert (status, out) == (2, "")
    assert told in err


def test_an_empty_folder_is_an_error(capsys: Captured, tmp_path: Path) -> None:
    status, _, err = run(capsys, "import", tmp_path)
    assert status == 2
    assert "there is nothing to import" in err


def test_what_a_shell_hands_over(tmp_path: Path) -> None:
    command = f"{sys.executable} -m xmlresource import <(cat '{OVF}') --json"
    done = subprocess.run(  # noqa: S603 -- ours
        ["bash", "-c", command],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(FIXTURES.parents[2])},
    )
    assert json.loads(done.stdout)["guests"][0]["name"] == "orders"


def test_stdin(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(OVF.read_bytes())))
    status, out, err = run(capsys, "import", "-")
    assert status == 0
    assert "memoryMinGuarantee" in out
    assert err.startswith("<stdin>: OVF")
    packed = b"x" * 257 + b"ustar" + b"x" * 300
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    status, _, err = run(capsys, "import", "-")
    assert (status, "XR806" in err) == (1, True)


@pytest.mark.parametrize("to", ["rasd", "ovf", "systemd", "kubevirt"])
def test_an_export_comes_back(capsys: Captured, guest: Path, tmp_path: Path, to: str) -> None:
    source = tmp_path / "a.vmx"
    source.write_text('memsize = "4096"\nsched.mem.min = "2048"\n')
    assert run(capsys, "import", source, "--into", guest, "--in-place")[0] == 0
    made = guest.read_text()
    exported = tmp_path / "exported"
    status, out, err = run(capsys, "export", guest, "--to", to, "-o", exported)
    assert (status, out) == (0, "")
    assert f"{guest}: min_guarantee 2104 MiB: " in err
    guest.write_text(GUEST)
    assert run(capsys, "import", exported, "--into", guest, "--in-place")[0] == 0
    assert guest.read_text() == made


def test_an_export_goes_to_stdout(capsys: Captured, guest: Path) -> None:
    status, out, err = run(capsys, "export", guest, "--to", "systemd")
    assert (status, out, err) == (0, "# Guest: orders\n[Slice]\n", f"{guest}: no tunables\n")


def test_a_faulty_guest_is_not_exported(capsys: Captured, guest: Path) -> None:
    guest.write_text("<memtune><hard_limit>0</hard_limit></memtune>")
    status, out, err = run(capsys, "export", guest, "--to", "rasd")
    assert (status, out) == (1, "")
    assert "XR205" in err


def test_a_priority_is_told_as_a_number(capsys: Captured, guest: Path) -> None:
    guest.write_text(
        "<xr:memory xmlns:xr='urn:xmlresource:1' priority='7'>"
        "<xr:memoryHardLimit>65536</xr:memoryHardLimit></xr:memory>"
    )
    _, out, err = run(capsys, "export", guest, "--to", "systemd")
    assert out == "[Slice]\nMemoryMax=64M\n"
    assert "priority 7: dropped" in err
