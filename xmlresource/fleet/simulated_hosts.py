"""Reports of hosts that do not exist, for a try and for tests.

Those of a fleet have 128 to 512 GiB each, with guests of 2 to 64 GiB.
"""

import random
from collections.abc import Iterator, Sequence

from xmlresource.admission.demand import Demand, HugepageDemand, NodeDemand
from xmlresource.fleet.host_report import CpuReport, HostReport, PublishedGuest
from xmlresource.model.host import HostFacts, HugepagePool, MemoryRegion
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import Held, Promise, PromiseState

GIB = 1 << 30
SIZES = (2, 4, 8, 16, 32, 64)
_WEIGHTS = (30, 25, 20, 14, 8, 3)
_BOOT = "5e4f1c1e-9d6b-4c0a-8f5e-0123456789ab"


def guest(
    number: int,
    size: int,
    *,
    nodes: Sequence[int] = (),
    hugepages: int = 0,
    partition: str | None = None,
    cpu: int = 0,
) -> PublishedGuest:
    """A guest with a guarantee of so many bytes, and so many more in pages of 2 MiB."""
    uuid = f"00000000-0000-0000-0000-{number:012x}"
    bound = (NodeDemand(frozenset(nodes), size, rest=True),) if nodes else ()
    pages = (HugepageDemand(2 << 20, hugepages, None),) if hugepages else ()
    demand = Demand(
        name=f"guest{number}",
        uuid=uuid,
        guarantee=size,
        ram=size + hugepages,
        ordinary=size,
        nodes=bound,
        hugepages=pages,
        cpu=CpuPromise(cpu) if cpu else None,
    )
    promise = Promise(
        uuid=uuid,
        name=demand.name,
        driver="qemu",
        size=size,
        state=PromiseState.RUNNING,
        shares=demand.node_shares(),
        hugepages=demand.hugepage_shares(2 << 20),
        partition=partition,
        cpu=demand.cpu,
    )
    return PublishedGuest(Held(promise, charged=size // 2), demand)


def host(
    name: str,
    total: int,
    guests: Sequence[PublishedGuest] = (),
    *,
    made: int = 1_800_000_000,
    pages: int = 0,
) -> HostReport:
    """A host of two nodes with so much memory, and so many free pages of 2 MiB."""
    charged = sum(each.held.charged for each in guests)
    available = total - charged - GIB
    pool = HugepagePool(2 << 20, pages, pages)
    half = MemoryRegion(
        total // 2,
        available // 2,
        pool.total_bytes // 2,
        (HugepagePool(2 << 20, pages // 2, pages // 2),),
    )
    return HostReport(
        name=name,
        boot_id=_BOOT,
        sequence=1,
        made=made,
        program="0.1.0",
        facts=HostFacts(
            memory=MemoryRegion(total, available, pool.total_bytes, (pool,)),
            nodes={0: half, 1: half},
            default_hugepage=2 << 20,
        ),
        root="/",
        reserve=4 * GIB,
        cpu=CpuReport(frozenset(range(64)), reserve=2000),
        guests=tuple(guests),
    )


def fleet(hosts: int = 500, fill: float = 0.62, seed: int = 1) -> Iterator[HostReport]:
    """So many hosts, each filled with guests up to a part of its memory."""
    chance = random.Random(seed)  # noqa: S311 -- a simulation
    number = 0
    for each in range(hosts):
        total = chance.choice((128, 192, 256, 384, 512)) * GIB
        guests, taken = [], 0
        while taken < fill * total:
            size = chance.choices(SIZES, _WEIGHTS)[0] * GIB
            if taken + size > total - 8 * GIB:
                break
            number += 1
            taken += size
            guests.append(guest(number, size))
        yield host(f"host{each:03}", total, guests)
