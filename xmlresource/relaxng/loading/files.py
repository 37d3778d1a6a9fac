"""All files that the engine opens: those of schemas, and what one run keeps for the next.

What is kept are plain values, in files that only this user can write.

Whatever goes wrong with them is as if nothing had been kept. `pathlib` is not used on the way to
what was kept: importing it takes longer than all the rest.
"""

from __future__ import annotations

import marshal
import os
import stat
import zlib

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

_CHECKSUM = 4
MAX_BYTES = 64 << 20


def read(location: str, limit: int) -> bytes:
    """Return a file's content, up to so many bytes.

    Raises:
        OSError: it cannot be read.
        ValueError: there is no such name.
    """
    with open(location, "rb") as file:  # noqa: PTH123  # see above
        return file.read(limit)


def cache_folder(name: str) -> str | None:
    """Return ``$XDG_CACHE_HOME/xmlresource/name``, or the same below ``~/.cache``."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return f"{configured}/xmlresource/{name}"
    home = os.environ.get("HOME", "")
    return f"{home}/.cache/xmlresource/{name}" if home.startswith("/") else None


def load(path: str, kind: bytes) -> Any:
    """Return what `store` has put there as that kind; None if there is nothing to be trusted.

    Nothing in the file is ever run, but `marshal` must not be given damaged or foreign data.
    """
    data = _read_own(path)
    if data is None or not data.startswith(kind):
        return None
    payload = data[len(kind) + _CHECKSUM :]
    if zlib.crc32(payload).to_bytes(_CHECKSUM, "big") != data[len(kind) :][:_CHECKSUM]:
        return None
    return marshal.loads(payload)  # noqa: S302  # our own file, and intact


def _read_own(path: str) -> bytes | None:
    """Return the content of a regular file that belongs to this user and that no other can write.

    The checks are made on the open file, so that it cannot be exchanged in between.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(descriptor)
        writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or writable:
            return None
        # Only now: a folder is an error to it.
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def store(path: str, kind: bytes, content: Any) -> None:
    """Keep plain values (what `marshal` knows), all or nothing; silently not where that fails."""
    from pathlib import Path  # noqa: PLC0415  # see the top

    payload = marshal.dumps(content)
    data = kind + zlib.crc32(payload).to_bytes(_CHECKSUM, "big") + payload
    if len(data) > MAX_BYTES:
        return
    target = Path(path)
    temporary = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(temporary, flags, 0o600)
    except (OSError, ValueError):  # a ValueError for a folder with a NUL in its name
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        temporary.replace(target)
    except OSError:
        _remove(temporary)


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError:
        return
