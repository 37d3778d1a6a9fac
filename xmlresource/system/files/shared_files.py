"""Files that other programs read again and again: there in one step, whole, readable by all."""

import contextlib
import os
import tempfile
from typing import Final

from xmlresource.system.files.textfiles import Replacement, replace_files

_READABLE: Final = 0o644


def write_whole(path: str, data: bytes) -> None:
    """Write a file so that nobody ever reads half of it.

    A file that is there keeps its mode and owner. A new one may be read by all, as far as the
    umask lets it: a collector of metrics or a web server runs as another user.

    Raises:
        OSError: It can't be written, or is there and no ordinary file.
    """
    if os.path.lexists(path):
        replace_files([Replacement(path, data)])
        return
    folder, name = os.path.split(os.path.abspath(path))
    # The hidden name ends unlike the real one: a collector that reads *.prom passes it over.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{name[:200]}.", dir=folder)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, _READABLE & ~_umask())
            os.fsync(descriptor)
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
