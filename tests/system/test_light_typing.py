"""The stand-in for ``typing``: in the hook's process, until somebody wants more of it."""

import subprocess
import sys
from pathlib import Path

FOLDER = str(Path(__file__).parents[2])


def answer(program: str) -> str:
    """What a fresh Python prints."""
    code = f"import sys; sys.path.insert(0, {FOLDER!r})\n{program}"
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 -- this Python
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


STAND_IN = "from xmlresource.system.light_typing import stand_in; stand_in()\n"


def test_names_to_annotate_with() -> None:
    program = (
        "from typing import Any, Final, Generic, Literal, NoReturn, Protocol, Self, TypeAlias\n"
        "from typing import TYPE_CHECKING, TypeVar\n"
        "T = TypeVar('T', bound=int)\n"
        "class A(Protocol): x: Final[int] = 1\n"
        "class B(Generic[T]):\n"
        "    def f(self: Self | None, a: Any | T, b: Literal['x']) -> NoReturn: ...\n"
        "C: TypeAlias = dict[str, Any]\n"
        "print(TYPE_CHECKING, 're' in sys.modules, type(sys.modules['typing']).__name__)"
    )
    assert answer(STAND_IN + program) == "False False _Typing"


def test_who_wants_more_gets_the_module() -> None:
    program = "from typing import NamedTuple\nimport typing\nprint(typing.NamedTuple is NamedTuple)"
    assert answer(STAND_IN + program) == "True"
    assert answer(STAND_IN + "import tomllib; print(tomllib.loads('a = 1'))") == "{'a': 1}"


def test_what_is_there_stays() -> None:
    program = "import typing\n" + STAND_IN + "print(sys.modules['typing'] is typing)"
    assert answer(program) == "True"


def test_a_start_gets_by_without_the_module() -> None:
    program = STAND_IN + (
        "from xmlresource.operations.guests import hook_events, lifecycle\n"
        "from xmlresource.operations.promises import prepare\n"
        "print(type(sys.modules['typing']).__name__)"
    )
    assert answer(program) == "_Typing"
