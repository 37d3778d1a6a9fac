"""The ledger, brought up to date: without promises to guests that are gone, with those that run."""

from xmlresource.cgroup.hierarchy import Controller, NoPlace
from xmlresource.model.events import WARNING, Event
from xmlresource.operations.ancestors.release import load_what_settles, settle_above
from xmlresource.operations.event_log import log_event
from xmlresource.operations.host import Host
from xmlresource.operations.promises.ledger_sight import Sight, look, running_promises
from xmlresource.promises.ledger import Ledger, LedgerError, ledger_of
from xmlresource.promises.promise import Held, Promise
from xmlresource.system.cgroups import charges, places
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateError, StateFolder, Transaction

_LOOKS = 8


def bring_up_to_date(host: Host, transaction: Transaction) -> tuple[Promise, ...]:
    """Leave in the ledger what stands, and return it.

    What stands above guests that are gone is lowered. A ledger that was lost or damaged is made
    anew from the guests that run. The ledger is given back meanwhile, so that nobody waits for a
    look at all of them; what was changed in it before is written by then.

    Raises:
        StateError: A damaged ledger can't be set aside, or the ledger can't be used.
        OSError: The kernel does not tell what runs.
    """
    for _ in range(_LOOKS):
        transaction.give_back()
        load_what_settles(transaction)
        sight = look(host.machine, None if transaction.is_new else transaction.ledger)
        transaction.take_again()
        if sight.fault is not None:
            if transaction.ledger == sight.ledger:
                transaction.set_aside(sight.fault)
        elif transaction.is_new == (sight.ledger is None):
            promises = _settled(host, transaction, sight)
            if promises is not None:
                return promises
    raise StateError("the ledger is lost again and again: see who removes it")


def _settled(host: Host, transaction: Transaction, sight: Sight) -> tuple[Promise, ...] | None:
    """The promises, with what was seen, now that the ledger is locked.

    ``None`` where somebody else has written what makes no sense, and it is to be looked at again.
    """
    if transaction.is_new:
        if transaction.damage is not None:
            log_event(
                host, Event(WARNING, f"{transaction.damage}; made anew from the guests that run")
            )
        for doubt in sight.doubts:
            log_event(host, Event(WARNING, doubt))
        transaction.make(ledger_of(transaction.ledger.boot_id, sight.running))
        return transaction.promises()
    transaction.known = sight.known
    before = transaction.ledger
    try:
        if before == sight.ledger and sight.rest is not None:
            transaction.ledger = sight.rest
            transaction.recall(sight.standing)
        elif sight.void:
            transaction.ledger = before.without(sight.void)
        if transaction.ledger != before:
            settle_above(host, transaction)
        return transaction.promises()
    except LedgerError:
        return None


def current_promises(machine: Machine, state: StateFolder) -> tuple[Promise, ...]:
    """The promises that stand, without a lock and without writing: for those who only look.

    Raises:
        StateError: The ledger can't be read.
        OSError: The kernel does not tell its boot id.
    """
    ledger = state.snapshot(guests.boot_id(machine))
    if not ledger.promises:
        running, _ = running_promises(machine)
        return ledger_of(ledger.boot_id, running).all()
    return standing_promises(machine, ledger)


def standing_promises(machine: Machine, ledger: Ledger) -> tuple[Promise, ...]:
    """The promises that stand: their guests start or run.

    Raises:
        StateError: A promise makes no sense.
        OSError: The kernel does not tell what runs.
    """
    sight = look(machine, ledger)
    if sight.fault is not None:
        raise StateError(f"the ledger is damaged: {sight.fault}")
    return sight.standing


def held(machine: Machine, promises: tuple[Promise, ...]) -> tuple[Held, ...]:
    """The promises, each with what its guest has already."""
    if not promises:
        return ()
    controller = places.host_controller(machine)
    return tuple(_held(machine, controller, promise) for promise in promises)


def _held(machine: Machine, controller: Controller | NoPlace, promise: Promise) -> Held:
    if isinstance(controller, NoPlace) or promise.cgroup is None:
        return Held(promise)
    usage = charges.usage(machine, controller, promise.cgroup)
    return Held(promise) if usage is None else Held(promise, usage.charged, usage.reclaimable)
