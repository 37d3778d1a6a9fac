"""``xmlresource status``: on a terminal, in a file, and again and again."""

import json
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit
from tests.fakes.libvirt import FakeDomain, module
from tests.fakes.terminal import Terminal
from xmlresource.cli import main
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import status
from xmlresource.operations.fleet.host_publication import host_report
from xmlresource.operations.guests.hook_events import answer
from xmlresource.promises.staleness import LONGEST_START
from xmlresource.system.terminal import screen


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
    assert text.startswith("memory ")
    assert "guest  state    guarantee" in text
    assert not {"█", "#", "\x1b"} & set(text)


def test_a_guest_that_is_still_to_start_says_until_when(
    host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    answer("web", "prepare", domain("web", 2, guarantee(64)), None, host.machine)
    before = time.time()
    assert main(["status", "--json"]) == 0
    db1, web = json.loads(capsys.readouterr().out)["guests"]
    assert "since" not in db1
    assert web["state"] == "starting"
    assert before - 5 <= web["since"] <= time.time() + 1
    assert web["until"] == web["since"] + LONGEST_START
    assert main(["status"]) == 0
    assert "    admitted 20" in capsys.readouterr().out


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


def test_a_terminal_gets_bars(host: FakeHost) -> None:
    terminal = Terminal(host.root, "status")
    assert terminal.finish() == 0
    bar, legend = terminal.already_shown.splitlines()[:2]
    assert bar.startswith("[\x1b[90m▒▒▒")
    assert legend.startswith(
        "\x1b[90m▒\x1b[0m reserve 409.6 MiB   \x1b[34m█\x1b[0m promised and used 512 MiB"
    )
    assert "db1    running  ████" in terminal.already_shown
    assert "headroom" in terminal.already_shown


def test_who_wants_no_colours_gets_none(host: FakeHost) -> None:
    terminal = Terminal(host.root, "status", NO_COLOR="1")
    assert terminal.finish() == 0
    assert terminal.already_shown.startswith("[▒▒▒")
    assert "\x1b" not in terminal.already_shown


def test_the_columns_are_those_of_a_file(
    host: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal(host.root, "status", NO_COLOR="1")
    assert terminal.finish() == 0
    assert main(["status"]) == 0
    heads = [
        next(line.split() for line in text.splitlines() if line.startswith("guest"))
        for text in (terminal.already_shown, capsys.readouterr().out)
    ]
    assert (
        heads[0]
        == heads[1]
        == ["guest", "state", "guarantee", "used", "limit", "headroom", "pressure"]
    )


def test_a_terminal_without_blocks_gets_letters(host: FakeHost) -> None:
    terminal = Terminal(host.root, "status", PYTHONIOENCODING="ascii")
    assert terminal.finish() == 0
    assert "db1    running  ####" in terminal.already_shown


def test_a_dumb_terminal_is_no_screen(host: FakeHost) -> None:
    terminal = Terminal(host.root, "status", TERM="dumb")
    assert terminal.finish() == 0
    assert terminal.already_shown.startswith("memory ")


def test_a_picture_is_drawn_anew_until_ctrl_c(host: FakeHost) -> None:
    terminal = Terminal(host.root, "status", "--watch", "0.01", rows=10)
    terminal.read_until("\x1b[H", 3)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.finish() == 0
    assert terminal.already_shown.startswith("\x1b[?1049h\x1b[?25l\x1b[H")
    assert terminal.already_shown.endswith("\x1b[?25h\x1b[?1049l")
    # As many rows as there are: no line end that would scroll.
    picture = terminal.already_shown.split("\x1b[H")[1]
    assert picture.count("\r\n") == 9
    assert "db1    running  ████" in picture


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGHUP])
def test_the_screen_is_left_by_who_dies_of_a_signal(host: FakeHost, ending: signal.Signals) -> None:
    terminal = Terminal(host.root, "status", "--watch", "0.01")
    terminal.read_until("\x1b[H", 2)
    terminal.process.send_signal(ending)
    assert terminal.finish() == -ending
    assert terminal.already_shown.endswith("\x1b[?25h\x1b[?1049l")


def test_a_hang_up_that_is_ignored_stays_ignored(host: FakeHost) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does; a child inherits it
    try:
        terminal = Terminal(host.root, "status", "--watch", "0.01")
    finally:
        signal.signal(signal.SIGHUP, before)
    terminal.read_until("\x1b[H", 2)
    terminal.process.send_signal(signal.SIGHUP)
    terminal.read_until("\x1b[H", terminal.already_shown.count("\x1b[H") + 3)
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


def test_a_picture_that_is_cut_leaves_no_colour_on(capsys: pytest.CaptureFixture[str]) -> None:
    red = "\x1b[31m" + "x" * 80 + "\x1b[0m"
    screen.draw(f"{red}\n{red}y\n")
    fits, cut = capsys.readouterr().out.splitlines()
    assert red in fits
    assert cut.startswith("x" * 80 + "\x1b[K")


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
        "running",
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


@pytest.fixture
def published(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> FakeHost:
    host.write("/proc/sys/kernel/hostname", "kvm1.example.org\n")
    monkeypatch.setattr(
        "xmlresource.operations.fleet.host_publication.host_report",
        partial(host_report, host.machine),
    )
    return host


@pytest.mark.usefixtures("published")
def test_a_page_for_a_browser(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "host.html"
    assert main(["status", "--html", "-o", str(file)]) == 0
    assert capsys.readouterr().out == ""
    page = file.read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>kvm1.example.org</title>" in page
    assert "<bdi>db1</bdi>" in page
    assert "not in force" not in page
    assert main(["status", "--html"]) == 0
    assert "<details open>" in capsys.readouterr().out


def test_a_page_says_what_is_not_in_force(
    published: FakeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    (limit,) = published.root.rglob("*db1*/memory.limit_in_bytes")
    limit.write_text("4096\n")
    assert main(["status", "--html"]) == 0
    assert "1 value not in force as declared" in capsys.readouterr().out


@pytest.mark.usefixtures("published")
def test_metrics_for_a_collector(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "xmlresource.prom"
    assert main(["status", "--prometheus", "-o", str(file)]) == 0
    assert f"xmlresource_host_promised_bytes {1024 * MIB}\n" in file.read_text()
    assert main(["status", "--prometheus"]) == 0
    assert 'xmlresource_guest_charged_bytes{guest="db1",' in capsys.readouterr().out


@pytest.mark.usefixtures("published")
def test_a_file_gets_what_a_pipe_gets(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "-o", str(tmp_path / "status")]) == 0
    assert main(["status"]) == 0
    assert (tmp_path / "status").read_text() == capsys.readouterr().out


def test_a_file_gets_no_colours_from_a_terminal(host: FakeHost, tmp_path: Path) -> None:
    terminal = Terminal(host.root, "status", "-o", str(tmp_path / "status"))
    assert terminal.finish() == 0
    assert (tmp_path / "status").read_text().startswith("memory ")


@pytest.mark.parametrize(
    "words",
    [
        ["--html", "--watch"],
        ["--prometheus", "--connect", "qemu:///system"],
        ["--html", "--prometheus"],
        ["--json", "--html"],
        ["--watch", "-o", "x"],
    ],
)
def test_forms_that_exclude_each_other(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        found = main(["status", *words])
    except SystemExit as error:
        found = int(error.code or 0)
    assert found == ExitStatus.USAGE
    assert capsys.readouterr().out == ""
