"""The JSON object that a host publishes, version 1; schemas/fleet-host.schema.json describes it.

What is unset is left out. Reading it back is ``report_reader``'s business.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.cgroup.hierarchy import Controller
from xmlresource.fleet.host_report import (
    FORMAT,
    VERSION,
    CpuReport,
    HostReport,
    PublishedGuest,
    RecentRefusal,
)
from xmlresource.model.host import AncestorLimit, HugepagePool, MemoryRegion
from xmlresource.promises.promise import Promise
from xmlresource.promises.promise_line import fields_of
from xmlresource.record import replace

Fields: TypeAlias = dict[str, Any]

# Of a demand, keys and fields have the same names.
_DEMAND_SIZES: Final = ("guarantee", "ram", "ordinary", "at_once", "pinned", "most_ram", "priority")


def report_as_fields(report: HostReport) -> Fields:
    """The object."""
    fields: Fields = {
        "format": FORMAT,
        "version": VERSION,
        "name": report.name,
        "boot_id": report.boot_id,
        "sequence": report.sequence,
        "made": report.made,
        "program": report.program,
        "memory": {
            **_region(report.facts.memory),
            "reserve": report.reserve,
            "swap_total": report.facts.swap_total,
            "page_size": report.facts.page_size,
        },
        "nodes": [
            {"node": number, **_region(region)} for number, region in report.facts.nodes.items()
        ],
        "terms": {
            "commit_ratio": report.commit_ratio,
            "count_unpromised": report.counts_unpromised,
            "partitions": {each.path: each.size for each in report.budgets},
        },
        "systemd": report.systemd,
        "limits": [_limit(each) for each in report.limits],
        "guests": [guest_as_fields(each) for each in report.guests],
        "unpromised": [guest_as_fields(each) for each in report.unpromised],
        "refusals": [_refusal(each) for each in report.refusals],
    }
    if report.facts.default_hugepage is not None:
        fields["memory"]["default_hugepage"] = report.facts.default_hugepage
    if report.root is not None:
        fields["root"] = report.root
    if report.cpu is not None:
        fields["cpu"] = _cpu(report.cpu)
    return fields


def promise_as_fields(promise: Promise) -> Fields:
    """A promise without what means something on its host alone."""
    return fields_of(replace(promise, process=None, caller=None, since=None))


def demand_as_fields(demand: Demand) -> Fields:
    """What a guest asks for, besides its name, uuid and driver."""
    fields: Fields = {name: getattr(demand, name) for name in _DEMAND_SIZES}
    if demand.nodes:
        fields["nodes"] = [_node_demand(each) for each in demand.nodes]
    if demand.hugepages:
        fields["hugepages"] = [_hugepage_demand(each) for each in demand.hugepages]
    for name in ("taken_by", "pinned_by"):
        if reasons := getattr(demand, name):
            fields[name] = list(reasons)
    return fields


def _region(region: MemoryRegion) -> Fields:
    return {
        "total": region.total,
        "available": region.available,
        "hugepages": region.hugepage_bytes,
        "pools": [_pool(each) for each in region.pools],
    }


def _pool(pool: HugepagePool) -> Fields:
    return {"page_size": pool.page_size, "total": pool.total, "free": pool.free}


def _limit(limit: AncestorLimit) -> Fields:
    return {
        "path": limit.path,
        "limit": limit.limit,
        "usage": limit.usage,
        "reclaimable": limit.reclaimable,
    }


def guest_as_fields(guest: PublishedGuest) -> Fields:
    """A guest that is on the host."""
    fields = promise_as_fields(guest.held.promise)
    fields["charged"] = guest.held.charged
    fields["reclaimable"] = guest.held.reclaimable
    if guest.demand is not None:
        fields["demand"] = demand_as_fields(guest.demand)
    if guest.fixed_by:
        fields["fixed_by"] = list(guest.fixed_by)
    return fields


def _refusal(refusal: RecentRefusal) -> Fields:
    return {"time": refusal.time, "guest": refusal.guest, "reason": refusal.reason}


def _node_demand(demand: NodeDemand) -> Fields:
    return {
        "nodes": sorted(demand.nodes),
        "cells": demand.cells,
        "rest": demand.rest,
        "at_once": demand.at_once,
        "pinned": demand.pinned,
    }


def _hugepage_demand(demand: HugepageDemand) -> Fields:
    fields: Fields = {"size": demand.size}
    if demand.page_size is not None:
        fields["page_size"] = demand.page_size
    if demand.nodes is not None:
        fields["nodes"] = sorted(demand.nodes)
    return fields


def _cpu(cpu: CpuReport) -> Fields:
    fields: Fields = {
        "online": sorted(cpu.online),
        "reserve": cpu.reserve,
        "isolated": sorted(cpu.isolated),
        "usual_weight": cpu.usual_weight,
        "allowed": _sorted_sets(cpu.allowed),
        "caps": [{"path": each.path, "limit": each.limit} for each in cpu.caps],
        "folders": {
            path: _folder(each.own, each.children, each.cap) for path, each in cpu.folders.items()
        },
    }
    if cpu.controller is not None:
        fields["controller"] = _controller(cpu.controller)
    if cpu.obstacle:
        fields["obstacle"] = cpu.obstacle
    return fields


def _controller(controller: Controller) -> Fields:
    return {
        "version": controller.version.value,
        "mount_point": controller.mount_point,
        "root": controller.root,
    }


def _folder(own: int, children: Mapping[str, int], cap: int | None) -> Fields:
    fields: Fields = {"own": own, "children": dict(children)}
    if cap is not None:
        fields["cap"] = cap
    return fields


def _sorted_sets(sets: Mapping[str, Iterable[int]]) -> Fields:
    return {path: sorted(cpus) for path, cpus in sets.items()}
