"""JSON as all commands print it."""

import json
import re
from typing import Any, Final

# JSON escapes the other control characters anyway.
_SUSPECT: Final = re.compile("[^\n -~]")


def dumps(value: Any) -> str:
    r"""``value`` as indented JSON with a final newline, names and messages as they are.

    What a terminal, or a runner of CI, might obey is escaped, and what neither would show.

    >>> print(dumps("é\u202e\x9b"), end="")
    "é\u202e\u009b"
    """
    text = json.dumps(value, indent=2, ensure_ascii=False).replace("##", r"#\u0023")
    return _SUSPECT.sub(_escaped, text) + "\n"


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]
