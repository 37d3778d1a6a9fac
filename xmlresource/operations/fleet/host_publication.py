"""Make the report of this host: what it publishes to its fleet."""

from collections.abc import Iterable, Iterator
from typing import Final

import xmlresource
from xmlresource.admission.reserve import host_reserve
from xmlresource.admission.weights.cpu.cpu_decision import CpuCap
from xmlresource.admission.weights.weight_tree import WeighedGuest
from xmlresource.cgroup.cpu_and_io.expected_cgroup import cgroups_above, competing
from xmlresource.cgroup.hierarchy import Controller, NoPlace, partition_groups
from xmlresource.fleet.host_report import CpuReport, HostReport, RecentRefusal
from xmlresource.fleet.report_reader import LONGEST_REASON, MOST_REFUSALS
from xmlresource.model.events import REFUSED
from xmlresource.model.host import AncestorLimit
from xmlresource.operations.administration.history import history
from xmlresource.operations.ancestors.divided import CpuTime
from xmlresource.operations.ancestors.weighed_folders import read_folders
from xmlresource.operations.fleet.published_guests import guests_to_publish
from xmlresource.operations.host import Host, open_host
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.operations.promises.weighed.cpu_admission import reserve_of
from xmlresource.promises.promise import Promise
from xmlresource.promises.promise_line import LONGEST_NAME
from xmlresource.system.cgroups import charges, cpu_weights, places
from xmlresource.system.cgroups.partition_folders import partition_folders
from xmlresource.system.hardware.cpu_facts import read_cpus
from xmlresource.system.host_facts import HostError, node_numbers, read_host
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine

_DAY: Final = 24 * 3600
_HOST_NAME: Final = "/proc/sys/kernel/hostname"


def host_report(machine: Machine = Machine()) -> HostReport:  # noqa: B008 -- immutable
    """What this host publishes, now. Nothing is written, no lock is taken.

    Raises:
        ConfigurationError: The host's configuration can't be used.
        HostError: The host does not tell what must be known.
        StateError: The ledger of promises can't be read.
        OSError: A kernel file can't be read.
    """
    # Before anything is read: what a message says is never older than its number.
    sequence = guests.microseconds_since_boot()
    host = open_host(machine)
    promises = current_promises(machine, host.state)
    facts = read_host(machine, nodes=node_numbers(machine), pools=True, page_size=places.PAGE_SIZE)
    promised, unpromised = guests_to_publish(host, promises)
    controller = places.host_controller(machine)
    root = None if isinstance(controller, NoPlace) else controller.root
    return HostReport(
        name=host.configuration.fleet.host or machine.read_text(_HOST_NAME).strip(),
        boot_id=guests.boot_id(machine),
        sequence=sequence,
        made=guests.seconds_since_1970(),
        program=xmlresource.__version__,
        facts=facts,
        reserve=host_reserve(facts.memory.total, host.configuration.host_reserve),
        commit_ratio=host.configuration.commit_ratio,
        budgets=host.configuration.partitions,
        counts_unpromised=host.configuration.count_unpromised,
        root=root,
        systemd=places.systemd_runs(machine),
        limits=()
        if isinstance(controller, NoPlace)
        else tuple(_limits(host, controller, promises)),
        cpu=_cpu(host, promises),
        guests=promised,
        unpromised=unpromised,
        refusals=tuple(_refusals(machine)),
    )


def _refusals(machine: Machine) -> Iterator[RecentRefusal]:
    since = guests.seconds_since_1970() - _DAY
    records = history(since=since, limit=None, machine=machine).records
    refused = [each for each in records if each["event"] == REFUSED]
    for each in refused[-MOST_REFUSALS:]:
        yield RecentRefusal(
            time=each["time"],
            guest=str(each.get("guest", ""))[:LONGEST_NAME],
            reason=str(each.get("message", "")).partition("\n")[0][:LONGEST_REASON],
        )


def _groups(host: Host, controller: Controller, promises: Iterable[Promise]) -> dict[str, None]:
    """The cgroups below the mount in which a guest may be, each once."""
    partitions = [None, *(each.path for each in host.configuration.partitions)]
    partitions += [each.partition for each in promises]
    found = dict.fromkeys(group for each in partitions for group in _groups_of(each))
    return found | dict.fromkeys(partition_folders(host.machine, controller))


def _groups_of(partition: str | None) -> tuple[str, ...]:
    try:
        return partition_groups(partition)
    except ValueError:
        return ()  # the administrator's budget for a partition that can't be


def _limits(
    host: Host, controller: Controller, promises: tuple[Promise, ...]
) -> Iterator[AncestorLimit]:
    cgroups = map(controller.mounted, _groups(host, controller, promises))
    yield from charges.ancestor_limits(host.machine, controller, cgroups, places.PAGE_SIZE)


def _cpu(host: Host, promises: tuple[Promise, ...]) -> CpuReport | None:
    machine = host.machine
    try:
        facts = read_cpus(machine)
        _, reserve = reserve_of(host)
    except HostError:
        return None
    controller = cpu_weights.cpu_controller(machine)
    if isinstance(controller, NoPlace):
        return CpuReport(facts.online, reserve, facts.isolated, obstacle=controller.reason)
    groups = _groups(host, controller, promises)
    guaranteed = [
        competing(each.cpu.cgroup)
        for each in promises
        if each.cpu is not None and each.cpu.cgroup is not None
    ]
    paths = [*guaranteed, *(f"{controller.mounted(group)}/new" for group in groups)]
    folders = read_folders(
        host, CpuTime(machine, controller), [WeighedGuest(each, 1, 1) for each in paths]
    )
    return CpuReport(
        online=facts.online,
        reserve=reserve,
        isolated=facts.isolated,
        usual_weight=facts.usual_weight,
        allowed={
            group: allowed
            for group in groups
            if (allowed := read_cpus(machine, (group,)).allowed) is not None
        },
        controller=controller,
        caps=tuple(_caps(machine, controller, paths)),
        folders=folders,
    )


def _caps(machine: Machine, controller: Controller, paths: Iterable[str]) -> Iterator[CpuCap]:
    above = dict.fromkeys(each for path in paths for each in cgroups_above(path))
    for cgroup in dict.fromkeys((controller.root, *above)):
        limit = None
        if cgroup == controller.root or cgroup.startswith(controller.root.rstrip("/") + "/"):
            limit = cpu_weights.cap(machine, controller, cgroup)
        if limit is not None:
            yield CpuCap(cgroup, limit)
