"""The script that libvirt runs, by a real shell, with a stand-in for the interpreter."""

import os
import subprocess
from pathlib import Path

import pytest

from xmlresource.system.hook_files import script

WITH_POLICY = (
    "<domain><metadata><r xmlns='urn:xmlresource:1'>ä\\n $HOME `id`</r></metadata></domain>\n"
)
LARGEST = 4 << 20  # libvirt's REMOTE_STRING_MAX
WITHOUT = "<domain><name>a</name><metadata/></domain>\n"


class Hook:
    """The script, installed in a folder of the test's own."""

    def __init__(self, folder: Path, status: int = 0) -> None:
        self.seen = folder / "seen"
        python = folder / "a python's"
        python.write_text(f'#!/bin/sh\n{{ echo "$@"; cat; }} > {self.seen}\nexit {status}\n')
        python.chmod(0o755)
        self.python = python
        self.path = folder / "hook"
        self.path.write_text(script(str(python), "/a folder"))
        self.path.chmod(0o755)

    def call(self, operation: str, document: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 -- the script under test
            [self.path, "guest", operation, "begin", "-"],
            input=document,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.mark.parametrize("operation", ["prepare", "started", "stopped", "reconnect", "start"])
def test_without_a_policy_python_never_runs(tmp_path: Path, operation: str) -> None:
    hook = Hook(tmp_path, status=1)
    assert hook.call(operation, WITHOUT).returncode == 0
    assert not hook.seen.exists()


def test_without_a_policy_a_broken_installation_is_no_matter(tmp_path: Path) -> None:
    hook = Hook(tmp_path)
    hook.python.unlink()
    assert hook.call("prepare", WITHOUT).returncode == 0


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


def test_with_a_policy_a_missing_installation_fails_closed(tmp_path: Path) -> None:
    hook = Hook(tmp_path)
    hook.python.unlink()
    answer = hook.call("prepare", WITH_POLICY)
    assert answer.returncode == 127
    assert "xmlresource can't be run: install it again, or remove" in answer.stderr
    assert hook.call("reconnect", WITH_POLICY).returncode == 0
