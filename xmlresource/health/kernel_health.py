"""Judgements of the kernel and the init system: controllers, confinement, pressure, memory."""

from xmlresource.cgroup.hierarchy import NoPlace, Version
from xmlresource.health.health_facts import HealthFacts
from xmlresource.health.health_verdict import Unseen, Verdict, error, fine, note, warning
from xmlresource.units import approximate

_UNIFIED = "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"
_DENIED_HOOK = "libvirt can't run the hook: every guest with a policy is refused"


def cgroup_version(facts: HealthFacts) -> Verdict | Unseen:
    """The version of the hierarchy that has the memory controller."""
    controller = facts.controller
    if isinstance(controller, Unseen):
        return controller
    if isinstance(controller, NoPlace):
        return error(
            f"no memory controller: {controller.reason}",
            "no policy can be put in force, so every guest that declares one fails to start",
            "remove cgroup_disable=memory from the kernel's command line, and mount cgroup2",
        )
    if controller.version is Version.V1:
        return warning(
            "the memory controller is on cgroup v1",
            "a guarantee is checked at the start, but v1 has no file that protects memory: under "
            "pressure the kernel may swap it out; swap_soft_limit can't be enforced",
            _UNIFIED,
        )
    return fine("the memory controller is on cgroup v2")


def memory_controller(facts: HealthFacts) -> Verdict | Unseen:
    """The memory controller, enabled for every cgroup on the way to the guests."""
    controller = facts.controller
    if isinstance(controller, Unseen):
        return controller
    if isinstance(controller, NoPlace):
        return Unseen("there is no memory controller (cgroup-version)")
    if controller.unavailable is not None:
        return error(
            f"{controller.unavailable}/cgroup.controllers does not list memory",
            "no policy can be put in force, so every guest that declares one fails to start",
            "remove cgroup_disable=memory from the kernel's command line; in a container, have "
            "its manager delegate the memory controller",
        )
    if controller.disabled_below:
        cgroups = ", ".join(controller.disabled_below)
        return error(
            f"the memory controller is not enabled below {cgroups}",
            "guests there have no memory files: a policy can't be put in force",
            "set DefaultMemoryAccounting=yes in /etc/systemd/system.conf, or write +memory to "
            "cgroup.subtree_control there",
        )
    return fine("enabled on the way to the guests")


def systemd(facts: HealthFacts) -> Verdict | Unseen:
    """The init system, which owns the values of slices."""
    if isinstance(facts.init, Unseen):
        return facts.init
    if facts.init.runs_systemd:
        return fine("systemd runs this host")
    return note(
        "systemd does not run this host",
        "values of cgroups above guests are written to their files, and there is no timer that "
        "repairs them",
        "run `xmlresource apply --all` from cron",
    )


def machined(facts: HealthFacts) -> Verdict | Unseen:
    """systemd-machined, which makes the scopes of guests."""
    if isinstance(facts.init, Unseen):
        return facts.init
    if not facts.init.runs_systemd:
        return fine("not needed without systemd")
    if facts.init.has_machined:
        return fine("libvirt can have it started")
    return warning(
        "systemd-machined is not installed, or masked",
        "libvirt puts guests into cgroups that systemd does not know of: it may reset what stands "
        "above them",
        "install systemd-container, unmask systemd-machined.service, restart libvirt's daemon",
    )


def apparmor(facts: HealthFacts) -> Verdict | Unseen:
    """AppArmor's profile of the daemon that runs the hook."""
    if isinstance(facts.confinement, Unseen):
        return facts.confinement
    if not facts.confinement.apparmor:
        return fine("off")
    if facts.confinement.apparmor_denies:
        return error(
            "the profile of libvirtd lets it run only what is in /usr/bin, and the hook's "
            "interpreter is not",
            _DENIED_HOOK,
            "install into a virtual environment made by /usr/bin/python3, then `xmlresource hook "
            "install`; or allow that interpreter in /etc/apparmor.d/local/usr.sbin.libvirtd",
        )
    return fine("on; it lets libvirt run the hook's interpreter")


def selinux(facts: HealthFacts) -> Verdict | Unseen:
    """SELinux, in whose domain for libvirt the hook runs."""
    if isinstance(facts.confinement, Unseen):
        return facts.confinement
    if facts.confinement.selinux is None:
        return fine("off")
    if facts.confinement.selinux != "enforcing":
        return fine("on, and denies nothing (permissive)")
    return note(
        "enforcing",
        "the hook runs in libvirt's domain; what that denies, the hook can't do",
        "restorecon -R /etc/libvirt/hooks; after a refusal see ausearch -m avc -ts recent",
    )


def denials(facts: HealthFacts) -> Verdict | Unseen:
    """Denials in the kernel's log that name the hook."""
    if isinstance(facts.confinement, Unseen):
        return facts.confinement
    found = facts.confinement.denials
    if isinstance(found, Unseen):
        return found
    if not found:
        return fine("the kernel's log tells of none")
    return error(
        f"{len(found)} in the kernel's log, the last: {found[-1]}",
        _DENIED_HOOK + ", or fails half way",
        "allow it in the profile of the daemon (/etc/apparmor.d/local/), or by an SELinux module",
    )


def pressure_information(facts: HealthFacts) -> Verdict | Unseen:
    """Pressure stall information (PSI)."""
    if isinstance(facts.has_pressure, Unseen):
        return facts.has_pressure
    if facts.has_pressure:
        return fine("the kernel tells it")
    return note(
        "the kernel does not tell it",
        "`status` shows no pressure, and `reclaim` can't stop when guests begin to wait for memory",
        "boot with psi=1 on the kernel's command line",
    )


def memory(facts: HealthFacts) -> Verdict | Unseen:
    """The memory of the host, and the host reserve."""
    found = facts.memory
    if isinstance(found, Unseen):
        return found
    if isinstance(found.reserve, Unseen):
        return found.reserve
    what = (
        f"{approximate(found.total)}, of which {approximate(found.reserve)} are kept for the host"
        f" and {approximate(found.available)} are available"
    )
    if found.reserve + found.in_pools >= found.total:
        return error(
            what,
            "nothing can be promised: every guest with a guarantee is refused",
            "lower host_reserve in /etc/xmlresource.toml, or the hugepage pools",
        )
    return fine(what)


def hugepages(facts: HealthFacts) -> Verdict | Unseen:
    """The hugepage pools, which no other memory can be taken from."""
    found = facts.memory
    if isinstance(found, Unseen):
        return found
    if not found.in_pools:
        return fine("no pools")
    what = f"{approximate(found.in_pools)} in pools, {approximate(found.free_in_pools)} of it free"
    follows = "what is in pools is not promised to guests whose RAM is on ordinary pages"
    if found.free_in_pools * 2 > found.total:
        return warning(
            what,
            f"{follows}: more than half of the host's memory lies idle",
            "lower vm.nr_hugepages, or give guests <memoryBacking><hugepages/></memoryBacking>",
        )
    return fine(what, follows)


def swap(facts: HealthFacts) -> Verdict | Unseen:
    """The swap, which is never promised."""
    found = facts.swap
    if isinstance(found, Unseen):
        return found
    if not found.total:
        return note(
            "none",
            "under pressure the kernel can take only page cache from guests, then it kills one",
            "give the host some swap if guests without a guarantee may take more than there is",
        )
    what = f"{approximate(found.total)}; it is never promised"
    if found.zram:
        return note(
            f"{what}; {approximate(found.zram)} of it is zram",
            "what is swapped out to zram stays in RAM, compressed: it counts as used memory, and "
            "no guest's cgroup is charged for it",
            "raise host_reserve by what zram may take (zramctl shows it)",
        )
    if found.zswap:
        return note(
            f"{what}; zswap is on",
            "what is swapped out may stay in RAM, compressed, and is then charged to the guest's "
            "cgroup at its compressed size",
        )
    return fine(what)


def samepage_merging(facts: HealthFacts) -> Verdict | Unseen:
    """Kernel samepage merging, which may end at any write."""
    found = facts.merging
    if isinstance(found, Unseen):
        return found
    if found is None or not found.runs:
        return fine("off")
    what = f"on; it saves {approximate(found.saved)} now"
    follows = "merged memory counts as available, and is needed again when guests write to it"
    if not isinstance(facts.settings, Unseen) and facts.settings.overcommits:
        return warning(
            what,
            f"{follows}; with commit_ratio above 1 guarantees may then not be kept",
            "set commit_ratio = 1.0 in /etc/xmlresource.toml",
        )
    return note(what, f"{follows}; guarantees are promised without it, so they hold")


def zfs_arc(facts: HealthFacts) -> Verdict | Unseen:
    """The cache of ZFS, which the kernel counts as used."""
    found = facts.arc
    if isinstance(found, Unseen):
        return found
    if found is None:
        return fine("no ZFS")
    gives = max(0, found.size - found.least)
    return note(
        f"the ARC has {approximate(found.size)}, {approximate(gives)} of which it gives back "
        "under pressure",
        "MemAvailable leaves out all of it, so a guest may be refused (rule physical) for which "
        "the ARC would have given way",
        "bound it by the module's parameter zfs_arc_max",
    )
