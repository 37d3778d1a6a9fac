"""The system's log: where the hook's warnings go.

libvirt shows what a hook says only where it refuses. All else an administrator finds in the
journal, or where else syslog(3) leads.
"""

import syslog

from xmlresource.printable import one_line

_LONGEST = 2000


def info(text: str) -> None:
    """Record what was decided or done."""
    _write(syslog.LOG_INFO, text)


def warning(text: str) -> None:
    """Record what somebody should look at."""
    _write(syslog.LOG_WARNING, text)


def _write(priority: int, text: str) -> None:
    syslog.openlog("xmlresource", syslog.LOG_PID, syslog.LOG_DAEMON)
    for line in text.splitlines():
        syslog.syslog(priority, one_line(line)[:_LONGEST])
