"""Frozen, slotted data classes that cost the hook next to nothing.

``@record`` is what ``@dataclass(frozen=True, slots=True)`` is, typed alike, for the modules that
the hook imports. ``dataclasses`` compiles six functions for each class and imports ``inspect`` to
do so: for the classes on the way of a guest start that was two thirds of the whole answer
(docs/decisions). Here the functions are closures. Left out is what those classes don't need:
ordering, inheritance of fields, keyword-only fields, ``__post_init__``'s ``InitVar``.
"""

from operator import attrgetter, itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar, dataclass_transform

    _Class = TypeVar("_Class")
    _Record = TypeVar("_Record")
else:

    def dataclass_transform(**_: object):
        """Say nothing: type checkers alone read it."""
        return lambda decorator: decorator


class Fresh:
    """The default of a field that is made anew for each instance."""

    __slots__ = ("make",)

    def __init__(self, make: "Callable[[], Any]") -> None:
        self.make = make


def field(*, default_factory: "Callable[[], Any]") -> "Any":
    """A field that begins as what ``default_factory`` returns."""
    return Fresh(default_factory)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def record(cls: "type[_Class]") -> "type[_Class]":
    """Make a frozen, slotted data class of ``cls``, with its annotations as fields."""
    names = tuple(cls.__annotations__)
    body = {key: value for key, value in cls.__dict__.items() if key not in _OF_THE_OLD}
    defaults = {name: body.pop(name) for name in names if name in body}
    check = getattr(cls, "__post_init__", None)
    values = _values_getter(names)
    by_name = _by_name(names, defaults)

    def __init__(self: "Any", *given: "Any", **named: "Any") -> None:  # noqa: N807
        if len(given) != len(names) or named:
            in_order = None if given else by_name(named)
            given = in_order or _complete(cls.__name__, names, defaults, given, named)
        for setter, value in zip(setters, given, strict=True):
            setter(self, value)
        if check is not None:
            check(self)

    def __eq__(self: "Any", other: object) -> "Any":  # noqa: N807
        return values(self) == values(other) if other.__class__ is made else NotImplemented

    def __hash__(self: "Any") -> int:  # noqa: N807
        return hash(values(self))

    def __repr__(self: "Any") -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{made.__qualname__}({shown})"

    def __reduce__(self: "Any") -> "tuple[Any, ...]":  # noqa: N807
        return made, values(self)

    # All at once: setting a special method of a class that is there looks at every slot it has.
    methods = {
        "__init__": __init__,
        "__eq__": __eq__,
        "__hash__": __hash__,
        "__repr__": __repr__,
        "__reduce__": __reduce__,
        "__setattr__": _frozen,
        "__delattr__": _frozen,
        "__slots__": names,
        "__match_args__": names,
        "__qualname__": cls.__qualname__,
    }
    made: Any = type(cls.__name__, cls.__bases__, methods | body)
    setters = tuple([made.__dict__[name].__set__ for name in names])
    return made  # type: ignore[no-any-return] # the same class to type checkers


def replace(instance: "_Record", **changes: "Any") -> "_Record":
    """A copy of a record with some fields changed."""
    fields = type(instance).__match_args__  # type: ignore[attr-defined] # every record has them
    return type(instance)(**{name: getattr(instance, name) for name in fields} | changes)


_OF_THE_OLD = frozenset(("__dict__", "__weakref__", "__slots__"))


def _frozen(self: object, name: str, _value: object = None) -> None:
    raise AttributeError(f"{type(self).__name__}.{name} can't be changed")


def _values_getter(names: "tuple[str, ...]") -> "Callable[[Any], tuple[Any, ...]]":
    if not names:
        return lambda _: ()
    get = attrgetter(*names)
    return get if len(names) > 1 else lambda instance: (get(instance),)


def _by_name(
    names: "tuple[str, ...]", defaults: "dict[str, Any]"
) -> "Callable[[dict[str, Any]], tuple[Any, ...] | None]":
    """The short way to all values in order, from names alone; ``None`` where it does not lead."""
    if len(names) < 2 or any(isinstance(default, Fresh) for default in defaults.values()):  # noqa: PLR2004
        return lambda _: None
    pick = itemgetter(*names)

    def in_order(named: "dict[str, Any]") -> "tuple[Any, ...] | None":
        values = defaults | named
        if len(values) != len(names):
            return None
        try:
            return pick(values)  # type: ignore[no-any-return] # a tuple, of so many
        except KeyError:  # one is unknown, and one is missing
            return None

    return in_order


def _complete(
    cls: str,
    names: "tuple[str, ...]",
    defaults: "dict[str, Any]",
    given: "tuple[Any, ...]",
    named: "dict[str, Any]",
) -> "tuple[Any, ...]":
    """All values in order, from those given by place, by name, and by default.

    Raises:
        TypeError: One is missing, twice there, or not known; as a function would say it.
    """
    if len(given) > len(names):
        raise TypeError(f"{cls}() takes {len(names)} values, {len(given)} were given")
    values = list(given)
    for name in names[len(given) :]:
        if name in named:
            values.append(named.pop(name))
        elif name in defaults:
            default = defaults[name]
            values.append(default.make() if isinstance(default, Fresh) else default)
        else:
            raise TypeError(f"{cls}() lacks {name!r}")
    for name in named:
        what = "more than one value for" if name in names else "an unexpected"
        raise TypeError(f"{cls}() got {what} {name!r}")
    return tuple(values)
