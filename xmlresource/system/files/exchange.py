"""Swap two files in one step, so that what was there is never gone before it was looked at."""

import ctypes
import errno
import os
from typing import Final

_HERE: Final = -100  # AT_FDCWD: paths are relative to the current folder
_EXCHANGE: Final = 2  # RENAME_EXCHANGE of renameat2(2)
# The kernel (before 3.15), the file system (NFS) or a sandbox does not have it.
_UNKNOWN: Final = frozenset({errno.EINVAL, errno.ENOSYS, errno.EPERM, errno.EOPNOTSUPP})


def exchanged(one: str, other: str) -> bool:
    """Swap two files; ``False`` where that can't be had here, and nothing is done.

    Raises:
        OSError: One is not there, or can't be renamed.
    """
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:  # pragma: no cover -- a C library that lacks it
        return False
    if call(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _UNKNOWN:
        return False
    raise OSError(number, os.strerror(number), other)
