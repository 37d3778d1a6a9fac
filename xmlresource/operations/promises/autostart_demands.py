"""The guests with autostart, as a start on the same host asks about them.

Their definitions seldom change, and reading a thousand of them takes most of a second. So what they
ask for is kept from one start to the next, by the identity of each file.
"""

import re
from collections.abc import Iterator
from typing import Any, Final, TypeAlias

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.model.domain import Domain
from xmlresource.operations.guest import Guest, RefusalError, read_guest
from xmlresource.operations.host import Host
from xmlresource.operations.promises.admission_check import above, demand_for
from xmlresource.operations.promises.boot_rooms import Waiting
from xmlresource.operations.promises.policy_faults import refuse_faults
from xmlresource.printable import printable
from xmlresource.promises.promise import Key, Promise, PromiseState
from xmlresource.system.cgroups import places
from xmlresource.system.host_facts import HostError
from xmlresource.system.libvirt.autostart import AutostartGuest, autostart_guests, definition_of
from xmlresource.system.machine import Machine
from xmlresource.system.state import cache_files
from xmlresource.tunables import PRIORITY

NAME: Final = "autostart"
"""The file of the state folder."""

_SAID: Final = rb"%s\s*=\s*[\"']([0-9]{1,3})[\"']" % PRIORITY.encode()
_SPELT_OTHERWISE: Final = (b"&#", b"\0")
_ANY: Final = 1000

_Row: TypeAlias = list[Any]
"""Of a file: its identity, the highest priority that it may say, what is wrong with it if anything,
and what the guest asks for if it asks for a guarantee."""


def guests_with_autostart(host: Host, priority: int) -> tuple[list[Waiting], tuple[str, ...]]:
    """The guests of a higher priority, by driver and name, and what is wrong with the others."""
    found: list[Waiting] = []
    problems = []
    for path, (_, said, problem, asks) in _rows(host).items():
        if said <= priority:
            continue
        if problem is not None:
            problems.append(f"{printable(path, 200)} holds back no room: {problem}")
        elif asks is not None and asks[_PRIORITY] > priority:
            found.append(_Kept(asks))
    return found, tuple(problems)


def highest_said(definition: bytes) -> int:
    """The highest priority that an attribute somewhere in a definition may say; 0 for none.

    Reading all that is in it takes a hundred times as long.
    """
    if any(sign in definition for sign in _SPELT_OTHERWISE):
        return _ANY
    return max((int(number) for number in re.findall(_SAID, definition)), default=0)


def _rows(host: Host) -> dict[str, _Row]:
    """The rows of all files, by path; those of files that have changed are made anew."""
    key = [cache_files.program(), places.PAGE_SIZE, str(places.host_controller(host.machine))]
    before = cache_files.load(host.state, NAME, key) or {}
    rows, fresh = {}, False
    for guest in autostart_guests(host.machine):
        row = before.get(guest.path)
        found = cache_files.identity_of(host.machine, guest.path)
        if row is None or found is None or row[0] != found:
            row = _worked_out(host.machine, guest, found)
            fresh = fresh or row[0] is not None
        rows[guest.path] = row
    if fresh:
        sure = {path: row for path, row in rows.items() if row[0] is not None}
        cache_files.keep(host.state, NAME, key, sure)
    return rows


def _worked_out(
    machine: Machine, guest: AutostartGuest, found: cache_files.Identity | None
) -> _Row:
    """The row of a file, without its identity where it is not certain to hold next time."""
    said = _ANY
    try:
        definition = definition_of(machine, guest)
        said = highest_said(definition)
        asks = _asked(machine, guest, definition) if said else None
    except RefusalError as error:
        row = [found, said, str(error).partition("\n")[0], None]
    except HostError as error:
        return [None, said, str(error), None]
    except OSError as error:
        return [None, said, error.strerror or str(error), None]
    else:
        row = [found, said, None, asks]
    is_same = found is not None and found == cache_files.identity_of(machine, guest.path)
    return row if is_same and cache_files.is_settled(found or []) else [None, *row[1:]]


def _asked(machine: Machine, found: AutostartGuest, definition: bytes) -> _Row | None:
    """The demand of a guest; ``None`` where it asks for no guarantee.

    Raises:
        RefusalError: It could not start: its definition makes no sense.
        HostError: The host does not tell what must be known.
        OSError: A kernel file can't be read.
    """
    guest = read_guest(found.name, definition)
    if guest is None or not guest.policy.declared.guarantee:
        return None
    refuse_faults(machine, guest)
    above(machine, guest.domain)
    return _row(guest, demand_for(guest.domain, guest.policy.declared))


_NAME, _UUID, _PRIORITY, _NEEDED, _IS_SPECIAL, _KIND = range(6)


def _row(guest: Guest, demand: Demand) -> _Row:
    return [
        demand.name,
        guest.uuid,
        demand.priority,
        max(demand.committed, demand.needed),
        bool(demand.nodes or demand.hugepages),
        guest.domain.type,
        guest.domain.partition,
        [demand.guarantee, demand.ram, demand.ordinary, demand.at_once, demand.pinned],
        [
            [sorted(each.nodes), each.cells, each.rest, each.at_once, each.pinned]
            for each in demand.nodes
        ],
        [
            [each.page_size, each.size, None if each.nodes is None else sorted(each.nodes)]
            for each in demand.hugepages
        ],
        demand.taken_by,
        demand.pinned_by,
    ]


class _Kept(Waiting):
    """A guest by its row; what is seldom asked for is made when it is."""

    def __init__(self, row: _Row) -> None:
        plain = None if row[_IS_SPECIAL] else _plain_promise(row)
        super().__init__(row[_NAME], _key(row), row[_PRIORITY], row[_NEEDED], plain)
        self._row: Final = row

    def _made(self) -> tuple[Demand, Domain]:
        name, uuid, priority, _, _, kind, partition, sizes, *rest = self._row
        nodes, hugepages, taken, pinned = rest
        guarantee, ram, ordinary, at_once, pinned_size = sizes
        demand = Demand(
            name=name,
            uuid=uuid,
            guarantee=guarantee,
            ram=ram,
            ordinary=ordinary,
            nodes=tuple(_node_demands(nodes)),
            hugepages=tuple(_hugepage_demands(hugepages)),
            driver=_driver(kind),
            priority=priority,
            at_once=at_once,
            pinned=pinned_size,
            taken_by=tuple(taken),
            pinned_by=tuple(pinned),
        )
        return demand, Domain(name=name, uuid=uuid, type=kind, partition=partition)


def _key(row: _Row) -> Key:
    return _driver(row[_KIND]), row[_UUID]


def _driver(kind: str) -> str:
    return Domain(type=kind).driver


def _plain_promise(row: _Row) -> Promise:
    """As ``Demand.as_promise`` would make it, in one step: there may be a thousand."""
    name, uuid, _, _, _, kind, partition, sizes, *_ = row
    guarantee, _, _, at_once, pinned = sizes
    before = (uuid, name, _driver(kind), guarantee, PromiseState.STARTING, (), (), None, None, None)
    return Promise(*before, partition, None, None, 0, at_once, pinned)


def _node_demands(rows: list[_Row]) -> Iterator[NodeDemand]:
    for nodes, cells, rest, at_once, pinned in rows:
        yield NodeDemand(frozenset(nodes), cells, rest, at_once, pinned)


def _hugepage_demands(rows: list[_Row]) -> Iterator[HugepageDemand]:
    for page_size, size, nodes in rows:
        yield HugepageDemand(page_size, size, None if nodes is None else frozenset(nodes))
