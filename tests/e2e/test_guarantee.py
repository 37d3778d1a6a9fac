"""A guarantee declared in XML decides whether a real guest starts."""

from __future__ import annotations

import concurrent.futures
import re
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest

from .harness import hooks, sandbox
from .harness.cgroups import memory_cgroup, read, soft_limit_works, swap_is_counted
from .harness.commands import must, wait_for
from .harness.guests import MIB, container, guarantee, metadata, policy
from .harness.product import (
    Product,
    hook_status,
    leave_to_promise,
    place_of,
    refusal,
    sizes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import NewGuest
    from .harness.daemons import Libvirt
    from .harness.guests import Guest

# What can be promised in these tests, a guarantee that fits once, and one that fits beside it (with
# some air: the host's memory in use is measured, and other programs run).
ROOM = 1000
FITS_ONCE = 600
FITS_BESIDE = 100


@pytest.fixture(scope="module")
def product(libvirt: Libvirt, tmp_path_factory: pytest.TempPathFactory) -> Product:
    del libvirt  # skips where nothing can be tested
    return Product.install(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="module")
def hooked(product: Product, libvirt: Libvirt) -> Iterator[Product]:
    """The product with its hooks in place."""
    before = hooks.listing()
    must(product("hook", "install"))
    libvirt.restart()
    yield product
    must(product("hook", "uninstall"))
    libvirt.restart()
    assert hooks.listing() == before


@pytest.fixture
def xmlresource(hooked: Product, libvirt: Libvirt) -> Iterator[Product]:
    """The product on a host where ROOM can be promised and nothing is."""
    del libvirt
    leave_to_promise(ROOM)
    yield hooked
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.remove(sandbox.CONFIGURATION)


@pytest.fixture
def promised(xmlresource: Product, new_guest: NewGuest) -> Guest:
    """A running guest with a promise that leaves too little for a second one."""
    del xmlresource
    return new_guest("promised", guarantee(FITS_ONCE)).running()


# The promise


def test_a_promise_is_kept_in_the_status(xmlresource: Product, promised: Guest) -> None:
    report = xmlresource.json("status")
    assert report["version"] == 1
    assert all(isinstance(size, int) for size in report["host"].values())
    (guest,) = report["guests"]
    folder = memory_cgroup(promised.process())
    charged = guest.pop("charged")
    assert isinstance(charged, int)
    assert 0 < charged <= 2 * read(folder, "memory.usage_in_bytes")
    assert guest.pop("cgroup") in {str(folder), "/" + str(folder.relative_to(folder.parents[1]))}
    pressure = guest.pop("pressure")
    assert pressure is None or 0 <= pressure <= 100
    assert guest == {
        "name": promised.name,
        "uuid": promised.uuid,
        "state": "running",
        "min_guarantee": FITS_ONCE * MIB,
        "limit": "unlimited",
        "soft_limit": "unlimited",
        "headroom": None,
        "drift": [],
    }


def test_a_refusal_says_who_what_how_much_and_why(
    xmlresource: Product, promised: Guest, new_guest: NewGuest
) -> None:
    guest = new_guest("refused", guarantee(FITS_ONCE)).defined()
    result = guest.start()
    assert hook_status(result) == 3
    line = refusal(result)
    demand = place_of(line, FITS_ONCE * MIB)
    promisable = [at for at, size in sizes(line) if 0 < size <= (ROOM - FITS_ONCE) * MIB]
    assert -1 < line.find(guest.name) < demand < promisable[0]
    # Why: the promises that are in the way.
    assert promisable[0] < line.find(promised.name)
    assert guest.name not in xmlresource.guests()


def test_a_refusal_leaves_nothing_behind(
    xmlresource: Product, promised: Guest, new_guest: NewGuest
) -> None:
    guest = new_guest("refused", guarantee(FITS_ONCE)).defined()
    assert not guest.start().ok
    assert guest.state() == "shut off"
    assert guest.traces() == []
    assert list(xmlresource.guests()) == [promised.name]
    assert new_guest("fits", guarantee(FITS_BESIDE)).defined().start().ok


def test_destroy_frees_the_promise(
    xmlresource: Product, promised: Guest, new_guest: NewGuest
) -> None:
    must(promised.destroy())
    assert xmlresource.guests() == {}
    assert new_guest("next", guarantee(FITS_ONCE)).defined().start().ok


def test_a_crash_of_qemu_frees_the_promise(xmlresource: Product, promised: Guest) -> None:
    promised.process().signal(signal.SIGKILL)
    wait_for("the promise is dropped", lambda: xmlresource.guests() == {})


@pytest.mark.parametrize("turn", range(5))
def test_of_two_guests_started_at_once_one_starts(
    xmlresource: Product, new_guest: NewGuest, turn: int
) -> None:
    pair = [new_guest(f"{side}{turn}", guarantee(FITS_ONCE)).defined() for side in "ab"]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda guest: guest.start(), pair))
    assert sorted(result.ok for result in results) == [False, True]
    winner, loser = sorted(pair, key=lambda guest: guest.state() != "running")
    assert list(xmlresource.guests()) == [winner.name]
    assert loser.traces() == []
    (refused,) = (result for result in results if not result.ok)
    assert hook_status(refused) == 3


def test_a_managed_save_frees_and_a_restore_takes_again(
    xmlresource: Product, promised: Guest, new_guest: NewGuest
) -> None:
    must(promised.virsh("managedsave"))
    assert xmlresource.guests() == {}
    other = new_guest("other", guarantee(FITS_ONCE)).running()
    assert not promised.start().ok
    must(other.destroy())
    must(promised.start())
    assert list(xmlresource.guests()) == [promised.name]


# After a boot

LASTING, OVER = 10**9, 0


def autostarting(guest: Guest) -> Guest:
    must(guest.defined().virsh("autostart"))
    return guest


def with_priority(mebibytes: int, priority: int) -> str:
    """A guarantee, and whose comes first."""
    return guarantee(mebibytes).replace("<xr:memory>", f"<xr:memory priority='{priority}'>")


@pytest.fixture
def boot_window(xmlresource: Product) -> Callable[[int], None]:
    """Have the time after the boot last on, or be over: nobody waits for it here."""
    del xmlresource
    plain = sandbox.CONFIGURATION.read_text()

    def lasts(seconds: int) -> None:
        text = f"{plain}boot_priority = true\nboot_window = {seconds}\n"
        sandbox.CONFIGURATION.write_text(text)

    lasts(LASTING)
    return lasts


def test_the_lower_guest_waits_for_the_higher_one(
    xmlresource: Product, new_guest: NewGuest, boot_window: Callable[[int], None]
) -> None:
    low = autostarting(new_guest("low", guarantee(FITS_ONCE)))
    high = autostarting(new_guest("high", with_priority(FITS_ONCE, 10)))
    result = low.start()
    assert hook_status(result) == 3
    assert "(priority, " in refusal(result)
    assert f"still to start ({high.name} " in result.stderr
    (waiting,) = xmlresource.json("status")["held_back"]["guests"]
    assert waiting["name"] == high.name
    assert xmlresource("check", low.file()).status == 3
    boot_window(OVER)
    must(low.start())
    assert hook_status(high.start()) == 3
    must(low.destroy())
    boot_window(LASTING)
    must(high.start())
    assert "(commitment; " in refusal(low.start())
    events = xmlresource.json("history", "--guest", low.name)["records"]
    assert [each["event"] for each in events] == [
        "refused",
        "admitted",
        "written",
        "released",
        "refused",
    ]
    assert events[0]["rule"].startswith("priority, ")


def test_libvirt_starts_the_higher_guest_after_a_boot(
    libvirt: Libvirt,
    xmlresource: Product,
    new_guest: NewGuest,
    boot_window: Callable[[int], None],
) -> None:
    boot_window(LASTING)
    low = autostarting(new_guest("a-low", guarantee(FITS_ONCE)))
    high = autostarting(new_guest("z-high", with_priority(FITS_ONCE, 10)))
    beside = autostarting(new_guest("m-beside", guarantee(FITS_BESIDE)))
    libvirt.libvirtd.stop()
    # libvirt starts these guests once a boot, and this is how it remembers.
    (sandbox.LIBVIRT_RUN / "qemu" / "autostarted").unlink(missing_ok=True)
    libvirt.start_libvirtd()
    high.wait_state("running")
    beside.wait_state("running")

    def asked() -> bool:
        return bool(xmlresource.json("history", "--guest", low.name)["records"])

    wait_for("libvirt has tried to start the lower guest", asked)
    assert low.state() == "shut off"


# The limits


@pytest.mark.v1
def test_limits_from_metadata_are_in_the_kernel(xmlresource: Product, new_guest: NewGuest) -> None:
    extra = policy(
        memoryHardLimit="512 MiB", memorySoftLimit="256 MiB", memoryMinGuarantee="128 MiB"
    )
    guest = new_guest("limits", extra).running()
    folder = memory_cgroup(guest.process())
    assert read(folder, "memory.limit_in_bytes") == 512 * MIB
    drift = str(xmlresource.guests()[guest.name]["drift"])
    if soft_limit_works():
        assert read(folder, "memory.soft_limit_in_bytes") == 256 * MIB
        assert drift == "[]"
    else:
        assert "soft_limit" in drift


@pytest.mark.v1
@pytest.mark.skipif(not swap_is_counted(), reason="no memsw files here")
@pytest.mark.usefixtures("xmlresource")
def test_a_swap_limit_from_metadata_is_in_the_kernel(new_guest: NewGuest) -> None:
    extra = policy(memoryHardLimit="512 MiB", swapHardLimit="640 MiB")
    folder = memory_cgroup(new_guest("swap", extra).running().process())
    assert read(folder, "memory.limit_in_bytes") == 512 * MIB
    assert read(folder, "memory.memsw.limit_in_bytes") == 640 * MIB


@pytest.mark.v1
def test_a_limit_that_the_kernel_refuses_ends_the_start(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    # All RAM is charged when the hook writes: shrinking below it is EBUSY.
    extra = policy(memoryHardLimit="32 MiB", memoryMinGuarantee="8 MiB")
    guest = new_guest("tight", extra, immediate=True).defined()
    result = guest.start()
    assert hook_status(result) == 4
    assert guest.name in refusal(result)
    assert guest.traces() == []
    assert xmlresource.guests() == {}


@pytest.mark.v1
@pytest.mark.skipif(not swap_is_counted(), reason="no memsw files here")
def test_apply_changes_a_running_guest_or_nothing(
    xmlresource: Product, new_guest: NewGuest
) -> None:
    guest = new_guest("apply", policy(memoryHardLimit="512 MiB"), immediate=True).running()
    folder = memory_cgroup(guest.process())
    declare_live(guest, hard=640, swap=768)
    assert xmlresource("apply", guest.name).status == 0
    assert read(folder, "memory.limit_in_bytes") == 640 * MIB
    assert read(folder, "memory.memsw.limit_in_bytes") == 768 * MIB
    declare_live(guest, hard=32, swap=896)
    assert xmlresource("apply", guest.name).status == 4
    assert read(folder, "memory.limit_in_bytes") == 640 * MIB
    assert read(folder, "memory.memsw.limit_in_bytes") == 768 * MIB


def declare_live(guest: Guest, *, hard: int, swap: int) -> None:
    """Replace a running guest's metadata, as its administrator would."""
    element = (
        f"<resource><memory><memoryHardLimit unit='MiB'>{hard}</memoryHardLimit>"
        f"<swapHardLimit unit='MiB'>{swap}</swapHardLimit></memory></resource>"
    )
    must(guest.virsh("metadata", "urn:xmlresource:1", "--live", "--key", "xr", "--set", element))


# Whatever is broken on the host


def state_folder_is_a_file() -> None:
    sandbox.remove(sandbox.LEDGER_FOLDER)
    sandbox.LEDGER_FOLDER.write_text("no folder\n")


def configuration_is_broken() -> None:
    sandbox.CONFIGURATION.write_text("host_reserve = = 4\n")


def configuration_is_a_folder() -> None:
    sandbox.remove(sandbox.CONFIGURATION)
    sandbox.CONFIGURATION.mkdir()


def ledger_is_corrupt() -> None:
    for file in sandbox.LEDGER_FOLDER.glob("*"):
        file.write_bytes(b"\0\xff{" * 100)


def ledger_is_gone() -> None:
    sandbox.remove(sandbox.LEDGER_FOLDER)


def nothing_is_broken() -> None:
    pass


FATAL = [state_folder_is_a_file, configuration_is_broken, configuration_is_a_folder]
MENDABLE = [ledger_is_corrupt, ledger_is_gone]


@pytest.mark.parametrize("break_host", [*FATAL, *MENDABLE])
@pytest.mark.usefixtures("xmlresource", "promised")
def test_a_guest_without_a_policy_lives_on_a_broken_host(
    new_guest: NewGuest, break_host: Callable[[], None]
) -> None:
    break_host()
    guest = new_guest("plain").defined()
    assert guest.start().ok
    assert guest.destroy().ok


@pytest.mark.usefixtures("xmlresource")
def test_everything_broken_at_once_stops_no_guest_without_a_policy(new_guest: NewGuest) -> None:
    state_folder_is_a_file()
    configuration_is_broken()
    assert new_guest("plain").defined().start().ok


@pytest.mark.parametrize("break_host", FATAL)
@pytest.mark.usefixtures("xmlresource")
def test_a_guest_with_a_policy_is_refused_on_a_broken_host(
    new_guest: NewGuest, break_host: Callable[[], None]
) -> None:
    break_host()
    guest = new_guest("policy", guarantee(1)).defined()
    result = guest.start()
    assert not result.ok
    line = refusal(result)
    assert guest.name in line
    culprit = "/run/xmlresource" if break_host is state_folder_is_a_file else "xmlresource.toml"
    assert culprit in line
    assert guest.traces() == []


@pytest.mark.usefixtures("xmlresource", "promised")
def test_a_read_only_state_folder_refuses_policies_only(
    libvirt: Libvirt, new_guest: NewGuest
) -> None:
    # Mounted where only libvirtd and its hooks see it.
    folder = sandbox.LEDGER_FOLDER
    inside = libvirt.libvirtd.in_its_namespace
    must(inside("mount", "--bind", folder, folder))
    must(inside("mount", "-o", "remount,bind,ro", folder))
    try:
        plain = new_guest("plain").defined().start()
        with_policy = new_guest("policy", guarantee(1)).defined().start()
    finally:
        must(inside("umount", folder))
    assert plain.ok
    assert "/run/xmlresource" in refusal(with_policy)


@pytest.mark.parametrize("break_ledger", MENDABLE)
def test_a_lost_ledger_is_rebuilt_from_what_runs(
    xmlresource: Product,
    promised: Guest,
    new_guest: NewGuest,
    break_ledger: Callable[[], None],
) -> None:
    break_ledger()
    refused = new_guest("refused", guarantee(FITS_ONCE)).defined()
    assert hook_status(refused.start()) == 3
    fits = new_guest("fits", guarantee(FITS_BESIDE)).running()
    assert xmlresource.guests().keys() == {promised.name, fits.name}


@pytest.mark.parametrize("break_ledger", [nothing_is_broken, *MENDABLE])
def test_guest_and_promise_survive_libvirtd_killed(
    libvirt: Libvirt,
    xmlresource: Product,
    promised: Guest,
    break_ledger: Callable[[], None],
) -> None:
    process = promised.process()
    libvirt.libvirtd.kill()
    break_ledger()
    libvirt.start_libvirtd()
    promised.wait_state("running")
    assert process.alive()
    # The daemon answers before it has taken its guests in; until then the ledger is as it was.
    wait_for(
        "the promise is there",
        lambda: xmlresource("status").ok and promised.name in xmlresource.guests(),
    )
    guest = xmlresource.guests()[promised.name]
    assert guest["state"] == "running"
    assert guest["min_guarantee"] == FITS_ONCE * MIB


@pytest.mark.parametrize("break_host", FATAL)
@pytest.mark.usefixtures("xmlresource")
def test_a_running_guest_survives_libvirtd_killed_on_a_broken_host(
    libvirt: Libvirt, promised: Guest, break_host: Callable[[], None]
) -> None:
    process = promised.process()
    libvirt.libvirtd.kill()
    break_host()
    libvirt.start_libvirtd()
    promised.wait_state("running")
    assert process.alive()


def test_a_guest_that_died_with_libvirtd_frees_its_promise(
    libvirt: Libvirt, xmlresource: Product, promised: Guest, new_guest: NewGuest
) -> None:
    process = promised.process()
    libvirt.libvirtd.kill()
    process.signal(signal.SIGKILL)
    process.wait_gone()
    libvirt.start_libvirtd()
    promised.wait_state("shut off")
    assert new_guest("next", guarantee(FITS_ONCE)).defined().start().ok
    assert promised.name not in xmlresource.guests()


# What is declared


@pytest.mark.usefixtures("xmlresource")
def test_a_malformed_policy_is_refused_with_its_place_and_a_cure(new_guest: NewGuest) -> None:
    content = (
        "<xr:memory><xr:memoryMinGuarantee unit='MiB'>0x10</xr:memoryMinGuarantee></xr:memory>"
    )
    guest = new_guest("malformed", metadata(content)).defined()
    result = guest.start()
    assert not result.ok
    said = result.stderr[result.stderr.index("unexpected exit status") :]
    place = re.search(r":(\d+):(\d+)\b", said)
    assert place is not None, said
    # Where libvirt's own rendering of the definition has the value.
    line = guest.live_xml().splitlines()[int(place[1]) - 1]
    assert line[int(place[2]) - 1 :].startswith(("0x10", "<xr:memoryMinGuarantee"))
    assert "0x10" in said
    assert re.search(r"\bwrite\b|\buse\b|digits|whole number", said), said
    assert guest.traces() == []


@pytest.mark.usefixtures("xmlresource")
def test_a_contradiction_is_refused(new_guest: NewGuest) -> None:
    extra = policy(memoryHardLimit="100 MiB", memoryMinGuarantee="200 MiB")
    result = new_guest("contradiction", extra).defined().start()
    assert not result.ok
    assert "memoryMinGuarantee" in result.stderr or "min_guarantee" in result.stderr


def test_the_rfcs_spelling_works_with_a_warning(xmlresource: Product, new_guest: NewGuest) -> None:
    guest = new_guest("spelling", policy(memoryMinGaurantee=f"{FITS_ONCE} MiB")).running()
    assert xmlresource.guests()[guest.name]["min_guarantee"] == FITS_ONCE * MIB
    validated = xmlresource("validate", "--output-format", "json", guest.file())
    assert '"warning"' in validated.stdout
    assert "memoryMinGuarantee" in validated.stdout


# The command line beside the guests


@pytest.mark.parametrize(
    ("mebibytes", "status"), [(FITS_BESIDE, 0), (FITS_ONCE, 3)], ids=["fits", "refused"]
)
@pytest.mark.usefixtures("promised")
def test_check_tells_what_a_start_would(
    xmlresource: Product, new_guest: NewGuest, mebibytes: int, status: int
) -> None:
    guest = new_guest("asked", guarantee(mebibytes)).defined()
    foretold = xmlresource("check", guest.file())
    assert foretold.status == status
    assert xmlresource.json("check", guest.file())["admitted"] is (status == 0)
    started = guest.start()
    assert started.ok is (status == 0)
    if not started.ok:
        # Alike up to what can be promised, which is measured anew.
        line = refusal(started)
        assert line[: place_of(line, mebibytes * MIB)] in foretold.stdout + foretold.stderr


def test_check_promises_nothing(xmlresource: Product, new_guest: NewGuest) -> None:
    assert xmlresource("check", new_guest("asked", guarantee(FITS_ONCE)).file()).status == 0
    assert xmlresource.guests() == {}


def test_exit_statuses(xmlresource: Product, new_guest: NewGuest) -> None:
    good = new_guest("good", guarantee(FITS_ONCE)).file()
    contradiction = policy(memoryHardLimit="1 MiB", memoryMinGuarantee="2 MiB")
    assert xmlresource("validate", good).status == 0
    assert xmlresource("validate", new_guest("bad", contradiction).file()).status == 1
    assert xmlresource("validate", "/nonexistent.xml").status == 2
    assert xmlresource("no-such-command").status == 2
    assert xmlresource("check", new_guest("big", guarantee(ROOM * 2)).file()).status == 3
    # 4 is test_apply_changes_a_running_guest_or_nothing's.


def test_hook_status_tells_whether_it_is_installed(xmlresource: Product) -> None:
    assert xmlresource("hook", "status").status == 0


def test_hooks_come_and_go_and_libvirtd_notices(
    libvirt: Libvirt, xmlresource: Product, new_guest: NewGuest
) -> None:
    """Without a restart; in libvirtd's namespace, where the product finds the daemon."""
    inside = libvirt.libvirtd.in_its_namespace
    guest = new_guest("noticed", guarantee(2 * ROOM)).defined()
    assert not guest.start().ok
    try:
        must(inside(xmlresource.program, "hook", "uninstall"))
        assert not any("xmlresource" in path for path in hooks.listing())
        assert xmlresource("hook", "status").status != 0
        must(guest.start())
        must(guest.destroy())
    finally:
        must(inside(xmlresource.program, "hook", "install"))

    def refused() -> bool:
        started = guest.start().ok
        return not started or not guest.destroy().ok

    wait_for("libvirtd notices the new hook", refused)


def test_installing_twice_changes_nothing(xmlresource: Product) -> None:
    before = hooks.listing()
    must(xmlresource("hook", "install"))
    assert hooks.listing() == before


# Containers


@pytest.mark.usefixtures("containers")
class TestContainers:
    """The same road for LXC, whose memtune may hold the guarantee, too."""

    @pytest.mark.parametrize(
        "extra",
        [
            guarantee(FITS_ONCE),
            f"<memtune><min_guarantee unit='MiB'>{FITS_ONCE}</min_guarantee></memtune>",
        ],
        ids=["metadata", "memtune"],
    )
    def test_a_container_takes_and_frees_its_promise(
        self, xmlresource: Product, new_guest: NewGuest, extra: str
    ) -> None:
        # libvirt makes <memory> the limit of a container, and no guarantee is above that.
        roomy = partial(container, memory=2 * FITS_ONCE)
        guest = new_guest("container", extra, roomy).running()
        assert xmlresource.guests()[guest.name]["min_guarantee"] == FITS_ONCE * MIB
        refused = new_guest("refused", guarantee(FITS_ONCE)).defined()
        assert guest.name in refusal(refused.start())
        must(guest.destroy())
        assert xmlresource.guests() == {}

    @pytest.mark.v1
    def test_a_containers_limits_are_in_the_kernel(
        self, xmlresource: Product, new_guest: NewGuest
    ) -> None:
        del xmlresource
        guest = new_guest("container", policy(memoryHardLimit="512 MiB"), container).running()
        folder = memory_cgroup(guest.process())
        assert read(folder, "memory.limit_in_bytes") == 512 * MIB
