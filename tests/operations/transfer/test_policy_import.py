"""Policies from other systems, into documents."""

import tarfile
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import pytest

from xmlresource.api import (
    CpuPolicy,
    DocumentError,
    EditError,
    ImportOptions,
    OnRequest,
    SourceError,
    Wishes,
    diagnose,
    import_,
    import_all,
    validate,
)
from xmlresource.errors import ExitStatus
from xmlresource.operations.validation.validate import Options
from xmlresource.tunables import Form

FIXTURES = Path(__file__).parents[3] / "fixtures" / "interchange" / "sources"
OVF = FIXTURES / "vsphere-reservation.ovf"
GUEST = b"""<domain type='kvm'>
\t<name>orders</name> <!-- the shop -->
\t<memory unit='GiB'>4</memory>
\t<vcpu>2</vcpu>
</domain>
"""
CHECKED = ImportOptions(checker=diagnose)


def archive(path: Path, *members: tuple[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, BytesIO(content))
    return path


def test_a_fragment_without_a_guest() -> None:
    found = import_(OVF)
    assert found.edited is None
    assert found.generated is not None
    assert '<xr:memoryMinGuarantee unit="MiB">2104</xr:memoryMinGuarantee>' in found.generated.text
    assert found.mapped.targets["min_guarantee"] == 2104 << 20


def test_other_bytes_of_the_guest_stay() -> None:
    edited = import_(OVF, GUEST, CHECKED).edited
    assert edited is not None
    lines = [line for line in edited.diff.splitlines() if line.startswith("-")]
    assert lines == ["--- a/<document>"]
    assert edited.document.policy.min_guarantee is not None
    assert edited.document.forms == {"min_guarantee": Form.METADATA}
    found = validate([edited.document], Options(domain_schema="off"))
    assert [one for one in found.diagnostics if one.severity.value == "error"] == []


def test_a_guest_that_has_the_guarantee_is_as_it_was() -> None:
    once = import_(OVF, GUEST, CHECKED).edited
    assert once is not None
    twice = import_(OVF, once.document, CHECKED).edited
    assert twice is not None
    assert not twice.changed


def test_rules_forbid_what_contradicts() -> None:
    small = GUEST.replace(
        b"</domain>", b"<memtune><hard_limit unit='GiB'>1</hard_limit></memtune></domain>"
    )
    with pytest.raises(EditError) as caught:
        import_(OVF, small, CHECKED)
    assert [one.code for one in caught.value.diagnostics] == ["XR301"]


def test_bytes_are_a_source() -> None:
    assert import_(OVF.read_bytes()).mapped.guest.path == "<source>"


def test_no_other_thing_is_a_source() -> None:
    with pytest.raises(TypeError, match="a source is a path or bytes, not int"):
        import_(5)  # type: ignore[arg-type]


def test_an_ova_is_read_without_unpacking(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.ova", ("../vm.ovf", OVF.read_bytes()), ("disk.vmdk", b"x"))
    found = import_(path)
    assert found.mapped.guest.name == "orders"
    assert found.mapped.guest.path == f"{path}/../vm.ovf"
    assert list(tmp_path.iterdir()) == [path]


def test_an_ova_without_a_descriptor(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.ova", ("disk.vmdk", b"x"))
    with pytest.raises(SourceError) as caught:
        import_(path)
    assert caught.value.diagnostic.code == "XR806"


def test_what_is_not_there() -> None:
    with pytest.raises(DocumentError) as caught:
        import_("gone.ovf")
    assert caught.value.diagnostic.code == "XR001"
    assert caught.value.exit_status is ExitStatus.USAGE


def test_the_guest_must_be_a_domain() -> None:
    with pytest.raises(DocumentError) as caught:
        import_(OVF, b"<memtune/>")
    assert caught.value.diagnostic.code == "XR010"


def test_several_guests_need_a_name() -> None:
    hyperv = FIXTURES / "hyperv.json"
    with pytest.raises(SourceError) as caught:
        import_(hyperv)
    assert caught.value.diagnostic.code == "XR805"
    assert "'sql', 'files'" in caught.value.diagnostic.message
    assert import_(hyperv, options=ImportOptions(vm="files")).mapped.guest.name == "files"
    with pytest.raises(SourceError, match="no guest named 'web'"):
        import_(hyperv, options=ImportOptions(vm="web"))


def test_what_is_only_done_if_asked() -> None:
    wishes = Wishes(take=frozenset({OnRequest.LIMITS, OnRequest.MEMORY_SHARES}))
    edited = import_(FIXTURES / "esx-custom.vmx", GUEST, ImportOptions(wishes=wishes)).edited
    assert edited is not None
    policy = edited.document.policy
    assert policy.priority == 200
    assert isinstance(policy.hard_limit, int)


def test_cpu_time_goes_into_the_guest() -> None:
    wishes = Wishes(source_mhz=Fraction(2600))
    options = ImportOptions(wishes=wishes, checker=diagnose)
    edited = import_(FIXTURES / "esx-custom.vmx", GUEST, options).edited
    assert edited is not None
    cpu = edited.document.cpu_policy_in(Form.METADATA)
    assert cpu == CpuPolicy(hard_limit=1000, share=200, min_guarantee=500)


def test_nothing_to_say_makes_no_fragment() -> None:
    nothing = b'memsize = "4096"\nsched.mem.min = "0"\nsched.cpu.shares = "normal"\n'
    found = import_(nothing)
    assert (found.generated, found.edited) == (None, None)
    edited = import_(nothing, GUEST).edited
    assert edited is not None
    assert not edited.changed


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """A folder of sources, and one of guests."""
    sources, guests = tmp_path / "sources", tmp_path / "guests"
    sources.mkdir()
    guests.mkdir()
    for name in ("vsphere-reservation.ovf", "hyperv.json"):
        (sources / name).write_bytes((FIXTURES / name).read_bytes())
    (sources / "notes.json").write_text('{"a": 1}')
    for file, name in (("1", "orders"), ("2", "sql"), ("3", "files")):
        (guests / f"{file}.xml").write_bytes(GUEST.replace(b"orders", name.encode()))
    (guests / "pool.xml").write_text("<pool/>")
    (guests / "torn.xml").write_text("<domain>")
    return sources, guests


def test_guests_of_a_folder_are_matched_by_name(folders: tuple[Path, Path]) -> None:
    sources, guests = folders
    found = import_all([str(sources)], str(guests), CHECKED)
    assert (found.faults, found.skipped, found.exit_status) == ((), 1, ExitStatus.FINE)
    targets = {one.mapped.guest.name: one.edited.path for one in found.guests if one.edited}
    assert targets == {
        "sql": str(guests / "2.xml"),
        "files": str(guests / "3.xml"),
        "orders": str(guests / "1.xml"),
    }


def test_a_guest_that_nobody_has_is_a_fault(folders: tuple[Path, Path]) -> None:
    sources, guests = folders
    (guests / "1.xml").unlink()
    (guests / "4.xml").write_bytes(GUEST.replace(b"orders", b"sql"))
    found = import_all([str(sources)], str(guests), CHECKED)
    assert [one.code for one in found.faults] == ["XR805", "XR805"]
    assert "2 guests in" in found.faults[0].message
    assert "no guest in" in found.faults[1].message
    assert found.exit_status is ExitStatus.FINDINGS


def test_two_sources_do_not_go_into_one_guest(folders: tuple[Path, Path]) -> None:
    sources, guests = folders
    (sources / "again.ovf").write_bytes(OVF.read_bytes())
    (fault,) = import_all([str(sources)], str(guests)).faults
    assert fault.code == "XR805"
    assert "again.ovf has a guest named 'orders', too" in fault.message


def test_many_sources_do_not_go_into_one_guest(folders: tuple[Path, Path]) -> None:
    sources, guests = folders
    with pytest.raises(SourceError, match="there are 3 guests"):
        import_all([str(sources)], str(guests / "1.xml"))
    one = import_all([str(sources)], str(guests / "1.xml"), ImportOptions(vm="orders"))
    assert len(one.guests) == 1


def test_a_faulty_source_does_not_hold_up_the_others(folders: tuple[Path, Path]) -> None:
    sources, _ = folders
    (sources / "a.vmx").write_text('memsize = "much"\n')
    found = import_all([str(sources), "gone.ovf"])
    assert [one.code for one in found.faults] == ["XR803", "XR001"]
    assert len(found.guests) == 3
    assert found.exit_status is ExitStatus.USAGE


def test_many_names_are_cut_short() -> None:
    objects = ",".join(f'{{"VMName": "vm{place}", "Startup": 1}}' for place in range(30))
    with pytest.raises(SourceError, match=r"'vm19', …"):
        import_(f"[{objects}]".encode())


def test_a_missing_extra_is_said_once(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, _ = folders
    (sources / "vm.yaml").write_bytes((FIXTURES / "kubevirt.yaml").read_bytes())
    monkeypatch.setitem(__import__("sys").modules, "yaml", None)
    with pytest.raises(Exception, match="needs PyYAML"):
        import_all([str(sources)])
