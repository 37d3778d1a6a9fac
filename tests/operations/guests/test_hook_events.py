"""The hook's answers, on a host of plain files."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.host import BOOT, GIB, MIB, FakeHost, domain, guarantee, hard_limit, uuid
from xmlresource.errors import ExitStatus
from xmlresource.operations.guests.apply import apply_all
from xmlresource.operations.guests.hook_events import answer
from xmlresource.promises.ledger import Ledger, decode
from xmlresource.promises.promise import PromiseState

LIBVIRTD = 77
FITS_ONCE = guarantee(5000)


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path)
    made.process(LIBVIRTD)
    return made


def ledger(host: FakeHost) -> Ledger:
    file = host.root / "run/xmlresource/ledger"
    return decode(file.read_bytes()) if file.exists() else Ledger(BOOT)


def call(host: FakeHost, operation: str, xml: bytes, name: str = "db1") -> tuple[int, str]:
    return answer(name, operation, xml, LIBVIRTD, host.machine)


def test_prepare_promises_what_can_be_promised(host: FakeHost) -> None:
    assert call(host, "prepare", domain("db1", 1, FITS_ONCE)) == (0, "")
    (promise,) = ledger(host).all()
    assert (promise.uuid, promise.name, promise.driver) == (uuid(1), "db1", "qemu")
    assert (promise.size, promise.state) == (5000 * MIB, PromiseState.STARTING)
    assert promise.caller is not None
    assert promise.caller.pid == LIBVIRTD


def test_a_guest_that_does_not_fit_is_refused_and_leaves_nothing(host: FakeHost) -> None:
    call(host, "prepare", domain("db1", 1, FITS_ONCE))
    before = ledger(host)
    status, text = call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1")
    assert status == ExitStatus.REFUSED
    first = text.splitlines()[0]
    assert first.startswith(
        "xmlresource: guest 'web1' refused: it asks for a guarantee of 4.883 GiB, "
    )
    assert "can be promised (" in first
    assert "largest promises: db1 4.883 GiB" in first
    assert ledger(host) == before


@pytest.mark.parametrize("operation", ["migrate", "restore"])
def test_migrate_and_restore_decide_and_promise_nothing(host: FakeHost, operation: str) -> None:
    """libvirt may find that the guest runs already, or that nothing is to start."""
    assert call(host, operation, domain("db1", 1, FITS_ONCE)) == (0, "")
    assert ledger(host).promises == 0
    assert call(host, "prepare", domain("db1", 1, FITS_ONCE)) == (0, "")
    status, text = call(host, operation, domain("web1", 2, FITS_ONCE), "web1")
    assert status == ExitStatus.REFUSED
    assert "refused: it asks for a guarantee of 4.883 GiB" in text
    assert call(host, operation, domain("db1", 1, guarantee(100) + "<xr:x/>"))[0] == 1
    assert call(host, operation, domain("db1", 1, hard_limit(100))) == (0, "")


def test_a_guest_asked_for_twice_is_promised_once(host: FakeHost) -> None:
    for operation in ("restore", "prepare", "prepare", "migrate"):
        assert call(host, operation, domain("db1", 1, FITS_ONCE)) == (0, "")
    assert ledger(host).total == 5000 * MIB


@pytest.mark.parametrize("operation", ["stopped", "release"])
def test_what_was_promised_is_given_back_and_again(host: FakeHost, operation: str) -> None:
    call(host, "prepare", domain("db1", 1, FITS_ONCE))
    for _ in range(2):
        assert call(host, operation, domain("db1", 1, FITS_ONCE)) == (0, "")
    assert ledger(host).promises == 0
    assert call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1") == (0, "")


def test_started_writes_and_confirms(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(300))
    call(host, "prepare", xml)
    folder = host.run("db1", 4242, xml)
    assert call(host, "started", xml) == (0, "")
    assert host.read(f"{folder}/memory.limit_in_bytes") == str(300 * MIB)
    (promise,) = ledger(host).all()
    assert promise.state is PromiseState.RUNNING
    assert promise.process is not None
    assert promise.process.pid == 4242
    assert promise.cgroup == "/machine/qemu-4242-db1.libvirt-qemu"


def test_page_cache_does_not_keep_a_promise(host: FakeHost) -> None:
    """What the kernel takes back first is available, and the guest may ask for it again."""
    xml = domain("db1", 1, FITS_ONCE)
    assert call(host, "prepare", xml) == (0, "")
    folder = host.run("db1", 4242, xml)
    assert call(host, "started", xml) == (0, "")
    host.memory(8192 * MIB, 5000 * MIB)
    host.write(f"{folder}/memory.usage_in_bytes", f"{5000 * MIB}\n")
    host.write(f"{folder}/memory.stat", f"total_inactive_file {4000 * MIB}\n")
    assert call(host, "prepare", domain("web1", 2, guarantee(1500)), "web1")[0] == 3
    assert call(host, "prepare", domain("web1", 2, guarantee(500)), "web1") == (0, "")


def test_limits_alone_need_no_book(host: FakeHost) -> None:
    xml = domain("db1", 1, hard_limit(300))
    assert call(host, "prepare", xml) == (0, "")
    folder = host.run("db1", 4242, xml)
    assert call(host, "started", xml) == (0, "")
    assert call(host, "stopped", xml) == (0, "")
    assert host.read(f"{folder}/memory.limit_in_bytes") == str(300 * MIB)
    assert not (host.root / "run/xmlresource/ledger").exists()
    assert not (host.root / "run/xmlresource/lock").exists()


def test_what_memtune_declares_is_left_to_libvirt(host: FakeHost) -> None:
    memtune = "<memtune><hard_limit unit='MiB'>300</hard_limit></memtune>"
    xml = domain("db1", 1, guarantee(100), more=memtune)
    folder = host.run("db1", 4242, xml)
    assert call(host, "started", xml) == (0, "")
    assert host.read(f"{folder}/memory.limit_in_bytes") == "9223372036854771712\n"


def test_started_without_a_process_fails(host: FakeHost) -> None:
    status, text = call(host, "started", domain("db1", 1, guarantee(100)))
    assert status == ExitStatus.ROLLED_BACK
    assert "/run/libvirt/qemu does not show its process" in text


def test_started_without_a_cgroup_of_its_own_fails_and_keeps_the_promise_open(
    host: FakeHost,
) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(300))
    call(host, "prepare", xml)
    host.run("db1", 4242, xml)
    host.process(4242, cgroup="/system/libvirtd")
    status, text = call(host, "started", xml)
    assert status == ExitStatus.ROLLED_BACK
    assert "can't be put in force" in text
    (promise,) = ledger(host).all()
    assert promise.state is PromiseState.STARTING


def test_started_asks_again_where_the_book_was_lost(host: FakeHost) -> None:
    xml = domain("db1", 1, FITS_ONCE)
    call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1")
    host.run("db1", 4242, xml)
    status, _ = call(host, "started", xml)
    assert status == ExitStatus.REFUSED


def test_reconnect_takes_in_what_runs_also_beyond_what_fits(host: FakeHost) -> None:
    call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1")
    xml = domain("db1", 1, FITS_ONCE + hard_limit(6000))
    folder = host.run("db1", 4242, xml)
    assert call(host, "reconnect", xml) == (0, "")
    assert {promise.name for promise in ledger(host).all()} == {"db1", "web1"}
    assert host.read(f"{folder}/memory.limit_in_bytes") == str(6000 * MIB)


def test_reconnect_keeps_the_promise_where_nothing_can_be_written(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(300))
    host.run("db1", 4242, xml)
    host.process(4242, cgroup="/elsewhere")
    status, _ = call(host, "reconnect", xml)
    assert status == ExitStatus.ROLLED_BACK
    assert ledger(host).promises == 1


def test_a_lost_book_is_made_anew_from_what_runs(host: FakeHost) -> None:
    host.run("db1", 4242, domain("db1", 1, FITS_ONCE))
    host.run("plain", 4243, domain("plain", 3, ""))
    host.write("/run/libvirt/qemu/broken.pid", "4242\n")
    host.write("/run/libvirt/qemu/broken.xml", "<domstatus")
    status, text = call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1")
    assert status == ExitStatus.REFUSED
    assert "largest promises: db1 4.883 GiB" in text


def test_a_damaged_book_is_set_aside_and_made_anew(host: FakeHost) -> None:
    call(host, "prepare", domain("small", 3, guarantee(1)), "small")
    host.run("db1", 4242, domain("db1", 1, FITS_ONCE))
    host.write("/run/xmlresource/ledger", "no ledger")
    (host.root / "run/xmlresource/ledger").chmod(0o600)
    status, _ = call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1")
    assert status == ExitStatus.REFUSED
    assert host.read("/run/xmlresource/ledger.corrupt-1") == "no ledger"
    assert call(host, "prepare", domain("web1", 2, guarantee(10)), "web1") == (0, "")
    assert {promise.name for promise in ledger(host).all()} == {"db1", "web1"}


def test_a_promise_of_a_line_that_makes_no_sense_is_damage_too(host: FakeHost) -> None:
    call(host, "prepare", domain("db1", 1, FITS_ONCE))
    broken = Ledger(BOOT, 1, 7000 * MIB, b'{"uuid":"x"}\n').encode()
    (host.root / "run/xmlresource/ledger").write_bytes(broken)
    assert call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1") == (0, "")
    assert [promise.name for promise in ledger(host).all()] == ["web1"]


def test_who_starts_is_asked_again_where_a_line_makes_no_sense(host: FakeHost) -> None:
    """The ledger is made anew from those that run, who starts among them."""
    for number, name in enumerate(("web1", "db1"), start=1):
        xml = domain(name, number, FITS_ONCE)
        host.run(name, 4000 + number, xml)
    broken = Ledger(BOOT, 1, 7000 * MIB, b'{"uuid":"x"}\n').encode()
    host.write("/run/xmlresource/ledger", broken.decode())
    (host.root / "run/xmlresource/ledger").chmod(0o600)
    (host.root / "run/xmlresource").chmod(0o700)
    assert call(host, "started", xml, "db1")[0] == ExitStatus.REFUSED


def test_what_fits_besides_all_promises_needs_no_look_at_them(host: FakeHost) -> None:
    call(host, "prepare", domain("db1", 1, guarantee(10)))
    unread = Ledger(BOOT, 1, 10 * MIB, b'{"uuid":"x"}\n').encode()
    (host.root / "run/xmlresource/ledger").write_bytes(unread)
    assert call(host, "prepare", domain("web1", 2, guarantee(10)), "web1") == (0, "")
    assert ledger(host).total == 20 * MIB


def test_a_start_ends_with_the_daemon_that_asked_for_it(host: FakeHost) -> None:
    call(host, "prepare", domain("db1", 1, FITS_ONCE))
    host.end(LIBVIRTD)
    assert call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1") == (0, "")


def test_but_not_where_the_guest_runs(host: FakeHost) -> None:
    xml = domain("db1", 1, FITS_ONCE)
    call(host, "prepare", xml)
    host.run("db1", 4242, xml)
    host.end(LIBVIRTD)
    status, _ = call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1")
    assert status == ExitStatus.REFUSED


def test_a_promise_ends_with_the_process_of_its_guest(host: FakeHost) -> None:
    xml = domain("db1", 1, FITS_ONCE)
    call(host, "prepare", xml)
    host.run("db1", 4242, xml)
    call(host, "started", xml)
    host.process(4242, start_time=2000)  # the pid is used again
    (host.root / "run/libvirt/qemu/db1.pid").unlink()
    assert call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1") == (0, "")
    assert [promise.name for promise in ledger(host).all()] == ["web1"]


def test_a_faulty_policy_is_refused_with_place_and_cure(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(100) + hard_limit(50) + "<xr:colour/>")
    status, text = call(host, "prepare", xml)
    assert status == ExitStatus.FINDINGS
    first, *others = text.splitlines()
    assert first.startswith("xmlresource: guest 'db1' refused: its policy is faulty: live XML:5:")
    assert "XR301 min_guarantee (100 MiB) is above hard_limit (50 MiB)" in first
    assert "Raise hard_limit or lower min_guarantee." in first
    assert any("XR101" in other for other in others)
    assert ledger(host).promises == 0


def test_a_fault_is_told_in_a_line_of_some_length(host: FakeHost) -> None:
    status, text = call(host, "prepare", domain("db1", 1, f"<xr:{'a' * 9000}/>"))
    assert status == ExitStatus.FINDINGS
    assert len(text) < 1200


def test_a_container_whose_guarantee_makes_no_sense_is_refused(host: FakeHost) -> None:
    memtune = "<memtune><min_guarantee>much</min_guarantee></memtune>"
    status, text = call(host, "prepare", domain("box", 1, "", kind="lxc", more=memtune), "box")
    assert status == ExitStatus.FINDINGS
    assert "XR201" in text


def test_xml_that_cant_be_read_is_refused(host: FakeHost) -> None:
    assert call(host, "prepare", b"<domain><metadata urn:xmlresource:1") == (ExitStatus.FINE, "")
    status, text = call(host, "prepare", b"<domain><metadata xmlns='urn:xmlresource:1'")
    assert status == ExitStatus.FINDINGS
    assert "live XML:1:" in text
    assert "XR002" in text


def test_without_a_uuid_nothing_can_be_promised(host: FakeHost) -> None:
    xml = domain("db1", 1, guarantee(1)).replace(uuid(1).encode(), b"../../x")
    status, text = call(host, "prepare", xml)
    assert status == ExitStatus.FINDINGS
    assert "its definition has no uuid" in text


@pytest.mark.parametrize(
    "xml",
    [
        domain("plain", 1, ""),
        b"<domain><description>urn:xmlresource:1 min_guarantee &#65;</description></domain>",
        b"<network xmlns:x='urn:xmlresource:1'/>",
        domain("plain", 1, "", more="<memtune><min_guarantee>0</min_guarantee></memtune>"),
    ],
)
def test_without_a_policy_whatever_is_broken_is_no_matter(host: FakeHost, xml: bytes) -> None:
    host.write("/etc/xmlresource.toml", "= broken")
    host.write("/run/xmlresource", "in the way")
    (host.root / "proc/meminfo").unlink()
    for operation in ("prepare", "started", "stopped", "release", "reconnect"):
        assert call(host, operation, xml) == (0, "")


def _broken_configuration(host: FakeHost) -> None:
    host.write("/etc/xmlresource.toml", "= broken")


def _no_state_folder(host: FakeHost) -> None:
    host.write("/run/xmlresource", "in the way")


def _no_meminfo(host: FakeHost) -> None:
    host.write("/proc/meminfo", "")


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (_broken_configuration, "/etc/xmlresource.toml"),
        (_no_state_folder, "/run/xmlresource"),
        (_no_meminfo, "/proc/meminfo: no MemTotal"),
    ],
)
def test_with_a_policy_it_fails_closed(
    host: FakeHost, breaks: Callable[[FakeHost], None], words: str
) -> None:
    breaks(host)
    status, text = call(host, "prepare", domain("db1", 1, guarantee(1)))
    assert status == ExitStatus.USAGE
    assert text.startswith("xmlresource: guest 'db1' refused: ")
    assert words in text


def test_lxc_keeps_its_guarantee_in_memtune(host: FakeHost) -> None:
    memtune = "<memtune><min_guarantee unit='MiB'>100</min_guarantee></memtune>"
    xml = domain("box", 1, "", kind="lxc", ram=128, more=memtune)
    assert call(host, "prepare", xml, "box") == (0, "")
    host.run("box", 4242, xml, driver="lxc")
    assert call(host, "started", xml, "box") == (0, "")
    (promise,) = ledger(host).all()
    assert (promise.driver, promise.size, promise.state) == ("lxc", 100 * MIB, PromiseState.RUNNING)


def test_on_v2_the_chain_is_raised_and_lowered(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, version=2)
    folders = {}
    for number, name in enumerate(("db1", "web1"), start=1):
        xml = domain(name, number, guarantee(100 * number) + hard_limit(900))
        call(host, "prepare", xml, name)
        folders[name] = host.run(name, 4000 + number, xml)
        assert call(host, "started", xml, name) == (0, "")
    assert host.read(f"{folders['db1']}/memory.min") == str(100 * MIB)
    assert host.read(f"{folders['web1']}/memory.min") == str(200 * MIB)
    assert host.read("/sys/fs/cgroup/machine/memory.min") == str(300 * MIB)
    call(host, "stopped", domain("db1", 1, guarantee(100)))
    assert host.read("/sys/fs/cgroup/machine/memory.min") == str(200 * MIB)


@pytest.mark.parametrize("operation", ["prepare", "stopped"])
def test_on_v2_the_chain_is_lowered_after_a_guest_whose_end_nobody_told(
    tmp_path: Path, operation: str
) -> None:
    host = FakeHost(tmp_path, version=2)
    xml = domain("db1", 1, guarantee(100) + hard_limit(900))
    host.run("db1", 4001, xml)
    assert call(host, "started", xml) == (0, "")
    host.end(4001)
    (host.root / "run/libvirt/qemu/db1.pid").unlink()
    call(host, operation, domain("web1", 2, guarantee(7500)), "web1")
    assert host.read("/sys/fs/cgroup/machine/memory.min") == "0"


def test_a_guarantee_raised_while_the_guest_runs_is_asked_for(host: FakeHost) -> None:
    host.run("db1", 4242, domain("db1", 1, guarantee(100)))
    assert call(host, "started", domain("db1", 1, guarantee(100))) == (0, "")
    status, _ = call(host, "started", domain("db1", 1, guarantee(9000)))
    assert status == ExitStatus.REFUSED
    assert ledger(host).total == 100 * MIB
    assert call(host, "started", domain("db1", 1, guarantee(200))) == (0, "")
    assert ledger(host).total == 200 * MIB


def test_on_v2_a_guarantee_as_high_as_the_limit_is_refused_at_once(tmp_path: Path) -> None:
    host = FakeHost(tmp_path, version=2)
    status, text = call(host, "prepare", domain("db1", 1, guarantee(100) + hard_limit(100)))
    assert status == ExitStatus.FINDINGS
    assert "XR309" in text


def test_a_limit_above_the_guest_bounds_what_can_be_promised(host: FakeHost) -> None:
    host.write("/sys/fs/cgroup/memory/machine/memory.limit_in_bytes", f"{200 * MIB}\n")
    status, text = call(host, "prepare", domain("db1", 1, guarantee(300)))
    assert status == ExitStatus.REFUSED
    assert "/machine" in text.splitlines()[0]


def test_a_book_lost_twice_does_not_let_in_who_lost_his_place(host: FakeHost) -> None:
    """The second time it is made anew from those that run: who starts is among them."""
    first, second = domain("db1", 1, FITS_ONCE), domain("web1", 2, FITS_ONCE)
    transaction = host.root / "run/xmlresource/ledger"
    assert call(host, "prepare", first) == (0, "")
    transaction.unlink()
    assert call(host, "prepare", second, "web1") == (0, "")
    host.run("web1", 4002, second)
    assert call(host, "started", second, "web1") == (0, "")
    transaction.unlink()
    host.run("db1", 4001, first)
    assert call(host, "started", first)[0] == ExitStatus.REFUSED


def _rebuild_by_an_end(host: FakeHost) -> None:
    (host.root / "run/xmlresource/ledger").unlink()
    assert call(host, "stopped", domain("tiny", 3, guarantee(1)), "tiny") == (0, "")


def _repair(host: FakeHost) -> None:
    apply_all(host.machine)


@pytest.mark.parametrize("meanwhile", [_rebuild_by_an_end, _repair])
def test_who_lost_his_place_and_was_found_running_is_asked(
    host: FakeHost, meanwhile: Callable[[FakeHost], None]
) -> None:
    """Another event puts a running guest in the ledger; nobody decided about its promise."""
    first, second = domain("db1", 1, FITS_ONCE), domain("web1", 2, FITS_ONCE)
    assert call(host, "prepare", first) == (0, "")
    (host.root / "run/xmlresource/ledger").unlink()
    assert call(host, "prepare", second, "web1") == (0, "")
    host.run("web1", 4002, second)
    assert call(host, "started", second, "web1") == (0, "")
    host.run("db1", 4001, first)
    meanwhile(host)
    assert {promise.name for promise in ledger(host).all()} == {"db1", "web1"}
    assert call(host, "started", first)[0] == ExitStatus.REFUSED


def test_who_was_asked_for_less_and_was_found_running_is_asked(host: FakeHost) -> None:
    assert call(host, "prepare", domain("web1", 2, FITS_ONCE), "web1") == (0, "")
    assert call(host, "prepare", domain("db1", 1, guarantee(100))) == (0, "")
    edited = domain("db1", 1, FITS_ONCE)
    host.run("db1", 4001, edited)
    apply_all(host.machine)
    assert call(host, "started", edited)[0] == ExitStatus.REFUSED


@pytest.mark.parametrize("how", ["apply", "started"])
def test_who_was_asked_and_is_found_running_is_not_asked_again(host: FakeHost, how: str) -> None:
    """The repair, or a first call, comes before: what the guest has taken since is its own."""
    xml = domain("db1", 1, FITS_ONCE)
    assert call(host, "prepare", xml) == (0, "")
    if how == "started":
        (host.root / "run/xmlresource/ledger").unlink()
    host.run("db1", 4001, xml)
    if how == "started":
        assert call(host, "started", xml) == (0, "")
    else:
        apply_all(host.machine)
    host.memory(8 * GIB, 0)
    assert call(host, "started", xml) == (0, "")
