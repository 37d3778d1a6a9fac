"""``xmlresource status``: on a terminal, in a file, and again and again."""

import codecs
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit
from tests.fakes.libvirt import FakeDomain, module
from xmlresource.cli import main
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.guest_events import answer
from xmlresource.operations.status import status
from xmlresource.system import screen

# The command, on another root.
PROGRAM = """
import sys
from functools import partial
from xmlresource.cli import main, status
from xmlresource.operations import status as operations
from xmlresource.system.machine import Machine
status.status = partial(operations.status, Machine(sys.argv[1]))
sys.exit(main(["status", *sys.argv[2:]]))
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    made = FakeHost(tmp_path / "host")
    xml = domain("db1", 1, guarantee(1024) + hard_limit(2048))
    answer("db1", "prepare", xml, None, made.machine)
    folder = made.run("db1", 4242, xml)
    answer("db1", "started", xml, None, made.machine)
    made.write(f"{folder}/memory.usage_in_bytes", f"{512 * MIB}\n")
    monkeypatch.setattr("xmlresource.cli.status.status", partial(status, made.machine))
    return made


def stop_after(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Press Ctrl-C in the pause after so many pictures."""
    left = iter(range(times - 1))

    def pause(_seconds: float) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    monkeypatch.setattr(screen, "pause", pause)


@pytest.mark.usefixtures("host")
def test_a_file_gets_no_bars(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status"]) == 0
    text = capsys.readouterr().out
    assert "charged  cgroup" in text
    assert not {"█", "#", "\x1b"} & set(text)


@pytest.mark.usefixtures("host")
def test_a_file_gets_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stop_after(monkeypatch, 3)
    assert main(["status", "--watch"]) == 0
    text = capsys.readouterr().out
    assert text.count("promised   1 GiB") == 3
    assert "\x1b" not in text


@pytest.mark.usefixtures("host")
def test_a_program_gets_a_line_of_json_each_time(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stop_after(monkeypatch, 2)
    assert main(["status", "--watch", "0.1", "--json"]) == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first == second
    assert first["guests"][0]["headroom"] == 2048 * MIB - 512 * MIB


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("words", [["0"], ["-1"], ["soon"]])
def test_bad_usage(words: list[str]) -> None:
    try:
        found = main(["status", "--watch", *words])
    except SystemExit as error:
        found = int(error.code or 0)
    assert found == ExitStatus.USAGE


class Terminal:
    """The command on a terminal of 100 columns and so many rows."""

    def __init__(self, root: Path, *words: str, rows: int = 24, **environment: str) -> None:
        self._end, other = pty.openpty()
        ioctl(other, termios.TIOCSWINSZ, struct.pack("HHHH", rows, 100, 0, 0))
        more = {"TERM": "xterm", "PYTHONIOENCODING": "utf-8"} | environment
        self.process = subprocess.Popen(  # noqa: S603 -- ours
            [sys.executable, "-c", PROGRAM, str(root), *words],
            stdin=other,
            stdout=other,
            stderr=other,
            env=os.environ | more,
        )
        os.close(other)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self.said = ""

    def read_until(self, text: str, times: int = 1) -> None:
        while self.said.count(text) < times:
            self.said += self._decoder.decode(os.read(self._end, 65536))

    def finish(self) -> int:
        try:
            while chunk := os.read(self._end, 65536):
                self.said += self._decoder.decode(chunk)
        except OSError:  # nobody has the other end any more
            pass
        os.close(self._end)
        return self.process.wait(60)


def test_a_terminal_gets_bars(host: FakeHost) -> None:
    terminal = Terminal(host.root)
    assert terminal.finish() == 0
    assert "db1    █████████" in terminal.said
    assert "headroom" in terminal.said
    assert "\x1b" not in terminal.said


def test_a_terminal_without_blocks_gets_letters(host: FakeHost) -> None:
    terminal = Terminal(host.root, PYTHONIOENCODING="ascii")
    assert terminal.finish() == 0
    assert "db1    #########" in terminal.said


def test_a_dumb_terminal_is_no_screen(host: FakeHost) -> None:
    terminal = Terminal(host.root, TERM="dumb")
    assert terminal.finish() == 0
    assert "charged  cgroup" in terminal.said


def test_a_picture_is_drawn_anew_until_ctrl_c(host: FakeHost) -> None:
    terminal = Terminal(host.root, "--watch", "0.01", rows=6)
    terminal.read_until("\x1b[H", 3)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 0
    assert terminal.said.startswith("\x1b[?1049h\x1b[?25l\x1b[H")
    assert terminal.said.endswith("\x1b[?25h\x1b[?1049l")
    # Six rows: three of the host, an empty one, the head, a guest. No line end that would scroll.
    picture = terminal.said.split("\x1b[H")[1]
    assert picture.count("\r\n") == 5
    assert "db1    █████████" in picture


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_the_screen_is_left_by_who_dies_of_a_signal(host: FakeHost, ending: signal.Signals) -> None:
    terminal = Terminal(host.root, "--watch", "0.01")
    terminal.read_until("\x1b[H", 2)
    terminal.process.send_signal(ending)
    assert terminal.finish() == -ending
    assert terminal.said.endswith("\x1b[?25h\x1b[?1049l")


def test_a_hang_up_that_is_ignored_stays_ignored(host: FakeHost) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; a child inherits it
    try:
        terminal = Terminal(host.root, "--watch", "0.01")
    finally:
        signal.signal(signal.SIGHUP, before)
    terminal.read_until("\x1b[H", 2)
    terminal.process.send_signal(signal.SIGHUP)
    terminal.read_until("\x1b[H", terminal.said.count("\x1b[H") + 3)
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.finish() == -signal.SIGTERM


def test_signals_do_what_they_did_once_the_screen_is_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)]
    with screen.picture():
        pass
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGHUP)] == before
    assert capsys.readouterr().out == "\x1b[?1049h\x1b[?25l\x1b[?25h\x1b[?1049l"


def test_no_size_is_taken_for_a_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> os.terminal_size:
        raise OSError

    monkeypatch.setattr("sys.stdout.fileno", lambda: 1)
    monkeypatch.setattr(os, "get_terminal_size", fail)
    assert screen.width() == 80


def test_what_libvirt_tells_from_afar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    far = FakeDomain(FakeHost(tmp_path / "far"))
    far.host.write(f"{far.folder}/memory.usage_in_bytes", f"{80 * MIB}\n")
    far.host.write(f"{far.folder}/memory.limit_in_bytes", f"{128 * MIB}\n")
    far.declare("<memoryMinGuarantee unit='MiB'>32</memoryMinGuarantee>")
    monkeypatch.setitem(sys.modules, "libvirt", module(far))
    words = ["status", "--connect", "qemu+ssh://far.example.org/system"]
    assert main(words) == 0
    text = capsys.readouterr().out
    assert "on far.example.org, run: xmlresource status" in text
    assert text.splitlines()[-1].split() == [
        "db1",
        "32",
        "MiB",
        "80",
        "MiB",
        "128",
        "MiB",
        "48",
        "MiB",
        "-",
    ]
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["host"]["total"] == 8 * GIB
    assert found["guests"][0]["declared"] == 32 * MIB
