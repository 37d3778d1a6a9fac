"""How long a promise lives, and what may change it, whatever libvirt calls.

The orders of calls that libvirt really makes are played by ``test_hook_traces``.
"""

import json
from pathlib import Path

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from tests.operations.guests.test_hook_events import LIBVIRTD, call, ledger
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.apply import apply, apply_all
from xmlresource.promises.promise import Process, PromiseState
from xmlresource.promises.staleness import LONGEST_START, UNSEEN_START
from xmlresource.system.libvirt import guests
from xmlresource.system.libvirt.guests import LIB_FOLDER

UNLIMITED = "9223372036854771712"
LARGE, SMALL, EXABYTE = guarantee(5000), guarantee(64), guarantee(1 << 40)
MEMTUNE = "<memtune><hard_limit unit='MiB'>{}</hard_limit></memtune>"


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path, request.param)
    made.process(LIBVIRTD)
    return made


@pytest.fixture
def v1(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path)
    made.process(LIBVIRTD)
    return made


def runs(host: FakeHost, xml: bytes, name: str = "db1", pid: int = 4242) -> str:
    """The guest is started as libvirt does it; its cgroup comes back."""
    driver = "lxc" if b"type='lxc'" in xml else "qemu"
    assert call(host, "prepare", xml, name) == (0, "")
    folder = host.run(name, pid, xml, driver=driver)
    assert call(host, "started", xml, name) == (0, "")
    return folder


def sizes(host: FakeHost) -> dict[str, int]:
    """The promises in the ledger, in MiB."""
    return {each.name: each.size // MIB for each in ledger(host).all()}


def warnings(host: FakeHost) -> list[str]:
    """What the history has to tell somebody."""
    lines = host.read("/run/xmlresource/history").splitlines()
    events = [json.loads(line) for line in lines if line]
    return [each["message"] for each in events if each["event"] == "warning"]


@pytest.mark.parametrize("operation", ["migrate", "restore"])
@pytest.mark.parametrize("number", [1, 7])
def test_a_guest_that_runs_keeps_its_promise_whatever_comes(
    host: FakeHost, operation: str, number: int
) -> None:
    """An older image of it, or another guest of its name."""
    folder = runs(host, domain("db1", 1, LARGE))
    assert call(host, operation, domain("db1", number, SMALL)) == (0, "")
    assert sizes(host) == {"db1": 5000}
    assert call(host, "prepare", domain("web1", 2, guarantee(4000)), "web1")[0] == 3
    if host.version == 2:
        assert host.read(f"{folder}/memory.min") == str(5000 * MIB)
        assert host.read("/sys/fs/cgroup/machine/memory.min") == str(5000 * MIB)


def test_an_offline_migration_keeps_nothing_from_others(host: FakeHost) -> None:
    """``migrate`` is all that is called for it."""
    assert call(host, "migrate", domain("db1", 1, LARGE)) == (0, "")
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1") == (0, "")


def test_prepare_takes_nothing_from_a_guest_that_runs(host: FakeHost) -> None:
    """Whoever calls it: another daemon, say."""
    runs(host, domain("db1", 1, LARGE))
    assert call(host, "prepare", domain("db1", 1, SMALL)) == (0, "")
    (promise,) = ledger(host).all()
    assert (promise.size, promise.state) == (5000 * MIB, PromiseState.RUNNING)
    host.process(4242, start_time=5)  # the pid is another's by now
    assert call(host, "prepare", domain("db1", 1, SMALL)) == (0, "")
    assert sizes(host) == {"db1": 64}


def test_a_container_with_the_uuid_of_a_qemu_guest_is_another_guest(host: FakeHost) -> None:
    box = domain("box", 1, guarantee(16), kind="lxc")
    runs(host, domain("db1", 1, LARGE))
    runs(host, box, "box", 4343)
    assert sizes(host) == {"db1": 5000, "box": 16}
    for operation in ("stopped", "release"):
        assert call(host, operation, box, "box") == (0, "")
    assert sizes(host) == {"db1": 5000}
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1")[0] == ExitStatus.REFUSED


def test_of_two_drivers_guests_with_one_uuid_each_has_its_own_end(host: FakeHost) -> None:
    runs(host, domain("db1", 1, LARGE))
    runs(host, domain("box", 1, guarantee(16), kind="lxc"), "box", 4343)
    host.end(4242)
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1") == (0, "")
    assert sizes(host) == {"box": 16, "web1": 5000}


@pytest.mark.parametrize("driver", [',"driver":"qemu"', ""])
def test_a_ledger_of_old_is_carried_over(host: FakeHost, driver: str) -> None:
    """Where the driver stood behind the name, or nowhere."""
    runs(host, domain("db1", 1, LARGE))
    path = host.root / "run/xmlresource/ledger"
    old = path.read_text().splitlines()[1]
    assert '"driver":"qemu",' in old
    line = old.replace('"driver":"qemu",', "").replace('"name":"db1"', f'"name":"db1"{driver}')
    made = type(ledger(host))(ledger(host).boot_id, 1, 5000 * MIB, f"{line}\n".encode())
    path.write_bytes(made.encode())
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1")[0] == ExitStatus.REFUSED
    assert [(each.key, each.size) for each in ledger(host).all()] == [
        (("qemu", uuid(1)), 5000 * MIB)
    ]
    assert call(host, "stopped", domain("db1", 1, LARGE)) == (0, "")
    assert sizes(host) == {}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time stands still."""
    monkeypatch.setattr(guests, "seconds_since_boot", lambda: 5000)


def later(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    now = guests.seconds_since_boot()
    monkeypatch.setattr(guests, "seconds_since_boot", lambda: now + seconds)


@pytest.mark.parametrize("name", ["db1", "a name of more than 20 characters"])
def test_what_never_starts_is_noticed_within_seconds(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """No file of it shows, and the daemon has no folder for it."""
    host.write(f"{LIB_FOLDER}/save/.keep", "")
    assert call(host, "prepare", domain(name, 1, LARGE), name) == (0, "")
    rival = domain("web1", 2, LARGE)
    later(monkeypatch, UNSEEN_START)
    assert call(host, "prepare", rival, "web1")[0] == ExitStatus.REFUSED
    host.write(f"{LIB_FOLDER}/domain-7-{name[:20]}/.keep", "")
    later(monkeypatch, 100)
    assert call(host, "prepare", rival, "web1")[0] == ExitStatus.REFUSED
    (host.root / LIB_FOLDER[1:] / f"domain-7-{name[:20]}").rename(host.root / "gone")
    assert call(host, "prepare", rival, "web1") == (0, "")
    assert sizes(host) == {"web1": 5000}


def test_a_start_of_which_nothing_can_be_seen_is_waited_for_longer(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call(host, "prepare", domain("db1", 1, LARGE)) == (0, "")
    host.write(LIB_FOLDER, "no folder")
    later(monkeypatch, LONGEST_START)
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1")[0] == ExitStatus.REFUSED
    later(monkeypatch, 1)
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1") == (0, "")


def test_a_container_is_not_waited_for_long(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = domain("box", 1, LARGE, kind="lxc", ram=6000)
    assert call(host, "prepare", box, "box") == (0, "")
    later(monkeypatch, UNSEEN_START + 1)
    assert call(host, "prepare", domain("web1", 2, LARGE), "web1") == (0, "")


def test_who_starts_too_slowly_is_asked_again(
    host: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What he was promised may be another's by now; nobody gets it twice."""
    host.write(f"{LIB_FOLDER}/save/.keep", "")
    slow, rival = domain("db1", 1, LARGE), domain("web1", 2, LARGE)
    assert call(host, "prepare", slow) == (0, "")
    later(monkeypatch, UNSEEN_START + 1)
    assert call(host, "prepare", rival, "web1") == (0, "")
    host.run("db1", 4242, slow)
    assert call(host, "started", slow)[0] == ExitStatus.REFUSED
    assert sizes(host) == {"web1": 5000}


def test_reconnect_keeps_what_was_promised(host: FakeHost) -> None:
    """A live definition was raised while the daemon was away, beyond all reason."""
    folder = runs(host, domain("db1", 1, LARGE))
    raised = domain("db1", 1, EXABYTE)
    host.run("db1", 4242, raised)
    if host.version == 2:
        host.write(f"{folder}/memory.min", f"{5000 * MIB}\n")
    assert call(host, "reconnect", raised) == (0, "")
    assert sizes(host) == {"db1": 5000}
    (said,) = warnings(host)
    assert said.startswith("guest 'db1' keeps its promise of 5000 MiB; its live definition")
    assert "declares 1 EiB, which can't be promised: it asks for a guarantee of 1 EiB" in said
    assert call(host, "prepare", domain("web1", 2, guarantee(2000)), "web1") == (0, "")
    if host.version == 2:
        assert int(host.read(f"{folder}/memory.min")) == 5000 * MIB
        assert int(host.read("/sys/fs/cgroup/machine/memory.min")) == 5000 * MIB


@pytest.mark.parametrize("how", ["reconnect", "apply"])
def test_a_raise_that_can_be_promised_is_taken_over(host: FakeHost, how: str) -> None:
    folder = runs(host, domain("db1", 1, guarantee(1000)))
    raised = domain("db1", 1, LARGE)
    host.run("db1", 4242, raised)
    if how == "reconnect":
        assert call(host, "reconnect", raised) == (0, "")
    else:
        apply_all(host.machine)
    (promise,) = ledger(host).all()
    assert promise.size == 5000 * MIB
    assert promise.since is not None
    assert warnings(host) == []
    if host.version == 2:
        assert host.read(f"{folder}/memory.min") == str(5000 * MIB)


def test_the_repair_takes_no_raise_over_either(host: FakeHost) -> None:
    folder = runs(host, domain("db1", 1, LARGE))
    host.run("db1", 4242, domain("db1", 1, EXABYTE))
    for _ in range(2):
        apply_all(host.machine)
    assert sizes(host) == {"db1": 5000}
    assert len(warnings(host)) == 1  # the timer comes each minute
    if host.version == 2:
        assert int(host.read(f"{folder}/memory.min")) == 5000 * MIB


def test_reconnect_takes_nothing_away_and_apply_does(host: FakeHost) -> None:
    folder = runs(host, domain("db1", 1, LARGE))
    lowered = domain("db1", 1, SMALL)
    host.run("db1", 4242, lowered)
    assert call(host, "reconnect", lowered) == (0, "")
    assert sizes(host) == {"db1": 5000}
    assert "declares 64 MiB, which is less" in warnings(host)[0]
    if host.version == 2:
        assert host.read(f"{folder}/memory.min") == str(5000 * MIB)
    apply_all(host.machine)
    assert sizes(host) == {"db1": 64}
    if host.version == 2:
        assert host.read(f"{folder}/memory.min") == str(64 * MIB)
        assert host.read("/sys/fs/cgroup/machine/memory.min") == str(64 * MIB)


def test_a_guarantee_that_was_taken_out_ends_with_the_guest(host: FakeHost) -> None:
    folder = runs(host, domain("db1", 1, LARGE + hard_limit(6000)))
    without = domain("db1", 1, hard_limit(6000))
    host.run("db1", 4242, without)
    assert call(host, "reconnect", without) == (0, "")
    assert sizes(host) == {"db1": 5000}
    if host.version == 2:
        assert host.read(f"{folder}/memory.min") == str(5000 * MIB)
    assert call(host, "stopped", without) == (0, "")
    assert sizes(host) == {}


def test_nor_is_a_raise_believed_where_the_ledger_is_lost(host: FakeHost) -> None:
    """What is in force tells (v2), or what is charged: no host promised an EiB."""
    folder = runs(host, domain("db1", 1, LARGE))
    raised = domain("db1", 1, EXABYTE)
    host.run("db1", 4242, raised)
    if host.version == 2:
        host.write(f"{folder}/memory.min", f"{5000 * MIB}\n")
    usage = {1: "memory.usage_in_bytes", 2: "memory.current"}[host.version]
    host.write(f"{folder}/{usage}", f"{700 * MIB}\n")
    (host.root / "run/xmlresource/ledger").unlink()
    had = {1: 700, 2: 5000}[host.version]
    assert call(host, "prepare", domain("web1", 2, guarantee(500)), "web1") == (0, "")
    assert sizes(host) == {"db1": had, "web1": 500}
    assert call(host, "reconnect", raised) == (0, "")
    assert sizes(host) == {"db1": had, "web1": 500}


def test_who_was_never_promised_anything_keeps_what_he_has(host: FakeHost) -> None:
    """The hook was not there when the guest started."""
    runs(host, domain("web1", 2, guarantee(10)), "web1", 4343)
    raised = domain("db1", 1, EXABYTE)
    folder = host.run("db1", 4242, raised)
    usage = {1: "memory.usage_in_bytes", 2: "memory.current"}[host.version]
    host.write(f"{folder}/{usage}", f"{700 * MIB}\n")
    assert call(host, "reconnect", raised) == (0, "")
    assert sizes(host) == {"web1": 10, "db1": 700}
    assert "more than it can have been promised" in warnings(host)[0]


def test_a_limit_that_somebody_raised_outlives_a_restart(v1: FakeHost) -> None:
    """With ``virsh memtune --live``: libvirt then has it in its part of the live definition."""
    folder = runs(v1, domain("db1", 1, guarantee(100) + hard_limit(500)))
    edited = domain("db1", 1, guarantee(100) + hard_limit(500), more=MEMTUNE.format(800))
    v1.run("db1", 4242, edited)
    v1.write(f"{folder}/memory.limit_in_bytes", f"{800 * MIB}\n")
    status, text = call(v1, "reconnect", edited)
    assert status == ExitStatus.FINDINGS  # which the hook does not tell libvirt
    assert "XR306" in text
    assert int(v1.read(f"{folder}/memory.limit_in_bytes")) == 800 * MIB
    assert "XR306" in warnings(v1)[0]
    assert sizes(v1) == {"db1": 100}
    (outcome,) = apply_all(v1.machine)
    assert "XR306" in (outcome.failure or "")
    assert int(v1.read(f"{folder}/memory.limit_in_bytes")) == 800 * MIB


@pytest.mark.parametrize("raised", [str(800 * MIB), UNLIMITED])
def test_so_does_one_that_was_raised_in_the_cgroup(v1: FakeHost, raised: str) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(500))
    folder = runs(v1, xml)
    v1.write(f"{folder}/memory.limit_in_bytes", f"{raised}\n")
    assert call(v1, "reconnect", xml) == (0, "")
    assert v1.read(f"{folder}/memory.limit_in_bytes").strip() == raised
    (said,) = warnings(v1)
    assert "hard_limit stays as it is (memory.limit_in_bytes: " in said
    assert "its definition makes it 500 MiB; 'xmlresource apply' puts that in force" in said
    apply("db1", v1.machine)
    assert v1.read(f"{folder}/memory.limit_in_bytes").strip() == str(500 * MIB)


def test_a_limit_is_not_lowered_below_what_is_charged(v1: FakeHost) -> None:
    """Of a guest of which nobody knows that its policy was ever in force."""
    xml = domain("db1", 1, hard_limit(500))
    folder = v1.run("db1", 4242, xml)
    v1.write(f"{folder}/memory.usage_in_bytes", f"{501 * MIB}\n")
    assert call(v1, "reconnect", xml) == (0, "")
    assert v1.read(f"{folder}/memory.limit_in_bytes").strip() == UNLIMITED
    v1.write(f"{folder}/memory.usage_in_bytes", f"{500 * MIB}\n")
    assert call(v1, "reconnect", xml) == (0, "")
    assert v1.read(f"{folder}/memory.limit_in_bytes").strip() == str(500 * MIB)


def test_a_limit_that_somebody_lowered_is_raised_again(v1: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(500))
    folder = runs(v1, xml)
    v1.write(f"{folder}/memory.limit_in_bytes", f"{300 * MIB}\n")
    assert call(v1, "reconnect", xml) == (0, "")
    assert v1.read(f"{folder}/memory.limit_in_bytes").strip() == str(500 * MIB)


def test_reconnect_confirms_a_guest_whose_daemon_died_in_its_start(host: FakeHost) -> None:
    xml = domain("db1", 1, LARGE)
    assert call(host, "prepare", xml) == (0, "")
    host.run("db1", 4242, xml)
    host.process(LIBVIRTD, start_time=5000)
    assert call(host, "reconnect", xml) == (0, "")
    (promise,) = ledger(host).all()
    assert promise.process == Process(4242, 1000)
    assert promise.size == 5000 * MIB
    host.memory(8 * GIB, 0)
    assert call(host, "reconnect", xml) == (0, "")
    assert sizes(host) == {"db1": 5000}
