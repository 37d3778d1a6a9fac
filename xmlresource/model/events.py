"""Events: decisions about guests as one line each, for the system's log and for the history.

A line has the same keys everywhere: ``event``, ``operation``, ``guest``, ``uuid``, what the event
counts (bytes, mostly), ``message``. Names and texts come from outside, so each form escapes what is
not plain ASCII. Sending and storing lines is ``system``'s business.
"""

import json
from typing import Any, Final, TypeAlias

from xmlresource.record import field, record

ADMITTED: Final = "admitted"  # it may start: the guarantee is promised
REFUSED: Final = "refused"  # it may not
WRITTEN: Final = "written"  # its policy is in force
ROLLED_BACK: Final = "rolled-back"  # it could not be done, and all is as before
REPAIRED: Final = "repaired"  # what had gone astray is in force, or in the ledger, again
RELEASED: Final = "released"  # it is gone, and what was promised to it can be promised again
RECLAIMED: Final = "reclaimed"  # memory was taken from it, and is there for others
GIVEN_BACK: Final = "given-back"  # it was told that it may have its memory again
WARNING: Final = "warning"  # somebody should look at it

URGENT: Final = frozenset({REFUSED, ROLLED_BACK, WARNING})

LONGEST: Final = 4096
"""Bytes of a record: what Linux writes at once, also where others write at the same time."""
_LONGEST_NAME: Final = 128
_LONGEST_TEXT: Final = 6000
_SHORTENED: Final = 200
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:+%")

Fields: TypeAlias = dict[str, int | str]


@record
class Event:
    """One decision or deed.

    Attributes:
        kind: Which: one of the words above.
        message: What to tell a person, in a line.
        operation: What libvirt or a person asked for.
        guest: The guest's name.
        uuid: Its uuid.
        figures: What there is to count, and why.
    """

    kind: str
    message: str
    operation: str = ""
    guest: str = ""
    uuid: str = ""
    figures: Fields = field(default_factory=dict)

    @property
    def urgent(self) -> bool:
        """Whether somebody should look at it."""
        return self.kind in URGENT

    def fields(self) -> Fields:
        """The keys and values of the line, in their order."""
        about: Fields = {
            "event": self.kind,
            "operation": self.operation,
            "guest": self.guest[:_LONGEST_NAME],
            "uuid": self.uuid,
        }
        said = {key: value for key, value in about.items() if value}
        return {**said, **self.figures, "message": self.message[:_LONGEST_TEXT]}


def as_words(fields: Fields) -> str:
    """``event=admitted guest="db 1" guarantee=1073741824 message="…"``: all of it printable ASCII.

    A value that is not one plain word is a JSON string, in which nothing stands that the runners of
    CI services obey wherever they find it.
    """
    return " ".join(f"{key}={_word(value)}" for key, value in fields.items())


def as_record(fields: Fields, time: int) -> bytes:
    """The line as the history keeps it: JSON, on a line of its own whatever stands before it.

    Args:
        fields: The fields.
        time: Seconds since 1970.
    """
    line = _json({"time": time, **fields})
    if len(line) > LONGEST:
        # The figures say it; the reckoning is a longer way to.
        short = {key: _shortened(value) for key, value in fields.items() if key != "reckoning"}
        line = _json({"time": time, **short})
    return line


def read_record(line: bytes) -> dict[str, Any] | None:
    """The fields of a line; ``None`` where it is torn, or nothing of ours."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("event"), str):
        return None
    time = fields.get("time")
    is_time = isinstance(time, int) and not isinstance(time, bool) and time >= 0
    return fields if is_time else None


def _word(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    if value and _PLAIN.issuperset(value):
        return value
    return json.dumps(value).replace("##", r"#\u0023")


def _json(fields: dict[str, int | str]) -> bytes:
    # The line before may be torn: without the first line end this one would be lost with it.
    return b"\n%s\n" % json.dumps(fields, separators=(",", ":")).encode("ascii")


def _shortened(value: int | str) -> int | str:
    return value[:_SHORTENED] if isinstance(value, str) else value
