"""`fleet drain --execute` between two daemons: guests go live, through a crash and Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.simulated_hosts import GIB, guest, host
from xmlresource.record import replace
from xmlresource.system.fleet_store.throwaway_server import programs, throwaway_server

from .harness.commands import must, run, wait_for

HOST = Path(__file__).parent / "harness/two_hosts.sh"
BINDING = Path("/usr/lib/python3/dist-packages")
A, B = "127.0.0.11", "127.0.0.12"
GUESTS = [guest(number, GIB) for number in range(1, 6)]
NAMES = {each.held.promise.name for each in GUESTS}
DOMAIN = """<domain type='qemu'><name>{name}</name><uuid>{uuid}</uuid><memory unit='MiB'>32</memory>
<os><type machine='pc'>hvm</type></os><devices><controller type='usb' model='none'/>
<memballoon model='none'/></devices></domain>"""


def virsh(on: str, *words: str) -> set[str]:
    return set(must(run(["virsh", "-c", f"qemu+tcp://{on}/system", *words])).stdout.split())


def running(on: str) -> set[str]:
    return virsh(on, "list", "--name", "--state-running")


@contextmanager
def libvirtd(number: int, folder: Path) -> Iterator[None]:
    """A daemon with folders and a name of its own; its guests end with it."""
    words = ["unshare", "--mount", "--uts", "sh", str(HOST), str(number), str(folder)]
    with subprocess.Popen(words, stderr=subprocess.DEVNULL) as daemon:  # noqa: S603 -- fixed words
        try:
            uri = f"qemu+tcp://127.0.0.1{number}/system"
            wait_for("libvirtd", lambda: run(["virsh", "-c", uri, "uri"]).ok)
            yield
        finally:
            for each in (folder / "run/libvirt/qemu").glob("*.pid"):
                with suppress(ProcessLookupError):
                    os.kill(int(each.read_text()), signal.SIGKILL)
            daemon.terminate()


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Two hosts, five guests on the first one, and a fleet that knows them."""
    if os.geteuid() or programs() is None or not (BINDING / "libvirt.py").exists():
        pytest.skip("this takes root, PostgreSQL and python3-libvirt")
    with ExitStack() as stack:
        for number in (1, 2):
            stack.enter_context(libvirtd(number, tmp_path / f"host{number}"))
        server = stack.enter_context(throwaway_server())
        binding = tmp_path / "binding"
        binding.mkdir()
        for each in (BINDING / "libvirt.py", *BINDING.glob("libvirtmod.*")):
            (binding / each.name).symlink_to(each)
        found = {**os.environ, **server.variables("postgres"), "PYTHONPATH": str(binding)}
        answer(found, "init")
        for each in GUESTS:
            promise = each.held.promise
            path = tmp_path / f"{promise.name}.xml"
            path.write_text(DOMAIN.format(name=promise.name, uuid=promise.uuid))
            virsh(A, "define", str(path))
            virsh(A, "start", promise.name)
        publish(found, tmp_path, sequence=1)
        yield found


def publish(environment: dict[str, str], folder: Path, sequence: int) -> None:
    """Have both hosts tell which guests they have, as simulated ones."""
    for name in (A, B):
        there = [each for each in GUESTS if each.held.promise.name in running(name)]
        report = replace(host(name, 64 * GIB, there), sequence=sequence)
        path = folder / f"{name}.json"
        path.write_text(json.dumps(report_as_fields(report)))
        answer(environment, "publish", "--from", str(path))


def fleet(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "xmlresource", "fleet", *words]
    return subprocess.Popen(  # noqa: S603 -- our own program
        command, env=environment, stdout=subprocess.PIPE, text=True
    )


def answer(environment: dict[str, str], *words: str) -> str:
    with fleet(environment, *words) as there:
        assert there.stdout is not None
        out = there.stdout.read()
    assert there.returncode == 0, out
    return out


def drain(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    uri = "{driver}+tcp://{host}/system"
    return fleet(environment, "drain", A, "--execute", "--uri", uri, *words)


def test_guests_go_live_through_a_crash_and_ctrl_c(
    environment: dict[str, str], tmp_path: Path
) -> None:
    assert running(A) == NAMES
    for number in (signal.SIGKILL, signal.SIGINT):
        with drain(environment) as there:
            assert there.stdout is not None
            while not there.stdout.readline().endswith(" ...\n"):
                assert there.poll() is None
            time.sleep(0.5)
            there.send_signal(number)
            out = there.stdout.read()
        assert running(A) | running(B) == NAMES
        publish(environment, tmp_path, sequence=10 + number)
    assert there.returncode == 3
    assert "not begun with: the same command goes on" in out
    assert running(A)
    with drain(environment, "--parallel", "2") as there:
        assert there.stdout is not None
        out = there.stdout.read()
    assert there.returncode == 0, out
    assert not virsh(A, "list", "--name", "--all")
    assert running(B) == virsh(B, "list", "--name", "--persistent") == NAMES
    publish(environment, tmp_path, sequence=100)
    hosts = json.loads(answer(environment, "status", "--json"))["hosts"]
    assert [each["claims"] for each in hosts] == [[], []]
