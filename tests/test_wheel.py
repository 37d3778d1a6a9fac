"""The package as its users get it: built, installed into an empty environment, run elsewhere."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "fixtures" / "rules" / "XR301-guarantee.xml"


def run(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of the environment's programs."""
    folder = tmp_path_factory.mktemp("installation")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT]
    built = run(*build, folder=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = folder.glob("*.whl")
    venv.create(folder / "environment", with_pip=True)
    programs = folder / "environment" / "bin"
    pip = run(
        programs / "python", "-m", "pip", "install", "--no-index", "--no-deps", wheel, folder=folder
    )
    assert pip.returncode == 0, pip.stdout + pip.stderr
    return programs


def test_depends_on_what_reads_patterns_alone(installation: Path, tmp_path: Path) -> None:
    program = "from importlib.metadata import requires; print(*requires('xmlresource'), sep='\\n')"
    listed = run(installation / "python", "-c", program, folder=tmp_path).stdout.splitlines()
    assert [one for one in listed if "extra ==" not in one] == ["pathspec>=1.0"]


def test_does_without_it_on_a_host(installation: Path, tmp_path: Path) -> None:
    listed = run(installation / "python", "-m", "pip", "freeze", folder=tmp_path)
    assert [line.partition(" ")[0] for line in listed.stdout.splitlines()] == ["xmlresource"]


def test_validates_from_another_folder(installation: Path, tmp_path: Path) -> None:
    result = run(installation / "xmlresource", "validate", DOCUMENT, folder=tmp_path)
    assert result.returncode == 1
    assert result.stdout.startswith(f"{DOCUMENT}:4:36: XR301 error: ")


def test_brings_its_data_along(installation: Path, tmp_path: Path) -> None:
    program = (
        "from xmlresource.schema_files import *; from xmlresource.overhead import estimate;"
        "from xmlresource.model.domain import Domain;"
        "from xmlresource.system.libvirt.hook_files import *;"
        "import xmlresource.schema_files as s;"
        "print(len(estimate(Domain(type='kvm', memory=2**30)).items) > 3, 'prepare' in script('x'))"
    )
    result = run(installation / "python", "-I", "-c", program, folder=tmp_path)
    assert result.stdout == "True True\n", result.stderr


def test_the_hook_lets_a_guest_without_a_policy_pass(installation: Path, tmp_path: Path) -> None:
    document = tmp_path / "plain.xml"
    document.write_text("<domain type='kvm'><name>plain</name></domain>")
    with document.open() as file:
        result = subprocess.run(  # noqa: S603
            [installation / "xmlresource-hook", "plain", "prepare", "begin", "-"],
            stdin=file,
            capture_output=True,
            check=False,
        )
    assert (result.returncode, result.stdout, result.stderr) == (0, b"", b"")
