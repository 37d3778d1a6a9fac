"""JSON as all commands print it."""

import json
from typing import Any


def dumps(value: Any) -> str:
    """``value`` as indented JSON with a final newline, names and messages as they are."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
