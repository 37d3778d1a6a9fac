"""The policy of a guest: what our element declares of each family is ours to enforce."""

import sys
from pathlib import Path

from tests.fakes.host import FakeHost, domain, guarantee
from xmlresource.document import Document
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.guest_policy import concerns_us, guest_policy, obstacles
from xmlresource.operations.guests.hook_events import answer

CPU = "<xr:cpu><xr:cpuShare>200</xr:cpuShare></xr:cpu>"
IO = "<xr:io><xr:device path='/dev/sda'><xr:iopsHardLimit read='500'/></xr:device></xr:io>"
IN_RESOURCE = "<resource><cpu><cpuShare>300</cpuShare></cpu></resource>"


def document(inside: str, beside: str = "") -> Document:
    ours = f"<xr:resource xmlns:xr='urn:xmlresource:1'>{inside}</xr:resource>"
    return Document.parse(f"<domain><metadata>{ours}</metadata>{beside}</domain>".encode())


def test_what_our_element_declares_is_ours() -> None:
    found = document(CPU + IO)
    assert concerns_us(found)
    policy = guest_policy(found)
    assert policy.declared == MemoryPolicy()
    assert policy.cpu == CpuPolicy(share=200)
    assert policy.io == IoPolicy(devices=(DevicePolicy(path="/dev/sda", read_iops_hard_limit=500),))


def test_what_is_not_declared_is_none() -> None:
    assert guest_policy(document(f"<xr:memory>{guarantee(64)}</xr:memory>")).cpu is None
    policy = guest_policy(document(IO))
    assert policy.cpu is None
    assert policy.io is not None
    assert guest_policy(document("<xr:cpu/><xr:io/>")).io is None


def test_the_resource_form_is_not_enforced() -> None:
    assert guest_policy(document("", IN_RESOURCE)).cpu is None


def test_faults_keep_the_guest_from_starting() -> None:
    faulty = document("<xr:cpu><xr:cpuShare>0</xr:cpuShare></xr:cpu>")
    assert [each.code for each in obstacles(faulty, None)] == ["XR207"]
    assert not obstacles(document(CPU + IO), None)


def test_a_guest_with_cpu_alone_starts(tmp_path: Path) -> None:
    host = FakeHost(tmp_path)
    # A guest of which nothing is declared but CPU time.
    xml = domain("db1", 1, "-").replace(b"<xr:memory>-</xr:memory>", CPU.encode())
    assert answer("db1", "prepare", xml, None, host.machine) == (0, "")
    host.run("db1", 101, xml)
    assert answer("db1", "started", xml, None, host.machine) == (0, "")


def test_a_faulty_share_is_refused_at_the_start(tmp_path: Path) -> None:
    faulty = CPU.replace("200", "0").encode()
    xml = domain("db1", 1, "-").replace(b"<xr:memory>-</xr:memory>", faulty)
    status, text = answer("db1", "prepare", xml, None, FakeHost(tmp_path).machine)
    assert status == 1
    assert "refused: its policy is faulty" in text
    assert "XR207 cpu_share: '0' is not between 1 and 10000" in text


def test_it_needs_no_module_of_cpu_time_for_memory() -> None:
    assert "xmlresource.document.cpu_io" in sys.modules  # and the hook's lists name it not
    lists = Path(__file__).parent / "guests" / "loaded"
    assert all("cpu_io" not in each.read_text() for each in lists.iterdir())
