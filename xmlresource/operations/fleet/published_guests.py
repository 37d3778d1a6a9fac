"""The guests of a host as it publishes them, each with what it would ask another host for."""

from collections.abc import Iterator

from xmlresource.document import Document
from xmlresource.fleet.checked_json import CheckedValue, PublishedError
from xmlresource.fleet.host_report import PublishedGuest
from xmlresource.fleet.immovable import fixed_by
from xmlresource.fleet.report_json import guest_as_fields
from xmlresource.fleet.report_reader import MOST_GUESTS, read_guest
from xmlresource.operations.guest_policy import guest_policy
from xmlresource.operations.host import Host
from xmlresource.operations.live_documents import live_document
from xmlresource.operations.promises.admission_check import demand_for
from xmlresource.operations.promises.doubt import promise_in_doubt
from xmlresource.operations.promises.ledger_sight import promise_to_run
from xmlresource.operations.promises.ledger_upkeep import held
from xmlresource.operations.promises.unpromised import expected_size
from xmlresource.promises.ledger import canonical_uuid
from xmlresource.promises.promise import Key, Promise
from xmlresource.record import record, replace
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine


@record
class _RunningGuest:
    """A guest that runs, by its definition."""

    promise: Promise
    document: Document | None


def guests_to_publish(
    host: Host, promises: tuple[Promise, ...]
) -> tuple[tuple[PublishedGuest, ...], tuple[PublishedGuest, ...]]:
    """The guests with a promise, and those that run without one.

    Raises:
        OSError: The kernel does not tell what runs.
    """
    known = {each.key for each in promises}
    seen = {each.promise.key: each for each in _seen(host.machine)}
    others = tuple(each.promise for each in seen.values() if each.promise.key not in known)
    documents = {key: each.document for key, each in seen.items()}
    return _published(host, promises, documents), _published(host, others, documents)


def _seen(machine: Machine) -> Iterator[_RunningGuest]:
    for guest in guests.running_guests(machine):
        found = live_document(machine, guest)
        if found is None:
            continue
        domain = None if found.document is None or found.fault else found.document.domain
        uuid = None if domain is None else canonical_uuid(domain.uuid or "")
        if domain is None or uuid is None:
            yield _RunningGuest(promise_in_doubt(machine, guest, found)[0], None)
        else:
            promise = promise_to_run(machine, guest, domain, uuid, expected_size(domain))
            yield _RunningGuest(promise, found.document)


def _published(
    host: Host, promises: tuple[Promise, ...], documents: dict[Key, Document | None]
) -> tuple[PublishedGuest, ...]:
    return tuple(
        _within_bounds(_with_definition(PublishedGuest(each), documents))
        for each in held(host.machine, promises[:MOST_GUESTS])
    )


def _with_definition(
    guest: PublishedGuest, documents: dict[Key, Document | None]
) -> PublishedGuest:
    document = documents.get(guest.key)
    domain = None if document is None else document.domain
    if document is None or domain is None:
        return guest
    promise = guest.held.promise
    demand = demand_for(domain, guest_policy(document).declared)
    demand = replace(demand, name=promise.name, uuid=promise.uuid, cpu=promise.cpu)
    return replace(guest, demand=demand, fixed_by=fixed_by(domain))


def _within_bounds(guest: PublishedGuest) -> PublishedGuest:
    """The guest, without the parts of its definition that nobody would read back.

    Who writes a definition must not be able to keep a host from being heard.
    """
    try:
        read_guest(CheckedValue(guest_as_fields(guest)))
    except PublishedError:
        return replace(guest, demand=None, fixed_by=())
    return guest
