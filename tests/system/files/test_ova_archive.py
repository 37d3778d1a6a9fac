"""The descriptor comes out of an archive by its name, and nothing else does."""

import os
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

from xmlresource.limits import MOST_BYTES
from xmlresource.system.files import ova_archive
from xmlresource.system.files.ova_archive import ArchiveError, descriptor_in


def packed(path: Path, *members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> Path:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(content), kind
            tar.addfile(info, BytesIO(content))
    return path


def test_the_descriptor_is_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "a", ("disk.vmdk", b"x" * 5000), ("VM.OVF", b"<a/>"), ("b.ovf", b""))
    found = descriptor_in(str(path))
    assert (found.name, found.data) == ("VM.OVF", b"<a/>")


def test_no_name_is_a_path(tmp_path: Path) -> None:
    path = packed(tmp_path / "a", ("../../../up.ovf", b"<a/>"))
    assert descriptor_in(str(path)).name == "../../../up.ovf"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE]
)
def test_only_files_are_descriptors(tmp_path: Path, kind: bytes) -> None:
    path = packed(tmp_path / "a", ("a.ovf", b""), kind=kind)
    with pytest.raises(ArchiveError, match=r"no member whose name ends in \.ovf"):
        descriptor_in(str(path))


def test_members_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ova_archive, "MOST_MEMBERS", 2)
    path = packed(tmp_path / "a", ("a", b""), ("b", b""), ("c.ovf", b""))
    with pytest.raises(ArchiveError, match="more than 2 members"):
        descriptor_in(str(path))


def headed(path: Path, name: str, size: int, kind: bytes = tarfile.REGTYPE) -> Path:
    """An archive of a header that claims a size, and a file with a hole of that size."""
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT))
    os.truncate(path, size + 2048)
    return path


def test_a_large_descriptor_is_not_read(tmp_path: Path) -> None:
    path = headed(tmp_path / "a", "a.ovf", MOST_BYTES + 1)
    with pytest.raises(ArchiveError, match="descriptor has more than"):
        descriptor_in(str(path))


def test_a_large_header_is_not_read(tmp_path: Path) -> None:
    path = headed(tmp_path / "a", "long", 1 << 33, tarfile.XHDTYPE)
    with pytest.raises(ArchiveError, match="header of it is too large"):
        descriptor_in(str(path))


def test_a_large_disk_is_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / "a"
    info = tarfile.TarInfo("disk.vmdk")
    info.size = 1 << 36
    head = info.tobuf(tarfile.GNU_FORMAT)
    tail = packed(tmp_path / "b", ("a.ovf", b"<a/>")).read_bytes()
    with path.open("wb") as file:
        file.write(head)
        file.seek(info.size, os.SEEK_CUR)
        file.write(tail)
    assert descriptor_in(str(path)).data == b"<a/>"


@pytest.mark.parametrize(
    "data", [b"", b"no archive", b"\0" * 5000, b"x" * 257 + b"ustar" + b"y" * 600]
)
def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(data)
    with pytest.raises(ArchiveError):
        descriptor_in(str(path))


def test_a_compressed_archive_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with tarfile.open(path, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("a.ovf"))
    with pytest.raises(ArchiveError, match="no tar archive"):
        descriptor_in(str(path))


def test_a_torn_archive(tmp_path: Path) -> None:
    path = packed(tmp_path / "a", ("a.ovf", b"x" * 5000))
    os.truncate(path, 1000)
    with pytest.raises(ArchiveError):
        descriptor_in(str(path))
