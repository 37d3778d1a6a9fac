"""The CPU time that a guest asks for, and where it can get it. Thousandths of a CPU."""

from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.promises.cpu_promise import CpuPromise
from xmlresource.promises.promise import Key
from xmlresource.record import record

_USUAL_SHARE = 100
_MOST = 10_000


@record
class CpuFacts:
    """The host's CPUs.

    Attributes:
        online: Those that run.
        isolated: Those to which the kernel moves nobody by itself (``isolcpus``), so that only
            guests that are bound to them run there.
        allowed: Those that the guest's partition leaves it; ``None`` for all.
        usual_weight: What ``<shares>`` of ``<cputune>`` is in a guest for which nobody set them:
            libvirt hands the number to the kernel as it is, and the two versions of cgroups count
            from different ones.
    """

    online: frozenset[int]
    isolated: frozenset[int] = frozenset()
    allowed: frozenset[int] | None = None
    usual_weight: int = _USUAL_SHARE

    @property
    def for_unbound(self) -> frozenset[int]:
        """The CPUs of a guest that is bound to none."""
        return self.usable - self.isolated or self.usable

    @property
    def usable(self) -> frozenset[int]:
        """The CPUs that the partition leaves the guest."""
        return self.online if self.allowed is None else self.online & self.allowed or self.online


@record
class CpuDemand:
    """The CPU time that a guest asks for.

    Attributes:
        name: Its name; from outside, escape it before showing it.
        uuid: Its uuid.
        driver: The driver of libvirt that runs it.
        guarantee: The CPU time that it must get while it wants it.
        cpus: The CPUs that its vCPUs are bound to, all of them together; ``None`` for any.
        pins: The CPUs of each vCPU, where one has fewer than all: sets with how many have them.
        vcpus: How many vCPUs can use CPU time; ``None`` where nothing bounds it (a container).
        hard_limit: The most that its policy lets it have; ``None`` for no limit.
        share: Its own share beside others, 1 to 10,000.
    """

    name: str
    uuid: str
    driver: str
    guarantee: int
    cpus: frozenset[int] | None = None
    pins: tuple[tuple[frozenset[int], int], ...] = ()
    vcpus: int | None = None
    hard_limit: int | None = None
    share: int = _USUAL_SHARE

    @property
    def key(self) -> Key:
        """Whose it is."""
        return self.driver, self.uuid

    @property
    def promise(self) -> CpuPromise | None:
        """The promise, as the ledger keeps it; ``None`` where nothing is asked for."""
        return CpuPromise(self.guarantee, self.cpus, self.share) if self.guarantee else None


def cpu_demand_of(domain: Domain, policy: CpuPolicy | None, facts: CpuFacts) -> CpuDemand:
    """The demand of a guest on a host with these CPUs.

    Memory that is bound to nodes (``<numatune>``) binds no vCPU: libvirt pins by ``<vcpu cpuset>``
    and ``<vcpupin>``, and with ``placement='auto'`` as numad says at the start, which counts as no
    binding.
    """
    policy = policy or CpuPolicy()
    limit = policy.hard_limit
    return CpuDemand(
        name=domain.name,
        uuid=domain.uuid or "",
        driver=domain.driver,
        guarantee=policy.guarantee_of(len(facts.online)),
        cpus=_bound_to(domain, facts),
        pins=_pins(domain, facts),
        # <vcpu> of a container bounds nothing: all its processes share its cgroup.
        vcpus=None if domain.driver == "lxc" else max(domain.vcpus, 1),
        hard_limit=limit if isinstance(limit, int) else None,
        share=policy.share or _share_of_libvirt(domain, facts) or _USUAL_SHARE,
    )


def _share_of_libvirt(domain: Domain, facts: CpuFacts) -> int:
    """The share that libvirt gives it; 0 where it leaves that to the kernel."""
    shares = domain.cpu_shares
    if shares is None:
        return 0
    return min(max(shares * _USUAL_SHARE // facts.usual_weight, 1), _MOST)


def _bound_to(domain: Domain, facts: CpuFacts) -> frozenset[int] | None:
    """All the CPUs that its vCPUs may run on; ``None`` for all that the host has."""
    sets = _sets(domain)
    found: set[int] = set() if sets and None not in sets else set(facts.for_unbound)
    for cpus in sets:
        found |= (cpus or frozenset()) & facts.usable
    return None if not found or found == facts.online else frozenset(found)


def _sets(domain: Domain) -> dict[frozenset[int] | None, int]:
    """The sets of CPUs of its vCPUs, with how many have each."""
    pins = {vcpu: cpus for vcpu, cpus in domain.vcpu_pins if vcpu < domain.vcpus}
    found: dict[frozenset[int] | None, int] = {}
    for cpus in pins.values():
        found[cpus] = found.get(cpus, 0) + 1
    others = domain.vcpus - len(pins)
    if others > 0:
        found[domain.cpuset] = found.get(domain.cpuset, 0) + others
    return found


def _pins(domain: Domain, facts: CpuFacts) -> tuple[tuple[frozenset[int], int], ...]:
    if not domain.vcpu_pins and domain.cpuset is None:
        return ()
    return tuple(
        (facts.for_unbound if cpus is None else cpus & facts.usable, number)
        for cpus, number in _sets(domain).items()
    )
