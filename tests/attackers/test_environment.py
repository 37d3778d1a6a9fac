"""The installed hook under a hostile environment and with hostile words: the same answer."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attackers.inputs import NAMES, domain
from tests.fakes.host import guarantee
from xmlresource.system.libvirt.hook_files import script
from xmlresource.system.state.history import NAME
from xmlresource.system.state.state_folder import FOLDER

FAULTY = domain("db1", "<xr:memoryMinGuarantee unit='parsec'>1</xr:memoryMinGuarantee>")
"""Refused before anything of this machine is looked at."""

CLEAN = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
EVIL = "#!/bin/sh\ntouch {0}\nexit 0\n"
MODULE = "import pathlib; pathlib.Path({0!r}).touch()\n"


@pytest.fixture(scope="module", autouse=True)
def _history_as_before() -> Iterator[None]:
    """These calls are real ones: where root makes them, this machine records their refusals."""
    history = Path(FOLDER, NAME)
    folder_is_ours = not history.parent.exists()
    before = history.read_bytes() if os.access(history, os.R_OK) else None
    yield
    if before is not None:
        history.write_bytes(before)
    elif os.access(history, os.W_OK):
        history.unlink()
    if folder_is_ours:
        with contextlib.suppress(OSError):  # not there, or others use it by now
            history.parent.rmdir()


@pytest.fixture
def hook(tmp_path: Path) -> Path:
    path = tmp_path / "hook"
    path.write_text(script(sys.executable))
    path.chmod(0o755)
    return path


def ask(
    hook: Path, environment: dict[str, str], words: tuple[str, ...], document: bytes = FAULTY
) -> tuple[int, bytes, bytes]:
    done = subprocess.run(  # noqa: S603 -- the script under test
        [hook, *words],
        input=document,
        env=environment,
        cwd=hook.parent,
        capture_output=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def hostile(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment that would have others' programs and modules run, and their trace."""
    trace = tmp_path / "owned"
    evil = tmp_path / "evil"
    evil.mkdir()
    for program in ("cat", "python3", "python", "sh", "id", "echo", "touch"):
        (evil / program).write_text(EVIL.format(trace))
        (evil / program).chmod(0o755)
    for module in ("sitecustomize", "usercustomize", "json", "re", "syslog", "xmlresource"):
        (evil / f"{module}.py").write_text(MODULE.format(str(trace)))
    (evil / "rc").write_text(f"touch {trace}\n")
    for module in ("json.py", "xmlresource.py"):  # and in the folder where it runs
        (tmp_path / module).write_text(MODULE.format(str(trace)))
    return {
        "PATH": str(evil),
        "PYTHONPATH": str(evil),
        "PYTHONHOME": str(evil),
        "PYTHONSTARTUP": str(evil / "rc"),
        "PYTHONINSPECT": "1",
        "PYTHONDEBUG": "3",
        "PYTHONVERBOSE": "1",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "utf-16",
        "PYTHONWARNINGS": "error",
        "PYTHONUSERBASE": str(evil),
        "PYTHONBREAKPOINT": "os.abort",
        "PYTHONPYCACHEPREFIX": str(evil),
        "PYTHONMALLOC": "nonsense",
        "LD_LIBRARY_PATH": str(evil),
        "TMPDIR": str(tmp_path / "nowhere"),
        "HOME": str(evil),
        "XDG_CONFIG_HOME": str(evil),
        "XDG_CACHE_HOME": str(evil),
        "XDG_RUNTIME_DIR": str(evil),
        "XMLRESOURCE_FULL": "1",
        "ENV": str(evil / "rc"),
        "BASH_ENV": str(evil / "rc"),
        "IFS": "amrp",
        "CDPATH": str(evil),
        "LANG": "tr_TR.UTF-8",
        "LC_ALL": "ja_JP.SJIS",
        "LANGUAGE": "xx",
        "COLUMNS": "-1",
        "PS4": f"$(touch {trace})",
    }, trace


@pytest.mark.parametrize("operation", ["prepare", "migrate", "started", "stopped", "reconnect"])
def test_the_environment_decides_nothing(
    hook: Path, hostile: tuple[dict[str, str], Path], operation: str
) -> None:
    environment, trace = hostile
    words = ("db1", operation, "begin", "-")
    expected = ask(hook, CLEAN, words)
    assert ask(hook, environment, words) == expected
    assert not trace.exists()
    assert (expected[0] == 0) == (operation in {"stopped", "reconnect"})
    assert (b"parsec" in expected[2]) == (operation in {"prepare", "migrate"})


def test_without_a_policy_neither(hook: Path, hostile: tuple[dict[str, str], Path]) -> None:
    environment, trace = hostile
    document = b"<domain type='kvm'><name>a</name></domain>"
    assert ask(hook, environment, ("a", "prepare"), document) == (0, b"", b"")
    assert not trace.exists()


def test_what_the_interpreter_gets(tmp_path: Path) -> None:
    told = tmp_path / "told"
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!/bin/sh\nexport -p > {told}\n/bin/cat > /dev/null\nexit 64\n")
    stand_in.chmod(0o755)
    path = tmp_path / "hook"
    path.write_text(script(str(stand_in), "/a folder"))
    path.chmod(0o755)
    loader = {"LD_LIBRARY_PATH": "/nowhere", "LD_AUDIT": "", "LD_PRELOAD": "", "TMPDIR": "/nowhere"}
    assert ask(path, CLEAN | loader, ("a", "prepare"))[0] == 0
    given = told.read_text()
    assert "/nowhere" not in given
    assert "LD_" not in given
    for line in ("PATH='/usr/sbin:/usr/bin:/sbin:/bin'", "LC_ALL='C'"):
        assert line in given.replace('"', "'")


WORDS = [
    *((name,) for name in NAMES.values()),
    ("-c", "prepare", "import os; os.abort()"),
    ("--", "prepare"),
    ("", "prepare"),
    ("a\nb", "prepare\n"),
    ("a", "prepare; exit 0"),
    ("a", "$(touch owned)"),
    ("a", "*"),
    ("a", "prepare", "", "-" * 100_000),
    (),
]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: ascii(words)[:40])
def test_words(hook: Path, words: tuple[str, ...]) -> None:
    """Only the operation decides whether anything is done, and it has to be right to the letter."""
    given = (*words, "prepare") if len(words) == 1 else words
    status, out, said = ask(hook, CLEAN, given)
    assert out == b""
    text = said.decode("utf-8", "surrogateescape")
    assert text.replace("\n", "").isprintable()
    is_start = given[1:2] == ("prepare",)
    assert status == (1 if is_start else 0)
    assert bool(text) == is_start
    assert sorted(path.name for path in hook.parent.iterdir()) == ["hook"]


def test_names_that_are_no_text(hook: Path) -> None:
    status, _, said = ask(hook, CLEAN, (os.fsdecode(b"\xff\x1b[2J"), "prepare"))
    assert status == 1
    assert said.startswith(b"xmlresource: guest '\\udcff\\x1b[2J' refused: its policy is faulty")


@pytest.mark.parametrize("status", [0, 1])
def test_input_that_can_not_be_read_by_the_shell(tmp_path: Path, status: int) -> None:
    """Python decides then: with a policy a start fails closed, without one it is let pass."""
    path = tmp_path / "hook"
    text = script(sys.executable)
    assert "$(/usr/bin/cat)" in text or "$(/bin/cat)" in text
    path.write_text(text.replace("/bin/cat)", "/bin/no-such-cat)"))
    path.chmod(0o755)
    document = FAULTY if status else b"<domain type='kvm'><name>a</name></domain>"
    assert ask(path, CLEAN, ("db1", "prepare"), document)[0] == status
    path.write_text(path.read_text().replace(sys.executable, "/no/python"))
    assert ask(path, CLEAN, ("db1", "prepare"), document)[0] == 0  # nobody can tell


def test_what_libvirt_could_never_send(hook: Path) -> None:
    """40 MB: the shell looks through them, and the parser refuses to read them."""
    large = b"<domain type='kvm'><!--" + b"*u" * 20_000_000 + b"--></domain>"
    assert ask(hook, CLEAN, ("a", "prepare"), large)[0] == 0
    status, _, said = ask(hook, CLEAN, ("a", "prepare"), large + domain("a", guarantee(1)))
    assert status == 1
    assert b"XR004" in said


def test_what_only_a_parser_can_tell(hook: Path, tmp_path: Path) -> None:
    """It is held against a guest only where a parser has told; where it can't, the bytes do."""
    reference = domain("a", "").replace(b"urn:xmlresource:1", b"caf&#xE9;")
    spelt = FAULTY.replace(b"urn:", b"urn&#58;")
    unreadable = reference.replace(b"</domain>", b"")
    words = ("a", "prepare")
    statuses = [ask(hook, CLEAN, words, each)[0] for each in (FAULTY, spelt, reference, unreadable)]
    assert statuses == [1, 1, 0, 0]
    hook.write_text(script(sys.executable, str(tmp_path)))  # where there is no package
    statuses = [ask(hook, CLEAN, words, each)[0] for each in (FAULTY, reference, unreadable)]
    assert statuses == [1, 0, 0]
    assert b"install it again" in ask(hook, CLEAN, words)[2]
