from xmlresource import api
from xmlresource.cli import COMMANDS

# `explain` prints a row of codes.CODES, which is its own interface.
# `server` answers editors, by their protocol.
# `fleet` is several commands, each a function of operations.fleet.
WITHOUT_FUNCTION = {"explain", "server", "fleet"}


def test_every_command_has_a_function() -> None:
    functions = {name.rstrip("_") for name in api.__all__}
    assert set(COMMANDS) - functions == WITHOUT_FUNCTION


def test_all_is_there() -> None:
    for name in api.__all__:
        assert getattr(api, name) is not None
