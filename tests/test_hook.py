"""The entry point: whom it answers, and what it imports to do so."""

import io
import os
import subprocess
import sys

import pytest

from xmlresource import hook

WITHOUT = b"<domain type='kvm'><name>a</name></domain>"
WITH_POLICY = b"<domain><metadata><r xmlns='urn:xmlresource:1'/></metadata></domain>"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, int | None]]:
    """What is handed to the operations; they refuse."""
    calls: list[tuple[str, str, int | None]] = []

    def answer(name: str, operation: str, _xml: bytes, caller: int | None) -> tuple[int, str]:
        calls.append((name, operation, caller))
        return 3, "refused\n"

    monkeypatch.setattr(hook, "answer_for_policy", answer)
    return calls


def call(monkeypatch: pytest.MonkeyPatch, document: bytes, *words: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document)))
    return hook.main(list(words))


def test_a_guest_without_a_policy_is_let_pass(
    monkeypatch: pytest.MonkeyPatch, answered: list[tuple[str, str, int | None]]
) -> None:
    assert call(monkeypatch, WITHOUT, "a", "prepare", "begin", "-") == 0
    assert answered == []


@pytest.mark.parametrize(
    "document",
    [
        WITH_POLICY,
        b"<domain type='lxc'><memtune><min_guarantee>1</min_guarantee></memtune></domain>",
        WITHOUT + b"&#",
        WITHOUT.decode().encode("utf-16"),
    ],
)
def test_what_may_hold_a_policy_is_answered(
    monkeypatch: pytest.MonkeyPatch,
    answered: list[tuple[str, str, int | None]],
    document: bytes,
) -> None:
    assert call(monkeypatch, document, "--help", "prepare", "begin", "-") == 3
    assert hook.main(["a", "prepare"], caller=7) == 0  # standard input is read
    assert answered == [("--help", "prepare", None)]


@pytest.mark.parametrize(
    "document",
    [
        b"<domain><description>no min_guarantee of urn:xmlresource:1</description></domain>",
        b"<domain><metadata><i xmlns='http://n' see='of urn:xmlresource:1'/></metadata></domain>",
    ],
)
def test_a_word_is_no_policy(
    monkeypatch: pytest.MonkeyPatch,
    answered: list[tuple[str, str, int | None]],
    document: bytes,
) -> None:
    assert call(monkeypatch, document, "a", "prepare", "begin", "-") == 0
    assert answered == []


@pytest.mark.parametrize("operation", ["prepare", "migrate", "restore", "started"])
def test_a_refusal_of_these_keeps_the_guest_from_running(
    monkeypatch: pytest.MonkeyPatch,
    answered: list[tuple[str, str, int | None]],
    operation: str,
) -> None:
    assert call(monkeypatch, WITH_POLICY, "a", operation, "begin", "-") == 3
    assert answered == [("a", operation, None)]


@pytest.mark.parametrize("operation", ["start", "attach", "", "no-such-operation"])
def test_other_operations_are_fine(
    monkeypatch: pytest.MonkeyPatch,
    answered: list[tuple[str, str, int | None]],
    operation: str,
) -> None:
    assert call(monkeypatch, WITH_POLICY, "a", operation, "begin", "-") == 0
    assert answered == []


@pytest.mark.parametrize("operation", ["reconnect", "stopped", "release"])
def test_after_these_it_is_always_0(
    monkeypatch: pytest.MonkeyPatch,
    answered: list[tuple[str, str, int | None]],
    operation: str,
) -> None:
    assert call(monkeypatch, WITH_POLICY, "a", operation, "begin", "-") == 0
    assert answered == [("a", operation, None)]


def test_a_fault_of_our_own_fails_closed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> tuple[int, str]:
        raise RuntimeError("no such luck")

    monkeypatch.setattr(hook, "answer_for_policy", broken)
    assert call(monkeypatch, WITH_POLICY, "a", "prepare", "begin", "-") == 1
    assert "internal error: RuntimeError('no such luck')" in capsys.readouterr().err
    assert call(monkeypatch, WITH_POLICY.decode().encode("utf-16"), "a", "prepare") == 1
    # A reference alone is no sign of a policy where nobody can look closer.
    assert call(monkeypatch, WITHOUT + b"&#xE9;", "a", "prepare") == 0


class Broken(io.RawIOBase):
    """A pipe of which the other end is gone."""

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def readinto(self, _buffer: object) -> int:
        raise OSError(5, "Input/output error")

    def write(self, _data: object) -> int:
        raise BrokenPipeError


@pytest.mark.parametrize(("operation", "status"), [("prepare", 1), ("reconnect", 0)])
def test_input_that_cant_be_read(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    operation: str,
    status: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Broken())))
    assert hook.main(["a", operation]) == status
    assert "Input/output error" in capsys.readouterr().err


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(("operation", "status"), [("prepare", 3), ("reconnect", 0)])
def test_whether_anybody_listens_decides_nothing(
    monkeypatch: pytest.MonkeyPatch, operation: str, status: int
) -> None:
    for stream in (None, Broken()):
        monkeypatch.setattr(sys, "stderr", stream)
        assert call(monkeypatch, WITH_POLICY, "a", operation) == status


@pytest.mark.parametrize(("operation", "status"), [("prepare", 3), ("reconnect", 0)])
def test_nor_does_what_python_does_at_its_end(operation: str, status: int) -> None:
    """It flushes once more, and libvirt would kill a guest that it takes in."""
    program = (
        "import sys; from xmlresource import hook;"
        "hook.answer_for_policy = lambda *_: (3, 'refused\\n');"
        "raise SystemExit(hook.main(sys.argv[1:]))"
    )
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as nobody_listens:
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, "a", operation, "begin", "-"],
            input=WITH_POLICY,
            stderr=nobody_listens,
            check=False,
        )
    assert done.returncode == status


def test_what_is_said_of_a_fault_of_our_own_is_short_and_printable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_arguments: object) -> tuple[int, str]:
        raise RuntimeError("\x1b[31m\u202e" * 10_000)

    monkeypatch.setattr(hook, "answer_for_policy", broken)
    assert call(monkeypatch, WITH_POLICY, "a", "prepare") == 1
    said = capsys.readouterr().err.rstrip("\n")
    assert said.isascii()
    assert said.isprintable()
    assert len(said) < 600


def test_without_a_policy_nothing_else_of_the_package_is_imported() -> None:
    program = (
        "import sys; before = set(sys.modules); from xmlresource.hook import main; main();"
        "print(sorted(set(sys.modules) - before))"
    )
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program, "a", "prepare", "begin", "-"],
        input=WITHOUT,
        capture_output=True,
        check=True,
    )
    assert (
        result.stdout.strip()
        == b"['xmlresource', 'xmlresource.hook', 'xmlresource.model', 'xmlresource.model.signs']"
    )
