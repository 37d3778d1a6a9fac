"""After guests that are gone: take from the cgroups above what they needed there."""

from typing import Final

from xmlresource.model.events import WARNING, Event
from xmlresource.operations.event_log import log_event, report_in_a_line
from xmlresource.operations.host import Host
from xmlresource.system.state.state_folder import Transaction

_WEIGHTS: Final = (b'"cpu.', b'"io.', b'"blkio.')
"""In what is remembered, the signs of weights that are ours."""


def has_weights(text: bytes | None) -> bool:
    """Whether a weight that is ours is in what is remembered."""
    return text is not None and any(sign in text for sign in _WEIGHTS)


def load_what_settles(transaction: Transaction) -> None:
    """Have the modules at hand that :func:`settle_above` takes: not to be found under the lock."""
    text = transaction.glimpse_chain()
    if text is not None:
        import xmlresource.operations.ancestors.protection  # noqa: PLC0415 -- v2 alone needs it
    if has_weights(text):
        import xmlresource.operations.ancestors.floors  # noqa: F401, PLC0415 -- few guests want it


def settle_above(host: Host, transaction: Transaction) -> None:
    """Have the cgroups above the guests carry what the ledger still promises, and no more.

    What the kernel does not take is logged: each later event begins from the ledger again.

    Raises:
        StateError: What is remembered of them can't be kept.
        OSError: A kernel file can't be read.
    """
    text = transaction.read_chain()
    if text is None:  # v1, or nothing is above a guest
        return
    from xmlresource.operations.ancestors.protection import settle  # noqa: PLC0415 -- v2 alone needs it

    report = settle(host, transaction)
    if report is not None and not report.ok:
        log_event(host, Event(WARNING, report_in_a_line(report)))
    if has_weights(text):
        from xmlresource.operations.ancestors.floors import settle_weights  # noqa: PLC0415 -- as above

        settle_weights(host, transaction)
