"""Guests that run without a promise, as if they had one."""

from collections.abc import Container, Iterator

from xmlresource.ledger import canonical_uuid
from xmlresource.model.domain import Domain
from xmlresource.model.promise import Promise
from xmlresource.operations.book import definition, promise_to_run
from xmlresource.overhead import estimate
from xmlresource.system import guests
from xmlresource.system.machine import Machine


def as_if_promised(machine: Machine, known: Container[str]) -> tuple[Promise, ...]:
    """A promise of RAM and expected overhead for each guest that runs and is not ``known``.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    return tuple(_promises(machine, known))


def _promises(machine: Machine, known: Container[str]) -> Iterator[Promise]:
    for guest in guests.running_guests(machine):
        document = definition(guest)
        domain = None if document is None else document.domain
        uuid = None if domain is None else canonical_uuid(domain.uuid or "")
        if domain is not None and uuid is not None and uuid not in known:
            yield promise_to_run(machine, guest, domain, uuid, expected_size(domain))


def expected_size(domain: Domain) -> int:
    """What the guest is expected to have charged to its cgroup, hugepages apart."""
    found = estimate(domain)
    return found.ram_at_start + found.total.expected
