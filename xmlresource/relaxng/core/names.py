"""Names and name classes (§6.2.1).

A name is what expat reports: ``"local"``, or ``"uri local"`` for a name in a namespace. A name
class is a plain value, so that a compiled grammar can be stored by `marshal`:

* a name: the ``str`` itself;
* ``("any", except)``: any name, but those of ``except`` (a name class or None);
* ``("ns", uri, except)``: any name in the namespace ``uri``, but those of ``except``;
* ``("or", (class, ...))``: any of these.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, TypeAlias

    NameClass: TypeAlias = str | tuple[Any, ...]

#: Stands for "infinitely many names" in a set of names.
WILDCARD = "*"

# No document can hold these: they represent the names that a grammar does not mention.
_OTHER = "\x00"


def contains(names: NameClass, name: str) -> bool:
    """Tell whether ``name`` belongs to the name class."""
    if isinstance(names, str):
        return names == name
    if names[0] == "or":
        return any(contains(part, name) for part in names[1])
    if names[0] == "ns" and name.rpartition(" ")[0] != names[1]:
        return False
    return names[-1] is None or not contains(names[-1], name)


def members(names: NameClass) -> frozenset[str]:
    """Return the names in a name class, with `WILDCARD` standing for infinitely many."""
    if isinstance(names, str):
        return frozenset((names,))
    if names[0] == "or":
        return frozenset().union(*map(members, names[1]))
    return frozenset((WILDCARD,))


def is_infinite(names: NameClass) -> bool:
    """Tell whether the name class holds ``anyName`` or ``nsName``."""
    return WILDCARD in members(names)


def overlap(left: NameClass, right: NameClass) -> str | None:
    """Return a name that both classes hold, or None where they are disjoint.

    Two classes overlap exactly if they do on one of the names that either mentions, or on a name
    that neither does.
    """
    for name in (*_representatives(left), *_representatives(right)):
        if contains(left, name) and contains(right, name):
            return name
    return None


def _representatives(names: NameClass | None) -> Iterator[str]:
    if names is None:
        return
    if isinstance(names, str):
        yield names
    elif names[0] == "or":
        for part in names[1]:
            yield from _representatives(part)
    else:
        yield f"{names[1]} {_OTHER}".lstrip(" ") if names[0] == "ns" else f"{_OTHER} {_OTHER}"
        yield from _representatives(names[-1])


def local(name: str) -> str:
    """Return the local part of a name."""
    return name.rpartition(" ")[2]


def describe(names: NameClass) -> str:
    """Return a name class in words, for a message about a schema."""
    if isinstance(names, str):
        return f"'{local(names)}'"
    if names[0] == "or":
        return " or ".join(map(describe, names[1]))
    return f"any name in '{names[1]}'" if names[0] == "ns" else "any name"
