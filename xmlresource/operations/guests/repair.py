"""Find out again what the cgroups above the guests have to carry."""

from collections.abc import Iterable

from xmlresource.cgroup.ancestors import AncestorProtection
from xmlresource.cgroup.hierarchy import NoPlace, Version, ancestors, slice_group
from xmlresource.operations.ancestors.protection import recorded_protection
from xmlresource.operations.ancestors.recovery import noticed, recovered
from xmlresource.operations.ancestors.release import has_weights
from xmlresource.operations.ancestors.weighed_folders import noticed_weights
from xmlresource.operations.host import Host
from xmlresource.operations.promises.ledger_upkeep import bring_up_to_date
from xmlresource.promises.promise import Promise
from xmlresource.system.cgroups import cgroup_files, places
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import unit_files


def take_notice(host: Host) -> None:
    """Remember what the administrator configures now, and again what was forgotten.

    Raises:
        StateError: The ledger can't be used.
        OSError: A kernel file can't be read.
    """
    _take_notice_of_memory(host)
    if has_weights(host.state.snapshot_chain()):
        with host.transaction() as transaction:
            text = transaction.read_chain()
            chain = recorded_protection(text, transaction.ledger.boot_id)
            if chain is not None:
                fresh = noticed_weights(host.machine, chain).encode()
                if fresh != text:
                    transaction.keep_chain(fresh)


def _take_notice_of_memory(host: Host) -> None:
    controller = places.host_controller(host.machine)
    if isinstance(controller, NoPlace) or controller.version is Version.V1:
        return
    with host.transaction() as transaction:
        promises = bring_up_to_date(host, transaction)
        chain = recorded_protection(transaction.read_chain(), transaction.ledger.boot_id)
        groups = _groups(host.machine, promises)
        groups |= set() if chain is None else {cgroup for cgroup, _ in chain.parts}
        place = places.above_guests(host.machine, groups)
        if isinstance(place, NoPlace):
            return
        if chain is None:
            state = cgroup_files.read_state(host.machine, place)
            chain = recovered(host.machine, place, state, promises, transaction.ledger.boot_id)
        text = noticed(host.machine, place, chain).encode()
        if text != (transaction.read_chain() or AncestorProtection(chain.boot_id).encode()):
            transaction.keep_chain(text)


def _groups(machine: Machine, promises: Iterable[Promise]) -> set[str]:
    """The cgroups that may carry promises: above promised guests, and slices with our drop-in."""
    above = {group for each in promises if each.cgroup for group in ancestors(each.cgroup)}
    slices = {slice_group(unit) for unit in unit_files.with_our_drop_in(machine)}
    return {group for group in above if not group.endswith(".scope")} | slices
