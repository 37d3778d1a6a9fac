import os
from pathlib import Path

import pytest

from xmlresource.configuration.host_settings import Configuration, ConfigurationError
from xmlresource.system.configuration.host_settings import read_configuration
from xmlresource.system.machine import Machine

ME = os.geteuid()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    file = tmp_path / "etc" / "xmlresource.toml"
    file.write_text("lock_timeout = 5\n")
    file.chmod(0o644)
    return file


def read(file: Path, owner: int = ME) -> Configuration:
    return read_configuration(Machine(str(file.parents[1])), owner)


def test_it_is_read(file: Path) -> None:
    assert read(file) == Configuration(lock_timeout=5)


def test_no_file_or_no_folder_means_the_defaults(file: Path) -> None:
    file.unlink()
    assert read(file) == Configuration()
    file.parent.rmdir()
    assert read(file) == Configuration()


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_others_must_not_write_it(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(ConfigurationError, match="only user"):
        read(file)


def test_another_owner(file: Path) -> None:
    with pytest.raises(ConfigurationError, match="only user"):
        read(file, ME + 1)


def test_links_and_folders_are_refused(file: Path) -> None:
    file.rename(file.with_name("real"))
    file.symlink_to("real")
    with pytest.raises(ConfigurationError, match="plain file"):
        read(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigurationError, match="only user"):
        read(file)


def test_too_large(file: Path) -> None:
    file.write_text("#" * (1 << 20) + "#")
    with pytest.raises(ConfigurationError, match="larger"):
        read(file)


def test_not_text(file: Path) -> None:
    file.write_bytes(b"# a\n# \xff\n")
    with pytest.raises(ConfigurationError) as caught:
        read(file)
    assert caught.value.line == 2


def test_a_fault_names_file_and_line(file: Path) -> None:
    file.write_text("\nlock_timeout = 'x'\n")
    with pytest.raises(ConfigurationError, match=r"^/etc/xmlresource\.toml:2: lock_timeout"):
        read(file)
