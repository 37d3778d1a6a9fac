"""Put the policy of a guest in force together with the weights that keep its promise."""

from xmlresource.cgroup.report import Report
from xmlresource.cgroup.writes import Rejection
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.operations.ancestors import floors
from xmlresource.operations.guest import Guest, RefusalError
from xmlresource.operations.guests.enforcement import LedgerEntry, enforce
from xmlresource.operations.host import Host
from xmlresource.promises.promise import Promise
from xmlresource.system import log


def enforce_with_floor(host: Host, guest: Guest, pid: int, entry: LedgerEntry) -> Report:
    """Put the policy of a guest in force, with the weights for what the ledger promises it.

    Raises:
        RefusalError: It can't be; what was written is undone.
        HostError: CPU time is promised, and the host does not tell what must be known.
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    try:
        set_floor(host, guest, entry)
        return enforce(host, guest, pid, entry)
    except BaseException:
        _put_back(host, guest, entry)
        raise


def set_floor(host: Host, guest: Guest, entry: LedgerEntry) -> None:
    """Have the weights as the ledger needs them.

    Raises:
        RefusalError: They can't be, or keep too little.
        HostError: The host does not tell what must be known.
        StateError: What has to be remembered can't be.
        OSError: A kernel file can't be read.
    """
    transaction = entry.transaction
    promise = transaction.ledger.get(guest.key)
    missing = None if promise is None else floors.why_unweighed(host.machine, promise)
    if missing is not None:
        raise RefusalError(ExitStatus.ROLLED_BACK, f"{guest.subject}: {missing}")
    unkept = floors.set_weights(host, transaction, transaction.promises(), entry.before, promise)
    if unkept is not None:
        word = "can't be" if isinstance(unkept.outcome, Rejection) else "could not be"
        text = f"{guest.subject}: its {unkept.subject} {word} kept: {unkept.outcome.describe()}"
        raise RefusalError(ExitStatus.ROLLED_BACK, text)


def _put_back(host: Host, guest: Guest, entry: LedgerEntry) -> None:
    """Have the weights as they were needed before, as far as that can be done."""
    transaction = entry.transaction
    now = transaction.ledger.get(guest.key)
    others = [each for each in transaction.promises() if each.key != guest.key]
    before: list[Promise] = [] if entry.before is None else [entry.before]
    try:
        floors.set_weights(host, transaction, [*others, *before], now)
    except (XmlresourceError, OSError) as error:
        log.warning(f"{guest.subject}: weights could not be put back: {error}")
