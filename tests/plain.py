"""Records as plain data, for comparing with JSON."""

from typing import Any


def as_data(value: Any) -> Any:
    """Records as dicts by field, at any depth."""
    if isinstance(value, dict):
        return {key: as_data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(as_data(inner) for inner in value)
    names = getattr(type(value), "__match_args__", None)
    if names is None:
        return value
    return {name: as_data(getattr(value, name)) for name in names}
