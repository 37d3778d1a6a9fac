"""pre-commit itself, on a repository that holds more than libvirt's documents."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULTY = "<memtune><hard_limit>0</hard_limit></memtune>\n"
FILES = {
    "domains/web.xml": "<domain type='kvm'><name>web</name><memory unit='GiB'>1</memory>"
    "<os><type>hvm</type></os></domain>\n",
    "networks/default.xml": "<network><name>default</name></network>\n",
    "pom.xml": "<project xmlns='http://maven.apache.org/POM/4.0.0'/>\n",
    "ui/main.ui": "<interface><requires lib='gtk'/></interface>\n",
    "docs/page.xml": "<!DOCTYPE article SYSTEM 'docbook.dtd'>\n<article/>\n",
    "templates/web.xml.j2": "<domain>{{ name }}</domain>\n",
    "lab/broken.xml": FAULTY,
    "pyproject.toml": '[tool.xmlresource]\nexclude = ["lab/"]\n',
}


def run(folder: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    cleared = {name: value for name, value in os.environ.items() if not name.startswith("GIT")}
    return subprocess.run(  # noqa: S603
        words,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=cleared | {"PRE_COMMIT_HOME": str(folder.parent / "home"), "PRE_COMMIT_COLOR": "never"},
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "mixed"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    assert run(folder, "git", "init", "-q").returncode == 0
    assert run(folder, "git", "add", ".").returncode == 0
    return folder


def test_a_mixed_repository_passes_and_a_fault_fails(repository: Path) -> None:
    hook = (sys.executable, "-m", "pre_commit", "try-repo", ROOT, "xmlresource-validate")
    fine = run(repository, *hook, "--all-files", "--verbose")
    assert fine.returncode == 0, fine.stdout + fine.stderr
    assert "2 files skipped: no document of libvirt's" in fine.stdout
    assert "2 files checked: 0 errors" in fine.stdout
    (repository / "domains" / "db.xml").write_text(FAULTY)
    run(repository, "git", "add", ".")
    faulty = run(repository, *hook, "--all-files")
    assert faulty.returncode == 1, faulty.stdout + faulty.stderr
    assert "domains/db.xml:1:22: XR205 error: " in faulty.stdout
    assert "lab/broken.xml" not in faulty.stdout
