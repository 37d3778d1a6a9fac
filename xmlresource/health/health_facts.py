"""The facts of a host that decide whether it is able to keep guarantees.

A fact that could not be read is :class:`Unseen`; ``None`` is what is not there. Sizes are in bytes.
"""

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.health.health_verdict import Unseen
from xmlresource.record import record


@record
class ControllerFacts:
    """The memory controller as it is mounted.

    Attributes:
        version: Its interface.
        unavailable: The mount point where v2 lists no memory controller; ``None`` where it does.
        disabled_below: Cgroups above guests that have children and do not hand the memory
            controller on to them (``cgroup.subtree_control``); always empty on v1.
    """

    version: Version
    unavailable: str | None = None
    disabled_below: tuple[str, ...] = ()


@record
class InitFacts:
    """The init system.

    Attributes:
        runs_systemd: Whether systemd runs this host.
        has_machined: Whether systemd-machined can be started when libvirt asks for it.
    """

    runs_systemd: bool
    has_machined: bool


@record
class ConfinementFacts:
    """The security modules that may keep libvirt from running the hook.

    Attributes:
        apparmor: Whether AppArmor is enabled.
        apparmor_denies: Whether its profile of libvirtd lets no daemon run the hook's interpreter.
        selinux: ``enforcing``, ``permissive``, or ``None`` where it is off.
        denials: The kernel's last messages of denials that name the hook, the newest last.
    """

    apparmor: bool
    apparmor_denies: bool
    selinux: str | None
    denials: tuple[str, ...] | Unseen = ()


@record
class SwapFacts:
    """The swap.

    Attributes:
        total: All of it.
        zram: The part of it that is compressed RAM.
        zswap: Whether pages that are swapped out are kept compressed in RAM first.
    """

    total: int
    zram: int = 0
    zswap: bool = False


@record
class MergingFacts:
    """Kernel samepage merging (KSM).

    Attributes:
        runs: Whether it merges.
        saved: The memory that merged pages would take if they differed.
    """

    runs: bool
    saved: int = 0


@record
class ArcFacts:
    """The cache of ZFS.

    Attributes:
        size: Its size now.
        least: The size below which it does not shrink.
    """

    size: int
    least: int


@record
class MemoryFacts:
    """The memory that can be promised.

    Attributes:
        total: MemTotal.
        available: MemAvailable.
        reserve: What is kept for the host; :class:`Unseen` where the settings can't be used.
        in_pools: What hugepage pools take.
        free_in_pools: What of that no guest has.
    """

    total: int
    available: int
    reserve: int | Unseen
    in_pools: int = 0
    free_in_pools: int = 0


@record
class DaemonFacts:
    """A running libvirt daemon.

    Attributes:
        name: The program.
        pid: Its process.
        sees_hook: Whether its root shows the hook that is in ours; ``None`` where nobody can tell.
    """

    name: str
    pid: int
    sees_hook: bool | None


@record
class LibvirtFacts:
    """The installed libvirt.

    Attributes:
        programs: The daemons that are installed, such as ``libvirtd``, ``virtqemud``.
        version: Three numbers.
        running: The daemons that run.
    """

    programs: tuple[str, ...]
    version: tuple[int, int, int] | Unseen
    running: tuple[DaemonFacts, ...]


@record
class HookFacts:
    """One driver's hook.

    Attributes:
        driver: ``qemu`` or ``lxc``.
        path: Where it belongs.
        installed: Whether there is one.
        current: Whether it is the one that this installation would install.
        executable: Whether libvirt may run it.
        missing: What it needs and is not there, a path; ``None`` where all is there.
        neighbours: Other scripts that libvirt runs for this driver, by path.
        unusable_neighbours: Those that libvirt can't run: they are not executable.
        doubled: The neighbours that call xmlresource as well.
    """

    driver: str
    path: str
    installed: bool
    current: bool = False
    executable: bool = True
    missing: str | None = None
    neighbours: tuple[str, ...] = ()
    unusable_neighbours: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()


@record
class InstallationFacts:
    """The places where this program is installed, or from where it is run.

    Attributes:
        own: The folder of the package that runs now.
        others: Other folders, each with who uses it: ``the qemu hook``, ``the timer``.
    """

    own: str
    others: tuple[tuple[str, str], ...] = ()


@record
class TimerFacts:
    """The systemd timer that repairs what has gone astray.

    Attributes:
        installed: Whether its unit is there.
        enabled: Whether it starts at boot.
        active: Whether it runs now.
    """

    installed: bool
    enabled: bool = False
    active: bool | Unseen = True


@record
class LedgerFacts:
    """The ledger of promises.

    Attributes:
        fault: Why it can't be used; ``None`` where it can.
        promises: How many stand in it.
        corrupt: Ledgers that were set aside because they were damaged, by path.
        unpromised: Running guests that declare a guarantee and have no promise, by name.
    """

    fault: str | None
    promises: int = 0
    corrupt: tuple[str, ...] = ()
    unpromised: tuple[str, ...] | Unseen = ()


@record
class SettingsFacts:
    """The settings in ``/etc/xmlresource.toml``.

    Attributes:
        problem: What is wrong; ``None`` where nothing is.
        cure: What to do about it.
        overcommits: Whether more may be promised than there is (``commit_ratio`` above 1).
        path: The file; ``None`` where there is none, and the defaults hold.
    """

    problem: str | None = None
    cure: str = ""
    overcommits: bool = False
    path: str | None = None


@record
class HealthFacts:
    """All that the judgements depend on.

    Attributes:
        controller: The memory controller; :class:`NoPlace` where there is none.
        init: The init system.
        confinement: The security modules.
        has_pressure: Whether the kernel tells pressure (PSI).
        swap: The swap.
        merging: Samepage merging; ``None`` where the kernel has none.
        arc: ZFS's cache; ``None`` where there is none.
        memory: The memory.
        libvirt: The installed libvirt.
        hooks: The hook of each driver.
        installations: Where the program is installed.
        timer: The timer.
        ledger: The ledger.
        settings: The settings.
    """

    controller: ControllerFacts | NoPlace | Unseen
    init: InitFacts | Unseen
    confinement: ConfinementFacts | Unseen
    has_pressure: bool | Unseen
    swap: SwapFacts | Unseen
    merging: MergingFacts | Unseen | None
    arc: ArcFacts | Unseen | None
    memory: MemoryFacts | Unseen
    libvirt: LibvirtFacts | Unseen
    hooks: tuple[HookFacts, ...] | Unseen
    installations: InstallationFacts | Unseen
    timer: TimerFacts | Unseen
    ledger: LedgerFacts | Unseen
    settings: SettingsFacts | Unseen


def unseen_facts(reason: str) -> HealthFacts:
    """Facts of which none is known yet, for whoever judges a few things alone."""
    nothing = Unseen(reason)
    return HealthFacts(
        controller=nothing,
        init=nothing,
        confinement=nothing,
        has_pressure=nothing,
        swap=nothing,
        merging=nothing,
        arc=nothing,
        memory=nothing,
        libvirt=nothing,
        hooks=nothing,
        installations=nothing,
        timer=nothing,
        ledger=nothing,
        settings=nothing,
    )
