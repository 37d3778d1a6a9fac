"""The settings of a host, as text and as JSON."""

from collections.abc import Sequence
from textwrap import wrap
from typing import Any

from xmlresource.operations.administration.config import SettingState
from xmlresource.reports.layout.json_text import dumps

_WIDTH = 76


def as_text(settings: Sequence[SettingState]) -> str:
    """A line a setting, with what it does below."""
    lines = []
    for each in settings:
        value = "(from the host)" if each.value is None else _toml(each.value)
        lines.append(f"{each.name} = {value}  # {each.source}")
        lines += [f"    {line}" for line in wrap(each.help, _WIDTH)]
    return "\n".join(lines) + "\n"


def as_json(settings: Sequence[SettingState]) -> dict[str, Any]:
    """The shape of ``config --json``, version 1."""
    return {
        "version": 1,
        "settings": [
            {"name": each.name, "value": each.value, "source": each.source, "help": each.help}
            for each in settings
        ],
    }


def _toml(value: object) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_toml(key)} = {_toml(each)}" for key, each in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    return dumps(value).strip()
