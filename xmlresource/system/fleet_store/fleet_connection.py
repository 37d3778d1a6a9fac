"""A connection to the fleet's PostgreSQL on which no call waits for ever.

The server is named by libpq's own variables (PGSERVICE, PGHOST, …) or by a service of its service
file; passwords are its password file's business. Every wait has a bound: of the server by its
timeouts, of a server that is stopped or cut off by a watchdog that cuts the connection.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self, TypeAlias

import psycopg
from psycopg import errors
from psycopg.conninfo import make_conninfo

from xmlresource.errors import XmlresourceError

PATIENCE: Final = 15.0
"""Seconds that one question to the server may take."""

_VARIABLES: Final = ("PGSERVICE", "PGHOST", "PGHOSTADDR")
_WORDS: Final[Mapping[str, str | int]] = {
    "application_name": "xmlresource",
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_BOUNDS: Final = {
    "lock_timeout": "5s",
    "statement_timeout": "10s",
    # Who is stopped while it holds a host's row must not keep others from it.
    "idle_in_transaction_session_timeout": "10s",
}

Row: TypeAlias = tuple[Any, ...]
Values: TypeAlias = Sequence[object] | Mapping[str, object]


class FleetServerError(XmlresourceError):
    """The fleet's server can't be reached, or does not do what is asked."""


class BusyRowError(FleetServerError):
    """Somebody else holds a row for too long."""


class FleetConnection:
    """One session with the server."""

    def __init__(self, connection: "psycopg.Connection[Row]", patience: float) -> None:
        self._connection: Final = connection
        self._patience: Final = patience
        self._depth = 0

    @classmethod
    def open(cls, service: str | None = None, patience: float = PATIENCE) -> Self:
        """Connect.

        Args:
            service: A service of libpq's service file, for where no variable names the server.
            patience: The seconds that one question may take.

        Raises:
            FleetServerError: The server can't be reached in time.
        """
        named = any(os.environ.get(each) for each in _VARIABLES)
        words = _WORDS if service is None or named else {**_WORDS, "service": service}
        with _told():
            connection = psycopg.connect(make_conninfo("", **words), autocommit=True)
        made = cls(connection, patience)
        for name, value in _BOUNDS.items():
            made.run("select set_config(%s, %s, false)", (name, value))
        return made

    def close(self) -> None:
        """End the session."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self, *, snapshot: bool = False) -> Iterator[None]:
        """All that is done in it, or nothing.

        Args:
            snapshot: Whether all of it sees the tables as they are at the first question.

        Raises:
            FleetServerError: The server is away; then nothing was done, or, where the answer to the
                last question is lost, all.
        """
        with _told(), self._bounded(), self._connection.transaction():
            if snapshot:
                self._connection.execute("set transaction isolation level repeatable read")
            yield

    def rows(self, query: str, values: Values = ()) -> list[Row]:
        """The rows that a question is answered with.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        with _told(), self._bounded():
            return self._connection.execute(query.encode(), values).fetchall()

    def rows_at_once(self, *questions: tuple[str, Values]) -> list[list[Row]]:
        """The rows of several questions, sent together; each begins when the one before has ended.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        with _told(), self._bounded(), self._together():
            cursors = [self._connection.execute(text.encode(), each) for text, each in questions]
        return [each.fetchall() for each in cursors]

    def _together(self) -> contextlib.AbstractContextManager[object]:
        """Wait for the answers to several questions once; an old libpq (before 14) for each."""
        can = psycopg.Pipeline.is_supported()
        return self._connection.pipeline() if can else contextlib.nullcontext()

    def run(self, statement: str, values: Values = ()) -> int:
        """Have something done; the number of rows that it was about.

        Raises:
            FleetServerError: The server is away or refuses.
        """
        with _told(), self._bounded():
            return self._connection.execute(statement.encode(), values or None).rowcount

    @contextlib.contextmanager
    def _bounded(self) -> Iterator[None]:
        """Cut the connection where what is done here takes too long."""
        if self._depth:
            yield
            return
        watchdog = threading.Timer(self._patience, self._cut)
        watchdog.daemon = True
        watchdog.start()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            watchdog.cancel()

    def _cut(self) -> None:
        with (
            contextlib.suppress(OSError, psycopg.Error),
            socket.socket(fileno=os.dup(self._connection.fileno())) as cut,
        ):
            cut.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Say what the server says in our words.

    Raises:
        FleetServerError: It says no.
    """
    try:
        yield
    except errors.LockNotAvailable as error:
        raise BusyRowError(f"the fleet's server is busy: {_first_line(error)}") from error
    except errors.InsufficientPrivilege as error:
        raise FleetServerError(
            f"the fleet's server does not permit it: {_first_line(error)}; "
            "`xmlresource fleet init` gives roles what they need"
        ) from error
    except (errors.InvalidSchemaName, errors.UndefinedTable, errors.UndefinedFunction) as error:
        raise FleetServerError(
            f"the fleet's server has no tables of ours: {_first_line(error)}; "
            "run `xmlresource fleet init` as the database's owner"
        ) from error
    except psycopg.OperationalError as error:
        raise FleetServerError(
            f"the fleet's server can't be reached: {_first_line(error)}; "
            "see PGSERVICE and PGHOST, or [fleet] service in /etc/xmlresource.toml"
        ) from error
    except psycopg.Error as error:
        raise FleetServerError(f"the fleet's server refuses: {_first_line(error)}") from error


def _first_line(error: psycopg.Error) -> str:
    text = str(error).strip() or type(error).__name__
    return text.partition("\n")[0].removesuffix(".")


def quoted_name(name: str) -> str:
    """A name of a role, as a statement takes it where no parameter may stand."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
