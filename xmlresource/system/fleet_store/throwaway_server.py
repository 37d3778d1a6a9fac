"""A PostgreSQL of one's own, thrown away afterwards: for a try of a fleet, and for tests.

It runs as an ordinary user, for it refuses root, and listens on a socket in its own folder alone.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

from xmlresource.errors import XmlresourceError

OWNER: Final = "owner"
"""The role that owns all in it."""

_PACKAGES: Final = Path("/usr/lib/postgresql")
_NEEDED: Final = ("initdb", "pg_ctl", "postgres")
# The path of a socket is short (107 bytes), and what TMPDIR names may be closed to others.
_ABOVE: Final = "/tmp"  # noqa: S108 -- mkdtemp makes a folder of its own there
_DONE: Final = b"done\n"
# Whoever started it and was killed can't clear away. A server that is about to start has not
# written yet whom to stop.
_GUARD: Final = """
read -r done && exit 0
for turn in 1 2 3 4 5 6 7 8 9 10; do
    "$1/pg_ctl" -D "$2/data" -m immediate stop && break
    sleep 0.3
done
rm -rf "$2"
"""


class NoPostgresError(XmlresourceError):
    """PostgreSQL's server is not installed."""


class ThrowawayServerError(XmlresourceError):
    """The server does not start."""


def programs() -> Path | None:
    """The folder of the newest PostgreSQL that is installed; ``None`` where there is none."""
    found = [each for each in _PACKAGES.glob("*/bin") if _is_whole(each)]
    if found:
        return max(found, key=lambda path: _version(path.parent.name))
    on_path = shutil.which("initdb")
    folder = None if on_path is None else Path(on_path).resolve().parent
    return folder if folder is not None and _is_whole(folder) else None


class ThrowawayServer:
    """A server with its folder, which ends with the process that made it, however that ends.

    Attributes:
        folder: The folder: what is in it goes with it.
    """

    def __init__(self, fsync: bool) -> None:  # noqa: FBT001 -- callers name it
        """Make the folder.

        Raises:
            NoPostgresError: PostgreSQL is not installed.
            OSError: The folder can't be made.
        """
        found = programs()
        if found is None:
            raise NoPostgresError(
                f"PostgreSQL's server is not installed: there is no initdb in {_PACKAGES}/*/bin "
                "or on PATH; apt install postgresql, or dnf install postgresql-server"
            )
        self._programs: Final = found
        self._fsync: Final = fsync
        self._environment: Final = without_libpq(os.environ)
        self.folder: Final = Path(tempfile.mkdtemp(prefix="xmlresource-pg-", dir=_ABOVE))
        self._as_whom: Final[dict[str, Any]] = {}
        if not os.geteuid():
            user = _ordinary_user()
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_whom.update(user=user.pw_uid, group=user.pw_gid, extra_groups=[])
        self._guarded_by, self._guard = self._guarded()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the server and remove the folder."""
        if (self.folder / "data/postmaster.pid").exists():
            with contextlib.suppress(ThrowawayServerError):
                self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(BrokenPipeError):
            os.write(self._guarded_by, _DONE)
        os.close(self._guarded_by)
        self._guard.wait()

    def make(self) -> None:
        """Make an empty database cluster.

        Raises:
            ThrowawayServerError: It can't be made.
        """
        # The guard hears the end of this process only when initdb has ended, too.
        self._call(
            "initdb",
            ("--auth=trust", f"--username={OWNER}", "--no-locale", "--encoding=UTF8", "--no-sync"),
            pass_fds=(self._guarded_by,),
        )

    def start(self) -> None:
        """Start the server.

        Raises:
            ThrowawayServerError: It does not start.
        """
        options = f"-c listen_addresses= -c unix_socket_directories={self.folder}"
        options += f" -c fsync={'on' if self._fsync else 'off'}"
        log = self.folder / "log"
        try:
            self._call("pg_ctl", ("-w", f"--log={log}", "-o", options, "start"))
        except ThrowawayServerError as error:
            said = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
            raise ThrowawayServerError(
                f"{error} ({said[-1].strip()})" if said else f"{error}"
            ) from None

    def stop(self, mode: str = "fast") -> None:
        """Stop the server.

        Args:
            mode: How, as ``pg_ctl`` names it: ``fast``, or ``immediate``, as in a crash.

        Raises:
            ThrowawayServerError: It does not stop.
        """
        self._call("pg_ctl", ("-w", "-m", mode, "stop"))

    def variables(self, database: str, role: str = OWNER) -> dict[str, str]:
        """What names a database of it, as libpq's variables."""
        return {
            "PGHOST": str(self.folder),
            "PGPORT": "5432",
            "PGUSER": role,
            "PGDATABASE": database,
        }

    def _guarded(self) -> tuple[int, "subprocess.Popen[bytes]"]:
        """A process that clears away when this one was killed before it could, and a pipe to it."""
        heard, told = os.pipe()
        guard = subprocess.Popen(  # noqa: S603 -- fixed words
            ["/bin/sh", "-c", _GUARD, "sh", str(self._programs), str(self.folder)],
            stdin=heard,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=self._environment,
            start_new_session=True,  # what ends us from the terminal must not end it
            **self._as_whom,
        )
        os.close(heard)
        return told, guard

    def _call(self, program: str, words: tuple[str, ...], pass_fds: tuple[int, ...] = ()) -> None:
        done = subprocess.run(  # noqa: S603 -- PostgreSQL's own
            [str(self._programs / program), "-D", str(self.folder / "data"), *words],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd="/",
            env=self._environment,
            pass_fds=pass_fds,
            **self._as_whom,
        )
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it failed"]
            raise ThrowawayServerError(f"{program} of PostgreSQL: {said[0].strip()}")


@contextlib.contextmanager
def throwaway_server(*, fsync: bool = False) -> Iterator[ThrowawayServer]:
    """A server that runs until the end of the ``with``.

    Args:
        fsync: Whether what is written outlives a crash of the machine, which takes time.

    Raises:
        NoPostgresError: PostgreSQL is not installed.
        ThrowawayServerError: The server does not start.
        OSError: Its folder can't be made.
    """
    with ThrowawayServer(fsync) as server:
        server.make()
        server.start()
        yield server


@contextlib.contextmanager
def named_by(variables: Mapping[str, str]) -> Iterator[None]:
    """Have these variables of libpq, and no others, name the server to this process."""
    before = dict(os.environ)
    _put(without_libpq(before) | dict(variables))
    try:
        yield
    finally:
        _put(before)


def without_libpq(environment: Mapping[str, str]) -> dict[str, str]:
    """An environment without the variables by which libpq knows a server."""
    return {name: value for name, value in environment.items() if not name.startswith("PG")}


def _put(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _is_whole(folder: Path) -> bool:
    return all((folder / each).exists() for each in _NEEDED)


def _version(name: str) -> tuple[int, ...]:
    return tuple(int(each) if each.isdigit() else 0 for each in name.split("."))


def _ordinary_user() -> pwd.struct_passwd:
    """PostgreSQL's own user, where there is one."""
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")
