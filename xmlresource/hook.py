"""The program that libvirt calls when guests start and stop: ``xmlresource-hook NAME OPERATION``.

A guest without a policy is none of our business, and must start whatever is broken on the host: it
is told apart here by the bytes of its XML, and nothing else of this package is imported for it.
(The script that ``xmlresource hook install`` puts in place does the same before it starts Python.)
"""

import sys

from xmlresource.model.signs import declares, may_declare

_ANSWERED = frozenset(
    ("prepare", "migrate", "restore", "started", "stopped", "release", "reconnect")
)
_HARMLESS = frozenset(("stopped", "release", "reconnect"))
_FAILED = 1
_LONGEST = 150
_OBJECTS = 50_000


def main(arguments: list[str] | None = None, caller: int | None = None) -> int:
    """Answer libvirt: 0 lets the guest start or run on, anything else does not.

    After ``reconnect`` it is always 0, because libvirt kills a running guest otherwise.

    Args:
        arguments: What libvirt calls a hook with; those of this process by default.
        caller: The pid of the libvirt daemon, where it is known.
    """
    words = sys.argv[1:] if arguments is None else arguments
    name, operation = (*words, "", "")[:2]
    if operation not in _ANSWERED:
        return 0
    document: bytes | None = None
    try:
        document = sys.stdin.buffer.read()
        if not may_declare(document):
            return 0
        _spare()
        status, message = answer_for_policy(name, operation, document, caller)
    except Exception as error:  # noqa: BLE001 -- fail closed, in words that `virsh start` can show
        if document is not None and not declares(document):
            return 0  # nobody could look closer, and a guest without a policy is never held up
        status, message = _FAILED, f"xmlresource: internal error: {_short(error)}\n"
    _say(message)
    return 0 if operation in _HARMLESS else status


def _short(error: Exception) -> str:
    """The error without what a terminal obeys, and without a megabyte of somebody's name."""
    text = ascii(error)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _say(message: str) -> None:
    """Tell libvirt; whether it listens decides nothing."""
    try:
        sys.stderr.write(message)
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):  # closed, broken, never there
        sys.stderr = None  # or Python exits with 120, because it can't flush it


def _spare() -> None:
    """Don't pay for what a process that ends at once has no use for."""
    import gc  # noqa: PLC0415 -- as below

    from xmlresource.system.light_typing import stand_in  # noqa: PLC0415 -- as below

    stand_in()
    gc.set_threshold(_OBJECTS)  # imports make thousands of objects, and nothing to collect


def answer_for_policy(
    name: str, operation: str, document: bytes, caller: int | None
) -> tuple[int, str]:
    """Answer for a guest that may have a policy: the exit status, and what libvirt is told."""
    from xmlresource.operations.guests.hook_events import answer  # noqa: PLC0415 -- see above
    from xmlresource.system.log import unsent  # noqa: PLC0415

    status, message = answer(name, operation, document, caller)
    # After it: the first line of a refusal does alone.
    return status, message + unsent()
