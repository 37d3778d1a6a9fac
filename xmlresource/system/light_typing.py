"""Names of ``typing`` for a process that starts a guest and checks no types.

Importing ``typing`` takes an eighth of all that the hook does for a guest with a policy
(docs/decisions/nothing-of-a-tenants-under-the-lock.md), for annotations that nothing looks at.
Whoever asks for more than a name to annotate with gets the module itself.
"""

import sys
from types import ModuleType

_NAME = "typing"


class _Annotation:
    """Stands for anything, with or without parameters."""

    def __class_getitem__(cls, _parameters: object) -> "type[_Annotation]":
        return cls


class _Typing(ModuleType):
    """A stand-in that makes way when it does not do."""

    TYPE_CHECKING = False
    Any = Final = Generic = Literal = NoReturn = Protocol = Self = TypeAlias = _Annotation

    @staticmethod
    def TypeVar(name: str, *_: object, **__: object) -> type:  # noqa: N802 -- as it is called
        """A class, which unions can be made of."""
        return type(name, (_Annotation,), {})

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # the import system asks for its own
            raise AttributeError(name)
        if sys.modules.get(_NAME) is self:
            del sys.modules[_NAME]
        import typing  # noqa: PLC0415 -- the module itself

        return getattr(typing, name)


def stand_in() -> None:
    """Have modules that are imported from now on get by without ``typing``, if nothing has it."""
    sys.modules.setdefault(_NAME, _Typing(_NAME))
