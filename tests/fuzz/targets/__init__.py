"""The targets: modules with ``one(data)``, which fails where it should not, and ``seeds()``.

A new target is a new module here, named in ``NAMES``.
"""

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Final, NamedTuple

NAMES: Final = (
    *("document", "relaxng", "grammar", "hook", "ledger", "chain", "configuration"),
    "interchange",
)


class Target(NamedTuple):
    """What is fuzzed.

    Attributes:
        name: Its name, and that of its folder below ``crashes``.
        one: Takes one input.
        seeds: What to begin with.
    """

    name: str
    one: Callable[[bytes], None]
    seeds: Callable[[], Iterator[bytes]]


def load(name: str) -> Target:
    """The target of that name."""
    module = import_module(f"{__name__}.{name}")
    return Target(name, module.one, module.seeds)
