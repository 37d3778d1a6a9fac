"""Guests that run without a promise, as if they had one."""

from collections.abc import Container, Iterator

from xmlresource.model.domain import Domain
from xmlresource.operations.live_documents import live_document
from xmlresource.operations.promises.doubt import promise_in_doubt
from xmlresource.operations.promises.ledger_sight import promise_to_run
from xmlresource.overhead import estimate
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Key, Promise
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine


def as_if_promised(machine: Machine, known: Container[Key | None]) -> tuple[Promise, ...]:
    """A promise of RAM and expected overhead for each guest that runs and is not ``known``.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    return tuple(_promises(machine, known))


def _promises(machine: Machine, known: Container[Key | None]) -> Iterator[Promise]:
    for guest in guests.running_guests(machine):
        uuid = canonical_uuid(guests.head_of(machine, guest).uuid or "")
        key = None if uuid is None else (guest.driver, uuid)
        found = None if key is not None and key in known else live_document(machine, guest)
        if found is None:
            continue
        domain = None if found.document is None else found.document.domain
        if uuid is not None and domain is not None and found.fault is None:
            yield promise_to_run(machine, guest, domain, uuid, expected_size(domain))
        else:
            yield promise_in_doubt(machine, guest, found)[0]


def expected_size(domain: Domain) -> int:
    """The bytes that the guest's cgroup is expected to be charged, without hugepages."""
    found = estimate(domain)
    return found.ram_at_start + found.total.expected
