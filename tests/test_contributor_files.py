"""The files that contributors meet first name parts, tools and commands that exist."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from xmlresource.cli import COMMANDS
from xmlresource.document import Document

ROOT = Path(__file__).parents[1]
GITHUB = ROOT / ".github"
BUG_REPORT = GITHUB / "ISSUE_TEMPLATE/bug_report.yml"

PRIVATE = """<domain type="kvm">
  <name>acme-db1</name>
  <uuid>12345678-9abc-4000-8000-0123456789ab</uuid>
  <title>Acme's ledger</title>
  <metadata>
    <xr:resource xmlns:xr='urn:xmlresource:1'>
      <xr:memory><xr:memoryMinGuarantee unit='GiB'>4</xr:memoryMinGuarantee></xr:memory>
    </xr:resource>
  </metadata>
  <memory unit='KiB'>8388608</memory>
  <os><type>hvm</type><loader readonly="yes">/srv/acme/code.fd</loader></os>
  <devices>
    <disk type='file'><source file='/srv/acme/db1.img'/><target dev="vda"/></disk>
    <disk type='file'><source file="/srv/acme/db2.img"/><target dev="vdb"/></disk>
    <interface type='user'><mac address='52:54:00:ac:3e:01'/></interface>
    <interface type='user'><mac address="52:54:00:AC:3E:02"/></interface>
  </devices>
</domain>
"""


def parts() -> list[str]:
    """The parts that `.ci/run` runs without an argument."""
    found = re.search(r"^all='([^']*)'$", (ROOT / ".ci/run").read_text(), re.MULTILINE)
    assert found is not None
    return found[1].split()


def test_the_workflow_runs_parts_that_exist() -> None:
    text = (GITHUB / "workflows/ci.yml").read_text()
    calls = re.findall(r"run: \.ci/run (.+)$", text, re.MULTILINE)
    called = {word for call in calls for word in call.split()}
    # What end-to-end tests need is installed by `make e2e` itself.
    assert called == set(parts()) - {"machine"}


def test_every_part_is_a_target_of_make_or_a_script() -> None:
    script = (ROOT / ".ci/run").read_text()
    makefile = (ROOT / "Makefile").read_text()
    for part in parts():
        assert re.search(rf"^    {part}\)$", script, re.MULTILINE)
    targets = re.findall(r"\bmake ([a-z0-9-]+)", script.partition("run() {")[2])
    assert len(targets) == len(parts()) - 1
    assert [each for each in targets if f"\n{each}: " not in makefile] == []


@pytest.mark.parametrize("word", ["nope", "demo test", ""])
def test_a_part_that_does_not_exist_is_refused_before_anything_runs(word: str) -> None:
    done = subprocess.run(  # noqa: S603 -- our own script
        [ROOT / ".ci/run", word, "demo"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"no part '{word}'" in done.stderr


def test_the_matrix_begins_with_the_oldest_python() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert f'python: ["{oldest}", ' in (GITHUB / "workflows/ci.yml").read_text()


def test_git_hooks_run_the_linters_of_tox() -> None:
    """Each first word of a linter's command in tox is an entry in .pre-commit-config.yaml."""
    tox = (ROOT / "tox.ini").read_text()
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    entries = set(re.findall(r"entry: \.venv/bin/(.+?)(?: --force-exclude)?$", hooks, re.MULTILINE))
    linters = set()
    for name in ("lint", "types", "imports"):
        section = tox.partition(f"[testenv:{name}]")[2].partition("\n[")[0]
        commands = section.partition("commands =")[2].split("\n")
        linters |= {line.strip().removesuffix(" --check") for line in commands if line.strip()}
    assert entries == linters


def test_git_hooks_name_no_host() -> None:
    assert "://" not in (ROOT / ".pre-commit-config.yaml").read_text()


@pytest.mark.parametrize("file", sorted(GITHUB.rglob("*.*")), ids=lambda file: file.name)
def test_commands_named_to_contributors_exist(file: Path) -> None:
    text = file.read_text()
    named = set(re.findall(r"`xmlresource ([a-z]+)", text))
    assert named <= set(COMMANDS)
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([a-z0-9-]+)`", text))
    assert [each for each in targets if f"\n{each}: " not in makefile] == []


def test_the_bug_report_hides_what_is_private() -> None:
    """The command of the template changes no line's place and no tunable."""
    pattern = r"virsh dumpxml --inactive GUEST \|(.*?)\n +```"
    found = re.search(pattern, BUG_REPORT.read_text(), re.DOTALL)
    assert found is not None
    done = subprocess.run(  # noqa: S603 -- the template's own command
        ["/bin/sh", "-c", found[1]], input=PRIVATE, capture_output=True, text=True, check=True
    )
    for word in ("acme", "Acme", "12345678", "ac:3e", "AC:3E"):
        assert word not in done.stdout
    assert done.stdout.count("\n") == PRIVATE.count("\n")
    before, after = (Document.parse(text.encode()) for text in (PRIVATE, done.stdout))
    assert after.policy == before.policy
    assert after.domain is not None
    assert before.domain is not None
    assert after.domain.memory == before.domain.memory
