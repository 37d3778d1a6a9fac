"""Sources that a user names, and those that a folder holds."""

from pathlib import Path

from xmlresource.system.files.source_files import SourceFile, is_folder, sources_in


def test_folders_give_what_they_hold(tmp_path: Path) -> None:
    names = ("b/vm.vmx", "a.ovf", "c.OVA", "d.txt", ".hidden.ovf", ".git/x.ovf", "b/vm.nvram")
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "loop").symlink_to(tmp_path)
    found = list(sources_in([str(tmp_path), "gone.txt"]))
    assert found == [
        *(
            SourceFile(str(tmp_path / name), is_named=False)
            for name in ("a.ovf", "c.OVA", "b/vm.vmx")
        ),
        SourceFile("gone.txt", is_named=True),
    ]
    assert is_folder(str(tmp_path))
    assert not is_folder("gone.txt")
