"""[fleet] of the host's settings."""

import pytest

from xmlresource.configuration.fleet_settings import show_fleet
from xmlresource.configuration.host_settings import (
    SETTINGS,
    Configuration,
    ConfigurationError,
    parse_configuration,
)
from xmlresource.model.host import FleetSetting


def test_a_fleet() -> None:
    text = "[fleet]\nservice = 'fleet'\nhost = 'rack3-7.example.org'\n"
    setting = parse_configuration(text).fleet
    assert setting == FleetSetting("fleet", "rack3-7.example.org")
    assert show_fleet(setting) == {"service": "fleet", "host": "rack3-7.example.org"}
    assert Configuration().fleet == FleetSetting()
    (row,) = [each for each in SETTINGS if each.name == "fleet"]
    assert row.show(FleetSetting(service="x")) == {"service": "x"}


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("fleet = 1", 1, "fleet: not a table"),
        ("[fleet]\nserver = 'x'", 2, "fleet: unknown key 'server'"),
        ("[fleet]\nservice = 1", 2, "fleet: 'service': not a text in quotes"),
        ("[fleet]\nservice = '[x]'", 2, "fleet: 'service': '[x]' is no name of a service"),
        ("[fleet]\nhost = '-x'", 2, "fleet: 'host': '-x' is no name of a host"),
        ("[fleet]\npassword = 'x'", 2, "fleet: unknown key 'password'"),
    ],
)
def test_a_fleet_that_makes_no_sense(text: str, line: int, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(text)
    assert (caught.value.line, caught.value.problem) == (line, problem)
