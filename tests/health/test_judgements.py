"""The verdict on each thing of a host, for each state that it can be in."""

import pytest

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.health.health_facts import (
    ArcFacts,
    ConfinementFacts,
    ControllerFacts,
    DaemonFacts,
    HealthFacts,
    HookFacts,
    InitFacts,
    InstallationFacts,
    LedgerFacts,
    LibvirtFacts,
    MemoryFacts,
    MergingFacts,
    SettingsFacts,
    SwapFacts,
    TimerFacts,
    unseen_facts,
)
from xmlresource.health.health_verdict import Health, Unseen, Verdict
from xmlresource.health.judgements import JUDGEMENTS, judge
from xmlresource.record import replace

GIB = 1 << 30
NOBODY = Unseen("nobody may read it")

QEMU = HookFacts("qemu", "/etc/libvirt/hooks/qemu.d/50-xmlresource", installed=True, current=True)
LXC = HookFacts("lxc", "/etc/libvirt/hooks/lxc.d/50-xmlresource", installed=True, current=True)
CONFINED = ConfinementFacts(apparmor=True, apparmor_denies=False, selinux=None)
MEMORY = MemoryFacts(total=8 * GIB, available=7 * GIB, reserve=GIB)
LIBVIRT = LibvirtFacts(("libvirtd",), (9, 0, 0), (DaemonFacts("libvirtd", 11, sees_hook=True),))
MERGING = MergingFacts(runs=True, saved=GIB)
HEALTHY_INIT = InitFacts(runs_systemd=True, has_machined=True)
PLAIN_INIT = InitFacts(runs_systemd=False, has_machined=False)
TIMER = TimerFacts(installed=True, enabled=True, active=True)

HEALTHY = HealthFacts(
    controller=ControllerFacts(Version.V2),
    init=HEALTHY_INIT,
    confinement=CONFINED,
    has_pressure=True,
    swap=SwapFacts(GIB),
    merging=MergingFacts(runs=False),
    arc=None,
    memory=MEMORY,
    libvirt=LIBVIRT,
    hooks=(QEMU, LXC),
    installations=InstallationFacts("/opt/xmlresource"),
    timer=TIMER,
    ledger=LedgerFacts(None, promises=3),
    settings=SettingsFacts(),
)


def running(*daemons: DaemonFacts) -> LibvirtFacts:
    return replace(LIBVIRT, running=daemons)


def verdict(name: str, **changes: object) -> Verdict:
    """The verdict on one thing of a host that is healthy but for the changes."""
    found = {each.name: each.verdict for each in judge(replace(HEALTHY, **changes))}
    return found[name]


CASES: list[tuple[str, dict[str, object], Health, str]] = [
    ("cgroup-version", {}, Health.FINE, "cgroup v2"),
    ("cgroup-version", {"controller": ControllerFacts(Version.V1)}, Health.WARNING, "cgroup v1"),
    ("cgroup-version", {"controller": NoPlace("not mounted")}, Health.ERROR, "not mounted"),
    ("memory-controller", {}, Health.FINE, "enabled"),
    ("memory-controller", {"controller": NoPlace("not mounted")}, Health.UNSEEN, "cgroup-version"),
    (
        "memory-controller",
        {"controller": ControllerFacts(Version.V2, unavailable="/sys/fs/cgroup")},
        Health.ERROR,
        "/sys/fs/cgroup/cgroup.controllers does not list memory",
    ),
    (
        "memory-controller",
        {"controller": ControllerFacts(Version.V2, disabled_below=("/", "/machine.slice"))},
        Health.ERROR,
        "not enabled below /, /machine.slice",
    ),
    ("systemd", {}, Health.FINE, "systemd"),
    ("systemd", {"init": PLAIN_INIT}, Health.NOTE, "does not run"),
    ("machined", {}, Health.FINE, "started"),
    ("machined", {"init": PLAIN_INIT}, Health.FINE, "not needed"),
    ("machined", {"init": replace(HEALTHY_INIT, has_machined=False)}, Health.WARNING, "masked"),
    ("apparmor", {}, Health.FINE, "lets libvirt run"),
    ("apparmor", {"confinement": replace(CONFINED, apparmor=False)}, Health.FINE, "off"),
    (
        "apparmor",
        {"confinement": replace(CONFINED, apparmor_denies=True)},
        Health.ERROR,
        "/usr/bin",
    ),
    ("selinux", {}, Health.FINE, "off"),
    (
        "selinux",
        {"confinement": replace(CONFINED, selinux="permissive")},
        Health.FINE,
        "permissive",
    ),
    ("selinux", {"confinement": replace(CONFINED, selinux="enforcing")}, Health.NOTE, "enforcing"),
    ("denials", {}, Health.FINE, "none"),
    (
        "denials",
        {"confinement": replace(CONFINED, denials=("a", "b"))},
        Health.ERROR,
        "the last: b",
    ),
    ("denials", {"confinement": replace(CONFINED, denials=NOBODY)}, Health.UNSEEN, "nobody"),
    ("memory", {}, Health.FINE, "8 GiB, of which 1 GiB"),
    ("memory", {"memory": replace(MEMORY, reserve=8 * GIB)}, Health.ERROR, "8 GiB"),
    ("memory", {"memory": replace(MEMORY, reserve=NOBODY)}, Health.UNSEEN, "nobody"),
    ("hugepages", {}, Health.FINE, "no pools"),
    ("hugepages", {"memory": replace(MEMORY, in_pools=GIB)}, Health.FINE, "1 GiB in pools, 0 "),
    (
        "hugepages",
        {"memory": replace(MEMORY, in_pools=6 * GIB, free_in_pools=5 * GIB)},
        Health.WARNING,
        "5 GiB of it free",
    ),
    ("swap", {}, Health.FINE, "never promised"),
    ("swap", {"swap": SwapFacts(0)}, Health.NOTE, "none"),
    ("swap", {"swap": SwapFacts(2 * GIB, zram=GIB)}, Health.NOTE, "1 GiB of it is zram"),
    ("swap", {"swap": SwapFacts(GIB, zswap=True)}, Health.NOTE, "zswap"),
    ("ksm", {}, Health.FINE, "off"),
    ("ksm", {"merging": None}, Health.FINE, "off"),
    ("ksm", {"merging": MERGING}, Health.NOTE, "saves 1 GiB"),
    ("ksm", {"merging": MERGING, "settings": NOBODY}, Health.NOTE, "saves 1 GiB"),
    (
        "ksm",
        {"merging": MERGING, "settings": SettingsFacts(overcommits=True)},
        Health.WARNING,
        "saves 1 GiB",
    ),
    ("zfs-arc", {}, Health.FINE, "no ZFS"),
    ("zfs-arc", {"arc": ArcFacts(3 * GIB, GIB)}, Health.NOTE, "3 GiB, 2 GiB of which"),
    ("psi", {}, Health.FINE, "tells"),
    ("psi", {"has_pressure": False}, Health.NOTE, "does not tell"),
    ("libvirt", {}, Health.FINE, "libvirt 9.0.0"),
    ("libvirt", {"libvirt": replace(LIBVIRT, programs=())}, Health.ERROR, "no libvirt"),
    ("libvirt", {"libvirt": replace(LIBVIRT, version=NOBODY)}, Health.UNSEEN, "nobody"),
    ("libvirt", {"libvirt": replace(LIBVIRT, version=(6, 4, 9))}, Health.ERROR, "6.4.9"),
    ("libvirt", {"libvirt": replace(LIBVIRT, version=(6, 5, 0))}, Health.FINE, "6.5.0"),
    ("daemons", {}, Health.FINE, "libvirtd (11)"),
    ("daemons", {"libvirt": running()}, Health.NOTE, "none runs"),
    (
        "daemons",
        {
            "libvirt": running(
                DaemonFacts("virtqemud", 5, sees_hook=True),
                DaemonFacts("virtqemud", 6, sees_hook=False),
            )
        },
        Health.ERROR,
        "virtqemud (6)",
    ),
    (
        "daemons",
        {
            "libvirt": running(
                DaemonFacts("virtqemud", 5, sees_hook=True),
                DaemonFacts("libvirtd", 6, sees_hook=None),
            )
        },
        Health.WARNING,
        "libvirtd and virtqemud",
    ),
    (
        "daemons",
        {
            "libvirt": running(
                DaemonFacts("virtqemud", 5, sees_hook=True),
                DaemonFacts("virtlxcd", 6, sees_hook=True),
            )
        },
        Health.FINE,
        "virtqemud (5), virtlxcd (6)",
    ),
    (
        "daemons",
        {"libvirt": running(DaemonFacts("libvirtd", 6, sees_hook=None))},
        Health.UNSEEN,
        "as root",
    ),
    ("hook", {}, Health.FINE, "qemu, lxc"),
    ("hook", {"hooks": (QEMU, replace(LXC, installed=False))}, Health.ERROR, "for lxc"),
    ("hook", {"hooks": (replace(QEMU, executable=False), LXC)}, Health.ERROR, "not executable"),
    ("hook", {"hooks": (replace(QEMU, missing="/opt/py"), LXC)}, Health.ERROR, "needs /opt/py"),
    ("hook", {"hooks": (replace(QEMU, current=False), LXC)}, Health.WARNING, "another version"),
    (
        "hook",
        {"hooks": (replace(QEMU, current=False), replace(LXC, missing="/opt/py"))},
        Health.ERROR,
        "needs /opt/py",
    ),
    ("other-hooks", {}, Health.FINE, "none"),
    ("other-hooks", {"hooks": (replace(QEMU, neighbours=("/a",)), LXC)}, Health.NOTE, "/a"),
    (
        "other-hooks",
        {"hooks": (replace(QEMU, neighbours=("/a",), unusable_neighbours=("/a",)), LXC)},
        Health.WARNING,
        "/a is not executable",
    ),
    (
        "other-hooks",
        {"hooks": (replace(QEMU, neighbours=("/a",), doubled=("/a",)), LXC)},
        Health.WARNING,
        "/a calls xmlresource",
    ),
    ("hook-calls", {}, Health.FINE, "every running guest"),
    ("hook-calls", {"ledger": LedgerFacts("damaged")}, Health.UNSEEN, "ledger"),
    ("hook-calls", {"ledger": LedgerFacts(None, unpromised=NOBODY)}, Health.UNSEEN, "nobody"),
    (
        "hook-calls",
        {"ledger": LedgerFacts(None, unpromised=tuple("abcdefg"))},
        Health.ERROR,
        "7 running guests declare a guarantee and have no promise: a, b, c, d, e, …",
    ),
    ("installations", {}, Health.FINE, "/opt/xmlresource"),
    (
        "installations",
        {"installations": InstallationFacts("/opt/x", (("/usr/lib/x", "the qemu hook"),))},
        Health.WARNING,
        "the qemu hook: /usr/lib/x",
    ),
    ("timer", {}, Health.FINE, "once a minute"),
    ("timer", {"init": PLAIN_INIT}, Health.FINE, "not needed"),
    ("timer", {"init": NOBODY}, Health.UNSEEN, "nobody"),
    ("timer", {"timer": TimerFacts(installed=False)}, Health.WARNING, "not installed"),
    ("timer", {"timer": replace(TIMER, enabled=False)}, Health.WARNING, "not enabled"),
    ("timer", {"timer": replace(TIMER, active=False)}, Health.WARNING, "stopped"),
    ("timer", {"timer": replace(TIMER, active=NOBODY)}, Health.UNSEEN, "nobody"),
    ("configuration", {}, Health.FINE, "the defaults"),
    ("configuration", {"settings": SettingsFacts(path="/etc/x")}, Health.FINE, "/etc/x"),
    ("configuration", {"settings": SettingsFacts("line 3", "mend it")}, Health.ERROR, "line 3"),
    ("ledger", {}, Health.FINE, "3 promises"),
    ("ledger", {"ledger": LedgerFacts("damaged")}, Health.ERROR, "damaged"),
    ("ledger", {"ledger": LedgerFacts(None, corrupt=("/run/x-1",))}, Health.WARNING, "/run/x-1"),
]


@pytest.mark.parametrize(("name", "changes", "state", "told"), CASES)
def test_a_verdict(name: str, changes: dict[str, object], state: Health, told: str) -> None:
    found = verdict(name, **changes)
    assert (found.state, told in found.found) == (state, True), found


@pytest.mark.parametrize(("name", "changes", "state", "told"), CASES)
def test_a_fault_says_what_follows_and_the_cure(
    name: str,
    changes: dict[str, object],
    state: Health,
    told: str,  # noqa: ARG001 -- of the same table
) -> None:
    found = verdict(name, **changes)
    if state in {Health.WARNING, Health.ERROR}:
        assert found.follows
        assert found.cure
    if state is Health.NOTE:
        assert found.follows
    if state in {Health.FINE, Health.UNSEEN}:
        assert not found.cure


def test_names_of_guests_are_cut_and_disarmed() -> None:
    names = LedgerFacts(None, unpromised=("a" * 100 + "\x1b[31m", "\x1b[31m"))
    found = verdict("hook-calls", ledger=names).found
    assert found.isprintable()
    assert "a" * 47 + "…" in found


def test_a_healthy_host_has_nothing_to_cure() -> None:
    assert {each.verdict.state for each in judge(HEALTHY)} == {Health.FINE}


def test_every_judgement_is_tested_in_more_than_one_state() -> None:
    states = {name: {state for each, _, state, _ in CASES if each == name} for name in JUDGEMENTS}
    assert [name for name, found in states.items() if len(found) < 2] == []


@pytest.mark.parametrize("field", HealthFacts.__slots__)
def test_what_can_not_be_read_is_said_and_hides_nothing_else(field: str) -> None:
    found = judge(replace(HEALTHY, **{field: NOBODY}))
    assert [each.name for each in found] == list(JUDGEMENTS)
    unseen = [each for each in found if each.verdict.state is Health.UNSEEN]
    assert unseen
    assert {each.verdict.found for each in unseen} == {NOBODY.reason}
    assert all(each.verdict.state in {Health.FINE, Health.UNSEEN} for each in found)


def test_nothing_can_be_read() -> None:
    blind = unseen_facts(NOBODY.reason)
    assert {each.verdict.state for each in judge(blind)} == {Health.UNSEEN}
