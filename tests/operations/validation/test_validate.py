from pathlib import Path

import pytest

from xmlresource.configuration.repository_settings import Settings
from xmlresource.document.source import MOST_BYTES
from xmlresource.errors import ExitStatus
from xmlresource.operations.validation.validate import Options, validate

FINE = "<memtune><hard_limit>1048576</hard_limit></memtune>"
FAULTY = "<memtune><hard_limit>0</hard_limit></memtune>"
RFC = "<resource><memory><memoryMinGaurantee>1024</memoryMinGaurantee></memory></resource>"


def write(folder: Path, **documents: str) -> None:
    for name, text in documents.items():
        (folder / f"{name}.xml").write_text(text)


def codes_of(folder: Path, settings: Settings) -> list[str]:
    return [found.code for found in validate([str(folder)], Options(settings)).diagnostics]


def test_a_folder_gives_all_its_documents_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    write(tmp_path / "b", c=FAULTY)
    write(tmp_path, a=FAULTY, z=FINE)
    (tmp_path / "notes.txt").write_text("no XML")
    result = validate([str(tmp_path)])
    assert result.files == 3
    assert [Path(found.path).name for found in result.diagnostics] == ["a.xml", "c.xml"]


def test_a_loop_of_links_ends(tmp_path: Path) -> None:
    write(tmp_path, a=FINE)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert validate([str(tmp_path)]).files == 1


def test_what_cant_be_read_is_a_finding_and_the_others_are_checked(tmp_path: Path) -> None:
    write(tmp_path, faulty=FAULTY)
    result = validate([str(tmp_path / "missing.xml"), str(tmp_path / "faulty.xml")])
    assert [found.code for found in result.diagnostics] == ["XR001", "XR205"]
    assert result.exit_status is ExitStatus.USAGE


@pytest.mark.parametrize(
    ("document", "status"),
    [(FINE, ExitStatus.FINE), (RFC, ExitStatus.FINE), (FAULTY, ExitStatus.FINDINGS)],
)
def test_warnings_alone_are_fine(tmp_path: Path, document: str, status: ExitStatus) -> None:
    write(tmp_path, document=document)
    assert validate([str(tmp_path)]).exit_status is status


def test_selects_and_ignores_by_the_beginning_of_a_code(tmp_path: Path) -> None:
    write(tmp_path, a=FAULTY, b=RFC)
    assert codes_of(tmp_path, Settings(select=("XR2",))) == ["XR205"]
    assert codes_of(tmp_path, Settings(ignore=("XR2",))) == ["XR104"]


def test_a_document_beyond_all_measure_is_not_parsed(tmp_path: Path) -> None:
    huge = tmp_path / "huge.xml"
    with huge.open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    assert [found.code for found in validate([str(huge)]).diagnostics] == ["XR004"]
