"""The script that libvirt runs, by a real shell, with a stand-in for the interpreter."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from xmlresource.system.libvirt.hook_files import script

WITH_POLICY = (
    "<domain><metadata><r xmlns='urn:xmlresource:1'>ä\\n $HOME `id`</r></metadata></domain>\n"
)
LARGEST = 4 << 20  # libvirt's REMOTE_STRING_MAX
WITHOUT = "<domain><name>a</name><metadata/></domain>\n"
# What libxml2 makes of é in an attribute; nobody but a parser can tell what it spells.
REFERENCE = "<domain><metadata><n:i xmlns:n='http://n' name='caf&#xE9;'/></metadata></domain>\n"
CONTAINER = (
    "<domain type='lxc'><memtune><min_guarantee unit='KiB'>1</min_guarantee></memtune></domain>"
)
WORDS = (
    "<domain><description>no min_guarantee of urn:xmlresource:1 &lt;min_guarantee&gt; here"
    "</description></domain>"
)
SHELLS = {"dash": "/bin/dash", "bash": "/bin/bash", "busybox": "/bin/busybox sh"}
DECIDED = 64


@pytest.fixture(params=sorted(SHELLS), autouse=True)
def shell(request: pytest.FixtureRequest) -> Iterator[str]:
    """Each test runs with every shell that is somebody's ``/bin/sh``."""
    program, *words = SHELLS[request.param].split()
    found = shutil.which(Path(program).name)
    if found is None:
        pytest.skip(f"there is no {request.param} here")
    Hook.shell = " ".join((found, *words))
    yield Hook.shell
    Hook.shell = "/bin/sh"


class Hook:
    """The script, installed in a folder of the test's own, and a stand-in for Python.

    Args:
        folder: Where.
        status: What Python decides.
        seen_as: The path by which the script finds the folder.
    """

    shell = "/bin/sh"

    def __init__(self, folder: Path, status: int = 0, seen_as: Path | None = None) -> None:
        self.seen = folder / "seen"
        self.python = folder / "a python's"
        self.stand_in(f'{{ echo "$@"; cat; }} > {self.seen}; exit {DECIDED + status}')
        self.path = folder / "hook"
        python = (seen_as or folder) / self.python.name
        lines = script(str(python), "/a folder").splitlines(keepends=True)
        self.path.write_text(f"#!{self.shell}\n" + "".join(lines[1:]))
        self.path.chmod(0o755)

    def stand_in(self, commands: str) -> None:
        self.python.write_text(f"#!/bin/sh\n{commands}\n")
        self.python.chmod(0o755)

    def call(self, operation: str, document: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 -- the script under test
            [self.path, "guest", operation, "begin", "-"],
            input=document,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("document", [WITHOUT, WORDS], ids=["none", "words"])
@pytest.mark.parametrize("operation", ["prepare", "started", "stopped", "reconnect", "start"])
def test_without_a_policy_python_never_runs(tmp_path: Path, operation: str, document: str) -> None:
    hook = Hook(tmp_path, status=1)
    assert hook.call(operation, document).returncode == 0
    assert not hook.seen.exists()


def test_hands_over_the_words_and_the_document_as_they_are(tmp_path: Path) -> None:
    hook = Hook(tmp_path)
    assert hook.call("prepare", WITH_POLICY).returncode == 0
    seen = hook.seen.read_text()
    assert seen.startswith("-I -S -c ")
    words, _, document = seen.partition(" /a folder ")[2].partition("\n")
    assert words == f"{os.getpid()} guest prepare begin -"
    assert document == WITH_POLICY


def test_the_caller_is_who_ran_the_script(tmp_path: Path) -> None:
    hook = Hook(tmp_path)
    hook.call("prepare", WITH_POLICY)
    assert f" /a folder {os.getpid()} guest " in hook.seen.read_text()


def test_the_largest_definition_is_read_to_its_end(tmp_path: Path) -> None:
    hook = Hook(tmp_path)
    filler = "<!-- ä -->\n" * (LARGEST // len("<!-- ä -->\n".encode()))
    assert hook.call("prepare", filler + WITHOUT).returncode == 0
    assert not hook.seen.exists()
    assert hook.call("prepare", filler + WITH_POLICY).returncode == 0
    assert hook.seen.read_text().endswith(filler + WITH_POLICY)


@pytest.mark.parametrize("operation", ["prepare", "migrate", "restore", "started"])
def test_a_refusal_is_passed_on(tmp_path: Path, operation: str) -> None:
    assert Hook(tmp_path, status=3).call(operation, WITH_POLICY).returncode == 3


@pytest.mark.parametrize("operation", ["stopped", "release", "reconnect"])
def test_nothing_kills_a_running_guest(tmp_path: Path, operation: str) -> None:
    assert Hook(tmp_path, status=3).call(operation, WITH_POLICY).returncode == 0


# What becomes of Python without its installation, out of memory, or with a library of another one.
BROKEN = {
    "gone": None,
    "no package": "exit 1",
    "no library": "exit 127",
    "not executable": "exit 126",
    "killed": "kill -9 $$",
    "crashed": "kill -ABRT $$",
    "another program": "exit 0",
    "an unknown status": "exit 80",
}


@pytest.fixture(params=BROKEN.values(), ids=BROKEN)
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> Hook:
    hook = Hook(tmp_path)
    if request.param is None:
        hook.python.unlink()
    else:
        hook.stand_in(request.param)
    return hook


@pytest.mark.parametrize("document", [WITH_POLICY, CONTAINER], ids=["ours", "libvirt's"])
def test_with_a_policy_a_broken_installation_fails_closed(broken: Hook, document: str) -> None:
    answer = broken.call("prepare", document)
    assert answer.returncode not in {0, *range(DECIDED, DECIDED + 16)}
    assert "xmlresource can't be run: install it again, or remove" in answer.stderr
    assert broken.call("reconnect", document).returncode == 0


@pytest.mark.parametrize("document", [WITHOUT, WORDS, REFERENCE], ids=["none", "words", "é"])
def test_without_a_policy_a_broken_installation_is_no_matter(broken: Hook, document: str) -> None:
    for operation in ("prepare", "migrate", "restore", "started", "stopped", "reconnect"):
        assert broken.call(operation, document).returncode == 0


def test_a_reference_goes_to_a_parser_that_works(tmp_path: Path) -> None:
    hook = Hook(tmp_path, status=3)
    assert hook.call("prepare", REFERENCE).returncode == 3
    assert hook.seen.read_text().endswith(REFERENCE)


FULL = """mount --bind "$1" /mnt && mount -t tmpfs -o size=4k,nr_inodes=2 tmpfs /tmp || exit 99
head -c 4096 /dev/zero > /tmp/full
! touch /tmp/another 2> /dev/null || exit 98
exec /mnt/hook guest prepare begin -
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts take root")
@pytest.mark.parametrize("padding", [0, 200_000])
@pytest.mark.parametrize(
    ("document", "status"), [(WITHOUT, 0), (REFERENCE, 0), (WITH_POLICY, 3)], ids=["none", "é", "p"]
)
def test_a_full_tmp_is_no_matter(tmp_path: Path, document: str, status: int, padding: int) -> None:
    """Bash would keep a here-document there, also that of a guest without a policy."""
    hook = Hook(tmp_path, status=status, seen_as=Path("/mnt"))
    hook.stand_in(f"cat > /mnt/seen; exit {DECIDED + status}")
    given = f"<!--{'x' * padding}-->{document}"
    done = subprocess.run(  # noqa: S603 -- the script under test
        ["/usr/bin/unshare", "-m", "sh", "-c", FULL, "sh", str(tmp_path)],
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (status, "")
    if document is not WITHOUT:
        assert hook.seen.read_text() == given


def test_python_that_reads_nothing_is_no_matter(tmp_path: Path) -> None:
    hook = Hook(tmp_path)
    hook.stand_in(f"exit {DECIDED + 3}")
    answer = hook.call("prepare", WITH_POLICY + "x" * 1_000_000)
    assert (answer.returncode, answer.stderr) == (3, "")
