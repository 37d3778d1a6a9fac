"""The ``[balance]`` table: what it may hold, and what is in force for which guest."""

import pytest

from xmlresource.configuration.balance_settings import (
    BALANCE_SETTINGS,
    BalanceSettings,
    Mode,
    PartitionMode,
)
from xmlresource.configuration.host_settings import (
    SETTINGS,
    Configuration,
    ConfigurationError,
    parse_configuration,
)
from xmlresource.model.host import ReserveSetting

(BALANCE,) = (each for each in SETTINGS if each.name == "balance")

WHOLE = """\
[balance]
mode = "balloon"
make_room = "10s"
take_below = "8%"
give_above = "16GiB"
pressure = "7.5%"
swap_in = "2MiB"
step = "5%"
keep = "20%"
starving = "4%"
interval = 0.5
slow_interval = 60
stale = 20
patience = 5
calm = "90 s"
back_off = 120

[balance.partitions]
"/machine/prod" = "observe"
"/machine" = "balloon and press"
"""


def read(text: str) -> BalanceSettings:
    found = parse_configuration(text).balance
    assert found is not None
    return found


def test_nothing_said_means_no_service() -> None:
    assert parse_configuration("").balance is None
    assert parse_configuration("[balance]\n").balance is None
    assert BalanceSettings().mode is Mode.OFF


def test_all_that_can_be_said() -> None:
    assert read(WHOLE) == BalanceSettings(
        mode=Mode.BALLOON,
        make_room=10,
        partitions=(
            PartitionMode("/machine/prod", Mode.OBSERVE),
            PartitionMode("/machine", Mode.PRESS),
        ),
        interval=0.5,
        slow_interval=60,
        take_below=ReserveSetting(basis_points=800),
        give_above=ReserveSetting(size=16 << 30),
        pressure=7.5,
        swap_in=2 << 20,
        step=500,
        keep=2000,
        starving=400,
        stale=20,
        patience=5,
        calm=90,
        back_off=120,
    )


@pytest.mark.parametrize("setting", BALANCE_SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_an_example_that_is_the_default(setting: object) -> None:
    name, example = setting.name, setting.example  # type: ignore[attr-defined]
    found = read(f"[balance]\n{name} = {example}\n")
    if name not in {"take_below", "give_above"}:  # their defaults have bounds besides
        assert found == BalanceSettings()


def test_every_field_can_be_set() -> None:
    assert {each.name for each in BALANCE_SETTINGS} == set(BalanceSettings.__match_args__)  # type: ignore[attr-defined]


def test_values_are_shown_as_they_are_written() -> None:
    shown = BALANCE.show(read(WHOLE))
    assert isinstance(shown, dict)
    assert shown["mode"] == "balloon"
    assert shown["take_below"] == "8%"
    assert shown["give_above"] == "16 GiB"
    assert shown["pressure"] == "7.5%"
    assert shown["partitions"] == {"/machine/prod": "observe", "/machine": "balloon and press"}
    assert BALANCE.show(None) == {}
    defaults = BALANCE.show(BalanceSettings())
    assert isinstance(defaults, dict)
    assert "take_below" not in defaults


@pytest.mark.parametrize(
    ("host", "partition", "balance", "mode"),
    [
        ("balloon", None, None, Mode.BALLOON),
        ("balloon", None, False, Mode.OFF),
        ("balloon", None, True, Mode.BALLOON),
        ("balloon", "/machine/prod", None, Mode.OBSERVE),
        ("balloon", "/machine/prod/web", None, Mode.BALLOON),
        ("balloon", "/machine/prod/db", None, Mode.OBSERVE),
        ("balloon", "/machine/production", None, Mode.BALLOON),
        ("observe", "/machine/prod/web", None, Mode.OBSERVE),
        ("off", "/machine/prod/web", True, Mode.OFF),
        ("balloon and press", None, None, Mode.PRESS),
        ("balloon and press", "/machine/prod", None, Mode.OBSERVE),
    ],
)
def test_the_mode_of_a_guest(
    host: str, partition: str | None, balance: bool | None, mode: Mode
) -> None:
    settings = read(
        f'[balance]\nmode = "{host}"\n[balance.partitions]\n'
        '"/machine/prod" = "observe"\n"/machine/prod/web" = "balloon and press"\n'
    )
    assert settings.mode_of(partition, balance=balance) is mode


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("\nbalance = 1", 2, "balance: not a table"),
        ("mode = 1", 1, "unknown key 'mode'"),
        ("[balance]\nmod = 1", 2, "balance: unknown key 'mod'"),
        ("[balance]\nmode = 'on'", 2, "balance: mode: 'on' is no mode"),
        ("balance = { mode = 1 }", 1, "balance: mode: 1 is no mode"),
        ("[balance]\nmake_room = '10m'", 2, "balance: make_room: not a number"),
        ("[balance]\nmake_room = '601s'", 2, "balance: make_room: 601 is out of range"),
        ("[balance]\nmake_room = true", 2, "balance: make_room: not a number"),
        ("[balance]\ninterval = 0", 2, "balance: interval: 0 is out of range"),
        ("[balance]\npartitions = 1", 2, "balance: partitions: not a table"),
        (
            "[partitions]\n'/a' = '1'\n[balance.partitions]\n'/a' = 'x'",
            4,
            "balance: partitions: '/a': 'x' is no mode",
        ),
        ("[balance.partitions]\n'a' = 'off'", 2, "balance: partitions: 'a' is no partition"),
        ("[balance]\ntake_below = 5", 2, "balance: take_below: not a text in quotes"),
        ("[balance]\npressure = 5", 2, "balance: pressure: not a percentage in quotes"),
        ("[balance]\npressure = '0%'", 2, "balance: pressure: '0%' is out of range"),
        ("[balance]\nstep = '50%'", 2, "balance: step: '50%' is out of range"),
        ("[balance]\nstep = 'x%'", 2, "balance: step: 'x%' is no percentage"),
        ("[balance]\nswap_in = 5", 2, "balance: swap_in: not a text in quotes"),
        ("[balance]\nswap_in = '5 x'", 2, "balance: swap_in: unknown unit 'x'"),
        ("[balance]\nswap_in = '0'", 2, "balance: swap_in: '0' is out of range"),
        (
            "[balance]\n\nkeep = '8%'",
            3,
            "balance: keep: less than twice as much as starving",
        ),
    ],
)
def test_faults_name_line_and_key(text: str, line: int, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(text, "f.toml")
    assert (caught.value.problem, caught.value.line) == (problem, line)
    assert caught.value.cure


def test_the_defaults_of_a_host_hold_no_settings_of_the_service() -> None:
    assert Configuration().balance is None
