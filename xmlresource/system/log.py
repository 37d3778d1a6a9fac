"""The system's log: one line an event, to the journal, or to whoever listens at /dev/log.

libvirt shows what a hook says only where it refuses; all else an administrator finds here. A log
that does not keep up must not hold up guests: what it does not take at once is not sent. Where
nobody listens at all, lines are held until whoever has a standard error asks for them.
"""

import _socket  # socket.py, around it, costs a start as much as an interpreter
import os
import time
from typing import Final

from xmlresource.model.events import WARNING, Event, as_words
from xmlresource.printable import one_line

JOURNAL: Final = "/run/systemd/journal/socket"
SYSLOG: Final = "/dev/log"

_NAME: Final = "xmlresource"
_DAEMON: Final = 3 << 3  # the facility LOG_DAEMON of syslog(3)
_WARNING, _INFO = 4, 6
_LONGEST: Final = 8000  # what rsyslog takes
_MOST_HELD: Final = 100  # lines; a program that never asks for them must not grow
_KIND: Final = _socket.SOCK_DGRAM | _socket.SOCK_NONBLOCK | _socket.SOCK_CLOEXEC


_held: Final[list[Event]] = []


def tell(event: Event, *, already_shown: bool = False) -> None:
    """Log an event.

    Args:
        event: The event.
        already_shown: Whoever asked for it reads of it anyway, so that it need not be held.
    """
    _write(_WARNING if event.urgent else _INFO, event, already_shown=already_shown)


def warning(text: str) -> None:
    """Log what somebody should look at."""
    tell(Event(WARNING, text))


def unsent(*, urgent: bool = False) -> str:
    """The lines that there was no log for, each with its line end; they are held no longer.

    Args:
        urgent: Only those of which somebody should know.
    """
    found = [each for each in _held if each.urgent or not urgent]
    _held.clear()
    return "".join(f"{_NAME}: {as_words(each.fields())[:_LONGEST]}\n" for each in found)


def _write(priority: int, event: Event, *, already_shown: bool) -> None:
    fields = event.fields()
    words = as_words(fields)
    sent = send(JOURNAL, _for_journal(priority, words, fields))
    sent = sent or send(SYSLOG, _for_syslog(priority, words))
    if not (sent or already_shown) and len(_held) < _MOST_HELD:
        _held.append(event)


def send(address: str, datagram: bytes) -> bool:
    """Whether somebody listens there; what they don't take at once is lost."""
    try:
        sender = _socket.socket(_socket.AF_UNIX, _KIND)
    except OSError:
        return False
    try:
        sender.sendto(datagram, address)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        sender.close()
    return True


def _for_journal(priority: int, words: str, fields: dict[str, int | str]) -> bytes:
    """The journal's own protocol: a field a line, none of which has a line end in it."""
    lines = [f"MESSAGE={words}", f"PRIORITY={priority}", f"SYSLOG_IDENTIFIER={_NAME}"]
    for key, value in fields.items():
        name = key.upper().replace("-", "_")
        lines.append(f"XMLRESOURCE_{name}={one_line(str(value))}")
    return "\n".join([*lines, ""]).encode()


def _for_syslog(priority: int, words: str) -> bytes:
    """A message as syslog(3) sends it."""
    stamp = time.strftime("%b %e %H:%M:%S")
    line = f"<{_DAEMON | priority}>{stamp} {_NAME}[{os.getpid()}]: {words}"
    return line[:_LONGEST].encode("ascii")
