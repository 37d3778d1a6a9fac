"""The table of what is judged on a host, in the order of its report."""

from collections.abc import Callable, Mapping
from typing import Final

from xmlresource.health import kernel_health, libvirt_health
from xmlresource.health.health_facts import HealthFacts
from xmlresource.health.health_verdict import Health, HealthFinding, Unseen, Verdict

JUDGEMENTS: Final[Mapping[str, Callable[[HealthFacts], Verdict | Unseen]]] = {
    "cgroup-version": kernel_health.cgroup_version,
    "memory-controller": kernel_health.memory_controller,
    "systemd": kernel_health.systemd,
    "machined": kernel_health.machined,
    "apparmor": kernel_health.apparmor,
    "selinux": kernel_health.selinux,
    "denials": kernel_health.denials,
    "memory": kernel_health.memory,
    "hugepages": kernel_health.hugepages,
    "swap": kernel_health.swap,
    "ksm": kernel_health.samepage_merging,
    "zfs-arc": kernel_health.zfs_arc,
    "psi": kernel_health.pressure_information,
    "libvirt": libvirt_health.libvirt,
    "daemons": libvirt_health.daemons,
    "hook": libvirt_health.hook,
    "other-hooks": libvirt_health.other_hooks,
    "hook-calls": libvirt_health.hook_calls,
    "installations": libvirt_health.installations,
    "timer": libvirt_health.timer,
    "configuration": libvirt_health.configuration,
    "ledger": libvirt_health.ledger,
}
"""Each thing by its name, with its judgement."""


def judge(facts: HealthFacts) -> tuple[HealthFinding, ...]:
    """The verdict on each thing, in the order of the table."""
    return tuple(
        HealthFinding(name, _verdict(judgement(facts))) for name, judgement in JUDGEMENTS.items()
    )


def _verdict(found: Verdict | Unseen) -> Verdict:
    return found if isinstance(found, Verdict) else Verdict(Health.UNSEEN, found.reason)
