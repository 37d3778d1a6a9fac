"""What libvirt calls at every start and stop of a guest: ``xmlresource-hook NAME OPERATION …``.

A guest without a policy is none of our business, and must start whatever is broken on the host: it
is told apart here by the bytes of its XML, and nothing else of this package is imported for it.
(The script that ``xmlresource hook install`` puts in place does the same before it starts Python.)
"""

import sys

_ANSWERED = frozenset(
    ("prepare", "migrate", "restore", "started", "stopped", "release", "reconnect")
)
_HARMLESS = frozenset(("stopped", "release", "reconnect"))
# A policy can be declared only where one of these stands. Bytes that are not ASCII's (UTF-16), and
# character references, which could spell them, go to the parser.
_SIGNS = (b"urn:xmlresource:", b"min_guarantee", b"&#", b"\0")
_FAILED = 1
_LONGEST = 500


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
    try:
        document = sys.stdin.buffer.read()
        if not any(sign in document for sign in _SIGNS):
            return 0
        status, message = _answer(name, operation, document, caller)
    except Exception as error:  # noqa: BLE001 -- fail closed, in words that `virsh start` can show
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


def _answer(name: str, operation: str, document: bytes, caller: int | None) -> tuple[int, str]:
    from xmlresource.operations.guest_events import answer  # noqa: PLC0415 -- see above
    from xmlresource.system.log import unsent  # noqa: PLC0415

    status, message = answer(name, operation, document, caller)
    # After it: the first line of a refusal does alone.
    return status, message + unsent()
