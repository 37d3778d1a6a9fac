"""Memory parameters of guests of a fake libvirt on a host of plain files."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.fakes.host import GIB, MIB, FakeHost, uuid
from tests.fakes.host import domain as definition
from tests.fakes.libvirt import CONFIG, LIVE, FakeDomain, FakeLibvirtError, module
from xmlresource.cli import main
from xmlresource.document import Document
from xmlresource.errors import ExitStatus
from xmlresource.live import get_memory_parameters, set_memory_parameters
from xmlresource.live.guest_location import ElsewhereError
from xmlresource.live.parameters.libvirt_parameters import (
    ParameterValueError,
    UnknownParameterError,
)
from xmlresource.live.parameters.memtune import memtune
from xmlresource.operations.administration.status import status
from xmlresource.operations.guest import RefusalError
from xmlresource.promises.ledger import decode
from xmlresource.promises.promise import NodeShare
from xmlresource.rules import errors
from xmlresource.system.libvirt.connection import LibvirtError
from xmlresource.system.state.state_folder import StateError
from xmlresource.units import UNLIMITED_KIB

NOTHING = {
    "hard_limit": UNLIMITED_KIB,
    "soft_limit": UNLIMITED_KIB,
    "swap_hard_limit": UNLIMITED_KIB,
    "min_guarantee": 0,
    "swap_soft_limit": UNLIMITED_KIB,
}
KIB_OF_MIB = 1024


@pytest.fixture
def domain(host: FakeHost, monkeypatch: pytest.MonkeyPatch) -> FakeDomain:
    made = FakeDomain(host)
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    return made


def get(domain: FakeDomain, flags: int = 0) -> dict[str, int]:
    return get_memory_parameters(domain, flags, domain.host.machine)


def change(domain: FakeDomain, flags: int = 0, **mebibytes: int) -> None:
    params = {name: size * KIB_OF_MIB for name, size in mebibytes.items()}
    set_memory_parameters(domain, params, flags, domain.host.machine)


def limit(domain: FakeDomain) -> str:
    return domain.host.read(f"{domain.folder}/memory.limit_in_bytes").strip()


def promised(domain: FakeDomain) -> int:
    return status(domain.host.machine).promised


def state(domain: FakeDomain) -> tuple[object, ...]:
    files = {
        file.name: file.read_text().strip().replace("-1", "9223372036854771712")
        for file in sorted((domain.host.root / domain.folder[1:]).iterdir())
    }
    return domain.XMLDesc(0), domain.XMLDesc(2), files, promised(domain)


# Reading


def test_a_guest_without_a_policy_has_libvirts_defaults(domain: FakeDomain) -> None:
    assert get(domain) == get(domain, CONFIG) == NOTHING
    assert list(get(domain)) == list(NOTHING)


def test_live_is_what_the_kernel_has_and_config_what_is_declared(domain: FakeDomain) -> None:
    domain.declare("<memoryHardLimit unit='MiB'>64</memoryHardLimit>", CONFIG)
    domain.host.write(f"{domain.folder}/memory.limit_in_bytes", f"{32 * MIB}\n")
    assert get(domain, LIVE)["hard_limit"] == 32 * KIB_OF_MIB
    assert get(domain, CONFIG)["hard_limit"] == 64 * KIB_OF_MIB


def test_what_libvirt_refuses_is_its_own_error(domain: FakeDomain) -> None:
    domain.pid = None
    with pytest.raises(FakeLibvirtError, match="not running"):
        get(domain, LIVE)
    with pytest.raises(FakeLibvirtError, match="not running"):
        change(domain, LIVE | CONFIG, hard_limit=64)
    assert domain.calls == []


def test_a_guest_elsewhere_is_read_from_libvirt(domain: FakeDomain) -> None:
    change(domain, min_guarantee=16, swap_soft_limit=100)
    domain.uri = "qemu+ssh://far.example.org/system"
    assert get(domain)["min_guarantee"] == 16 * KIB_OF_MIB
    assert get(domain)["swap_soft_limit"] == 100 * KIB_OF_MIB


# Changing


def test_a_change_is_written_promised_and_declared(domain: FakeDomain) -> None:
    change(domain, LIVE | CONFIG, hard_limit=128, min_guarantee=64)
    for side in (LIVE, CONFIG):
        found = get(domain, side)
        assert (found["hard_limit"], found["min_guarantee"]) == (128 * KIB_OF_MIB, 64 * KIB_OF_MIB)
    assert limit(domain) == str(128 * MIB)
    assert promised(domain) == 64 * MIB


def test_taking_everything_out_leaves_nothing(domain: FakeDomain) -> None:
    change(domain, hard_limit=128, min_guarantee=64)
    params = {"hard_limit": UNLIMITED_KIB, "min_guarantee": 0}
    set_memory_parameters(domain, params, LIVE, domain.host.machine)
    assert get(domain) == NOTHING
    assert promised(domain) == 0
    assert domain.sides[LIVE].element is None


def test_what_stands_in_memtune_is_changed_there(domain: FakeDomain) -> None:
    domain.sides[CONFIG].memtune["hard_limit"] = 64 * KIB_OF_MIB
    change(domain, CONFIG, hard_limit=128, soft_limit=32)
    assert domain.sides[CONFIG].memtune == {"hard_limit": 128 * KIB_OF_MIB}
    assert "memorySoftLimit" in (domain.sides[CONFIG].element or "")
    assert "memoryHardLimit" not in (domain.sides[CONFIG].element or "")
    assert not (domain.host.root / "run/xmlresource").exists()


@pytest.mark.parametrize("side", [CONFIG, LIVE])
def test_what_stands_in_both_forms_is_changed_in_both(domain: FakeDomain, side: int) -> None:
    """Or the hook would refuse the guest: its forms disagree."""
    both = "<memory><memoryHardLimit unit='MiB'>64</memoryHardLimit></memory>"
    domain.sides[side].memtune["hard_limit"] = 64 * KIB_OF_MIB
    domain.sides[side].element = f"<resource>{both}</resource>"
    change(domain, side, hard_limit=128)
    assert domain.sides[side].memtune == {"hard_limit": 128 * KIB_OF_MIB}
    assert errors(Document.parse(domain.XMLDesc(side).encode())) == []
    assert get(domain, side)["hard_limit"] == 128 * KIB_OF_MIB
    set_memory_parameters(domain, {"hard_limit": UNLIMITED_KIB}, side, domain.host.machine)
    assert domain.sides[side].element is None
    assert get(domain, side)["hard_limit"] == UNLIMITED_KIB


def test_a_smaller_guarantee_is_booked_last(domain: FakeDomain) -> None:
    change(domain, min_guarantee=64)

    def still_booked(_name: str, _side: int) -> None:
        assert promised(domain) == 64 * MIB

    domain.before_call = still_booked
    change(domain, min_guarantee=32)
    assert promised(domain) == 32 * MIB


def test_no_lock_is_held_while_libvirt_is_called(domain: FakeDomain) -> None:
    def lock_is_free(_name: str, _side: int) -> None:
        code = "import fcntl, sys; fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        lock = domain.host.root / "run/xmlresource/lock"
        subprocess.run([sys.executable, "-c", code, str(lock)], check=True)  # noqa: S603

    domain.before_call = lock_is_free
    change(domain, LIVE | CONFIG, min_guarantee=64)
    assert len(domain.calls) == 2


def test_nothing_to_change_changes_nothing(domain: FakeDomain) -> None:
    change(domain)
    assert domain.calls == []


# Refusals


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"hard": 1}, UnknownParameterError),
        ({"hard_limit": -1}, ParameterValueError),
        ({"hard_limit": UNLIMITED_KIB + 1}, ParameterValueError),
        ({"min_guarantee": UNLIMITED_KIB}, ParameterValueError),
    ],
)
def test_what_is_no_parameter(
    domain: FakeDomain, params: dict[str, int], error: type[Exception]
) -> None:
    with pytest.raises(error):
        set_memory_parameters(domain, params, 0, domain.host.machine)


def test_a_raise_that_cant_be_promised(domain: FakeDomain) -> None:
    change(domain, min_guarantee=64)
    before = state(domain)
    with pytest.raises(RefusalError, match="guest 'db1' refused: it asks for") as caught:
        change(domain, LIVE | CONFIG, min_guarantee=9000, hard_limit=10000)
    assert caught.value.exit_status is ExitStatus.REFUSED
    assert state(domain) == before


def test_what_a_guest_has_already_counts_for_it(domain: FakeDomain) -> None:
    domain.host.memory(8 * GIB, GIB)
    domain.host.write(f"{domain.folder}/memory.usage_in_bytes", f"{6 * GIB}\n")
    change(domain, min_guarantee=6000)
    with pytest.raises(RefusalError):
        change(domain, min_guarantee=7200)


@pytest.mark.parametrize(
    ("before", "asked", "said"),
    [
        ({"hard_limit": 64}, {"soft_limit": 65}, "XR302"),
        ({}, {"swap_hard_limit": 65}, "XR304"),
        ({"min_guarantee": 32}, {"hard_limit": 16}, "XR301"),
    ],
)
def test_contradictions(
    domain: FakeDomain, before: dict[str, int], asked: dict[str, int], said: str
) -> None:
    change(domain, **before)
    found = state(domain)
    with pytest.raises(RefusalError, match=said) as caught:
        change(domain, **asked)
    assert caught.value.exit_status is ExitStatus.FINDINGS
    assert state(domain) == found


def test_a_contradiction_with_what_is_in_force_only(domain: FakeDomain) -> None:
    domain.host.write(f"{domain.folder}/memory.limit_in_bytes", f"{32 * MIB}\n")
    with pytest.raises(RefusalError, match=r"XR302 .*32 MiB, in force"):
        change(domain, soft_limit=64)


def test_a_guarantee_in_memtune_stays_libvirts(domain: FakeDomain) -> None:
    domain.sides[LIVE].memtune["min_guarantee"] = 16
    with pytest.raises(RefusalError, match="where it stands"):
        change(domain, min_guarantee=64)


def test_live_changes_are_made_on_the_guests_host(domain: FakeDomain) -> None:
    domain.uri = "qemu+ssh://far.example.org/system"
    with pytest.raises(ElsewhereError, match=r"far\.example\.org, .*memtune db1 --live"):
        change(domain, hard_limit=64)
    with pytest.raises(ElsewhereError, match="memtune db1 --live --config --hard-limit -1"):
        set_memory_parameters(domain, {"hard_limit": UNLIMITED_KIB}, LIVE | CONFIG)
    assert domain.calls == []
    change(domain, CONFIG, hard_limit=64)
    assert get(domain, CONFIG)["hard_limit"] == 64 * KIB_OF_MIB


# All or nothing


@pytest.mark.parametrize("call", [("setMetadata", LIVE), ("setMetadata", CONFIG),
                                  ("setMemoryParameters", CONFIG)])  # fmt: skip
def test_what_libvirt_does_not_take_is_undone(domain: FakeDomain, call: tuple[str, int]) -> None:
    domain.sides[CONFIG].memtune["hard_limit"] = 64 * KIB_OF_MIB
    change(domain, min_guarantee=16)
    before = state(domain)

    def fail(name: str, side: int) -> None:
        if (name, side) == call:
            domain.before_call = lambda _name, _side: None
            raise FakeLibvirtError("no", 1)

    domain.before_call = fail
    with pytest.raises(RefusalError, match="libvirt did not take it: no; all is as") as caught:
        change(domain, LIVE | CONFIG, hard_limit=128, min_guarantee=32)
    assert caught.value.exit_status is ExitStatus.ROLLED_BACK
    assert state(domain) == before


def test_an_interruption_is_undone(domain: FakeDomain) -> None:
    before = state(domain)

    def interrupt(_name: str, side: int) -> None:
        if side == CONFIG:
            domain.before_call = lambda _name, _side: None
            raise KeyboardInterrupt

    domain.before_call = interrupt
    with pytest.raises(KeyboardInterrupt):
        change(domain, LIVE | CONFIG, hard_limit=128, min_guarantee=32)
    assert state(domain) == before


def test_what_cant_be_undone_is_named(domain: FakeDomain) -> None:
    def fail(_name: str, side: int) -> None:
        if side == CONFIG:
            (domain.host.root / "run/xmlresource/ledger").chmod(0o666)
            raise FakeLibvirtError("no", 1)

    domain.before_call = fail
    with pytest.raises(RefusalError, match=r"NOT undone: .*ledger"):
        change(domain, LIVE | CONFIG, min_guarantee=32)


def test_a_kernel_that_does_not_take_a_value(domain: FakeDomain) -> None:
    before = state(domain)
    path = domain.host.root / domain.folder[1:] / "memory.memsw.limit_in_bytes"
    path.unlink()
    path.symlink_to("memory.limit_in_bytes")  # read, and not written: O_NOFOLLOW
    with pytest.raises(RefusalError, match="could not be put in force") as caught:
        change(domain, LIVE | CONFIG, hard_limit=128, swap_hard_limit=256, min_guarantee=32)
    assert caught.value.exit_status is ExitStatus.ROLLED_BACK
    assert state(domain) == before


def test_a_promise_that_cant_be_booked(domain: FakeDomain) -> None:
    change(domain, min_guarantee=16)
    before = state(domain)
    (domain.host.root / "run/xmlresource/ledger.new").mkdir()
    with pytest.raises(StateError):
        change(domain, LIVE | CONFIG, hard_limit=128, min_guarantee=32)
    assert state(domain) == before


def test_a_smaller_promise_that_cant_be_booked(domain: FakeDomain) -> None:
    change(domain, min_guarantee=16)
    before = state(domain)

    def break_it(_name: str, _side: int) -> None:
        (domain.host.root / "run/xmlresource/ledger.new").mkdir(exist_ok=True)

    domain.before_call = break_it
    with pytest.raises(StateError):
        change(domain, hard_limit=128, min_guarantee=8)
    assert state(domain) == before


# On v2


@pytest.fixture
def modern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDomain:
    monkeypatch.setattr("tests.fakes.libvirt.FILES", {})
    made = FakeDomain(FakeHost(tmp_path / "host", version=2))
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    return made


def test_on_v1_a_soft_limit_alone_is_not_booked(domain: FakeDomain) -> None:
    """The cgroups above carry nothing for it."""
    change(domain, soft_limit=32)
    assert decode((domain.host.root / "run/xmlresource/ledger").read_bytes()).promises == 0


def test_on_v2_libvirts_soft_limit_is_read_from_libvirt(modern: FakeDomain) -> None:
    """It writes another file for it than we do."""
    memtune = {"soft_limit": 64 * KIB_OF_MIB}
    modern.sides[LIVE].memtune.update(memtune)
    modern.memoryParameters = lambda _flags: memtune  # type: ignore[method-assign]
    assert get(modern)["soft_limit"] == 64 * KIB_OF_MIB


def test_on_v2_a_soft_limit_in_memtune_stays_libvirts(
    modern: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.fakes.libvirt.FILES", {"soft_limit": "memory.high"})
    modern.host.write(f"{modern.folder}/memory.high", f"{64 * MIB}\n")
    modern.sides[LIVE].memtune["soft_limit"] = 64 * KIB_OF_MIB
    change(modern, LIVE, soft_limit=32)
    assert modern.host.read(f"{modern.folder}/memory.high") == f"{32 * MIB}\n"
    assert modern.host.read(f"{modern.folder}/memory.low") == "0\n"


def test_swap_on_v2_follows_the_hard_limit(modern: FakeDomain) -> None:
    change(modern, hard_limit=128, swap_hard_limit=256, soft_limit=64, min_guarantee=32)
    change(modern, hard_limit=192)
    read = modern.host.read
    assert read(f"{modern.folder}/memory.swap.max") == str(64 * MIB)
    assert read(f"{modern.folder}/memory.low") == str(64 * MIB)
    assert read("/sys/fs/cgroup/machine/memory.min") == str(32 * MIB)
    found = get(modern, LIVE)
    assert found["swap_hard_limit"] == 256 * KIB_OF_MIB
    set_memory_parameters(
        modern, {"soft_limit": UNLIMITED_KIB, "min_guarantee": 0}, 0, modern.host.machine
    )
    assert read(f"{modern.folder}/memory.low") == "0"
    assert read("/sys/fs/cgroup/machine/memory.min") == "0"
    assert get(modern, LIVE)["soft_limit"] == UNLIMITED_KIB


def test_what_libvirt_refuses_is_undone_on_v2(modern: FakeDomain) -> None:
    before = state(modern)

    def fail(_name: str, side: int) -> None:
        if side == CONFIG:
            modern.before_call = lambda _name, _side: None
            raise FakeLibvirtError("no", 1)

    modern.before_call = fail
    with pytest.raises(RefusalError):
        change(modern, LIVE | CONFIG, hard_limit=128, min_guarantee=32)
    assert state(modern) == before
    assert modern.host.read("/sys/fs/cgroup/machine/memory.min").strip() == "0"


# By name


def test_the_command_finds_guests_by_id_uuid_and_name(domain: FakeDomain) -> None:
    for word in ("1", domain.UUIDString(), "db1"):
        assert memtune(word, {}, machine=domain.host.machine).parameters == NOTHING
    with pytest.raises(LibvirtError, match="Domain not found"):
        memtune("nobody", {}, machine=domain.host.machine)


def test_without_the_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libvirt", None)
    with pytest.raises(LibvirtError, match="libvirt's Python binding"):
        memtune("db1", {})


def test_the_command_prints_as_virsh_does(
    domain: FakeDomain, capsys: pytest.CaptureFixture[str]
) -> None:
    domain.sides[CONFIG].memtune["hard_limit"] = 1024
    assert main(["memtune", "db1", "--config"]) == 0
    assert capsys.readouterr().out == (
        "hard_limit     : 1024\nsoft_limit     : unlimited\nswap_hard_limit: unlimited\n"
        "min_guarantee  : 0\nswap_soft_limit: unlimited\n"
    )


@pytest.mark.parametrize(
    ("word", "kib"),
    [
        ("100000", 100000),
        ("+100000", 100000),
        ("1GiB", 1 << 20),
        ("102400000b", 100000),
        ("-1", None),
        ("-7MiB", None),
    ],
)
def test_the_command_takes_sizes_as_virsh_does(
    domain: FakeDomain, word: str, kib: int | None
) -> None:
    domain.sides[CONFIG].memtune["hard_limit"] = 204800
    assert main(["memtune", "db1", f"--hard-limit={word}", "--config"]) == 0
    wanted = UNLIMITED_KIB if kib is None else kib
    assert domain.sides[CONFIG].memtune["hard_limit"] == wanted


@pytest.mark.parametrize(
    "words", [["--hard-limit", "much"], ["--current", "--live"], ["--min-guarantee", "-1"]]
)
def test_bad_usage_of_the_command(domain: FakeDomain, words: list[str]) -> None:
    assert main(["memtune", "db1", *words]) == ExitStatus.USAGE
    assert domain.calls == []


def test_nothing_imports_libvirt_before_it_is_asked_for() -> None:
    code = (
        "import sys, xmlresource.api, xmlresource.cli.memtune; sys.exit('libvirt' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603


def test_what_is_not_enforced_is_said(
    domain: FakeDomain, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = partial(memtune, machine=domain.host.machine)
    monkeypatch.setattr("xmlresource.cli.memtune.memtune", here)
    assert main(["memtune", "db1", "--swap-soft-limit", "1GiB", "--live"]) == 0
    said = capsys.readouterr().err
    assert "swap_soft_limit is not enforced: cgroup v1 has nothing like it" in said


def test_a_guarantee_that_leaves_nothing_to_reclaim_on_v2(modern: FakeDomain) -> None:
    modern.host.write(f"{modern.folder}/memory.max", f"{64 * MIB}\n")
    before = state(modern)
    with pytest.raises(RefusalError, match="nothing to reclaim") as caught:
        change(modern, min_guarantee=64)
    assert caught.value.exit_status is ExitStatus.FINDINGS
    assert state(modern) == before


def test_what_a_guest_has_already_counts_above_it_too(domain: FakeDomain) -> None:
    host = domain.host
    host.write("/sys/fs/cgroup/memory/machine/memory.limit_in_bytes", f"{100 * MIB}\n")
    for folder in ("/sys/fs/cgroup/memory/machine", domain.folder):
        host.write(f"{folder}/memory.usage_in_bytes", f"{80 * MIB}\n")
    change(domain, min_guarantee=90)
    with pytest.raises(RefusalError, match="/machine"):
        change(domain, min_guarantee=110)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("commit_ratio = 0.5", "commit ratio 0.5"),
        ('[partitions]\n"/machine" = "3GiB"', "partitions, commitment on /machine"),
        ("count_unpromised = true", "guests without a promise"),
    ],
)
def test_it_is_raised_on_the_administrators_terms(
    domain: FakeDomain, settings: str, why: str
) -> None:
    domain.host.run("old", 77, definition("old", 9, "", ram=4000))
    change(domain, min_guarantee=3000)
    domain.host.write("/etc/xmlresource.toml", settings + "\n")
    change(domain, min_guarantee=2900)
    change(domain, min_guarantee=3000)
    with pytest.raises(RefusalError, match=why):
        change(domain, min_guarantee=4000)
    assert get(domain)["min_guarantee"] == 3000 * KIB_OF_MIB


def bound_to_a_node(domain: FakeDomain, available: int, has: int) -> None:
    """Bind the guest to node 0, which has 4 GiB; the other sizes are in MiB."""
    domain.more = "<numatune><memory mode='strict' nodeset='0'/></numatune>\n"
    domain.declare("", LIVE)
    node = f"Node 0 MemTotal: {4 << 20} kB\nNode 0 MemFree: {available << 10} kB\n"
    domain.host.write("/sys/devices/system/node/node0/meminfo", node)
    kernel = f"{domain.folder}/memory."
    if domain.host.version == 1:
        # Anonymous memory in pages; page cache on the node is available anyway.
        pages = has * MIB // 4096
        lines = f"total=9 N0=9\nhierarchical_total={pages} N0={pages}\n"
        lines += f"hierarchical_file=70000 N0=70000\nhierarchical_anon={pages} N0={pages} N1=0\n"
        lines += "hierarchical_unevictable=0 N0=0 N1=0\n"
        domain.host.write(f"{kernel}usage_in_bytes", f"{has * MIB}\n")
    else:
        lines = f"anon N0=9\ninactive_anon N0={has * MIB} N1=0\nactive_file N0={9 * GIB} N1=0\n"
        domain.host.write(f"{kernel}current", f"{has * MIB}\n")
    domain.host.write(f"{kernel}numa_stat", lines)


@pytest.mark.parametrize("version", [1, 2])
def test_what_a_guest_has_on_its_nodes_counts_there_too(
    request: pytest.FixtureRequest, version: int
) -> None:
    made: FakeDomain = request.getfixturevalue("domain" if version == 1 else "modern")
    bound_to_a_node(made, available=1024, has=2000)
    change(made, min_guarantee=2500)
    found = state(made)
    with pytest.raises(RefusalError, match="node 0"):
        change(made, min_guarantee=3100)
    assert state(made) == found


def test_a_guest_of_another_uuid_is_not_the_same(domain: FakeDomain) -> None:
    """Its name is used again: what runs under it here is another one's."""
    status_file = f"/run/libvirt/qemu/{domain.name()}.xml"
    text = domain.host.read(status_file)
    domain.host.write(status_file, text.replace(domain.UUIDString(), uuid(9)))
    with pytest.raises(ElsewhereError):
        change(domain, hard_limit=128)


LOCKED = "<memoryBacking><locked/></memoryBacking>"
HUGEPAGES = "<memoryBacking><hugepages/></memoryBacking>"


@pytest.mark.parametrize("more", [LOCKED, HUGEPAGES])
def test_what_a_guest_took_at_its_start_is_not_asked_for_again(
    domain: FakeDomain, more: str
) -> None:
    """Its 64 MiB are not available any more, and the pool is empty."""
    domain.more = more
    domain.declare("", LIVE)
    domain.host.memory(8 * GIB, 40 * MIB)
    change(domain, min_guarantee=32)
    with pytest.raises(RefusalError, match=r"\(physical[:;] "):
        change(domain, min_guarantee=48)


def test_nor_is_what_it_took_of_its_nodes(domain: FakeDomain) -> None:
    bound_to_a_node(domain, available=40, has=0)
    domain.more += LOCKED
    domain.declare("", LIVE)
    change(domain, min_guarantee=32)
    with pytest.raises(RefusalError, match="node 0"):
        change(domain, min_guarantee=48)


def test_what_is_bound_to_its_nodes_is_booked_with_the_guarantee(domain: FakeDomain) -> None:
    bound_to_a_node(domain, available=3000, has=0)
    transaction = domain.host.root / "run/xmlresource/ledger"
    for mebibytes in (1000, 2000, 500):
        change(domain, min_guarantee=mebibytes)
        (promise,) = decode(transaction.read_bytes()).all()
        assert promise.shares == (NodeShare(frozenset({0}), mebibytes * MIB),)


def test_a_kernel_that_tells_nothing_of_its_nodes(domain: FakeDomain) -> None:
    bound_to_a_node(domain, available=1024, has=2000)
    (domain.host.root / f"{domain.folder[1:]}/memory.numa_stat").unlink()
    with pytest.raises(RefusalError, match="node 0"):
        change(domain, min_guarantee=2500)
