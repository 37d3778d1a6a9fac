import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xmlresource.configuration.host_settings import (
    SETTINGS,
    Configuration,
    ConfigurationError,
    lines_of,
    parse_configuration,
)
from xmlresource.model.host import ReserveSetting
from xmlresource.promises.terms import PartitionBudget


def test_nothing_said_means_the_defaults() -> None:
    assert parse_configuration("# nothing\n") == Configuration(None, "memory.low", 30)


@pytest.mark.parametrize(
    ("written", "reserve"),
    [
        ("20GiB", ReserveSetting(size=20 << 30)),
        (" 512 MiB", ReserveSetting(size=512 << 20)),
        ("1048576", ReserveSetting(size=1 << 30)),
        ("0", ReserveSetting(size=0)),
        ("5%", ReserveSetting(basis_points=500)),
        ("2.5 %", ReserveSetting(basis_points=250)),
        ("0.25%", ReserveSetting(basis_points=25)),
        ("0%", ReserveSetting(basis_points=0)),
        ("0100%", ReserveSetting(basis_points=10_000)),
    ],
)
def test_host_reserve(written: str, reserve: ReserveSetting) -> None:
    assert parse_configuration(f"host_reserve = '{written}'").host_reserve == reserve


@pytest.mark.parametrize(
    ("written", "reserve", "shown"),
    [
        ("0.5", ReserveSetting(size=500), 0.5),
        ("3", ReserveSetting(size=3000), 3),
        ("0", ReserveSetting(size=0), 0),
        ("'2.5 %'", ReserveSetting(basis_points=250), "2.5%"),
    ],
)
def test_cpu_reserve(written: str, reserve: ReserveSetting, shown: object) -> None:
    found = parse_configuration(f"cpu_reserve = {written}").cpu_reserve
    assert found == reserve
    (setting,) = (each for each in SETTINGS if each.name == "cpu_reserve")
    assert setting.show(found) == shown
    assert setting.show(None) is None


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("'2'", "neither a number nor a percentage"),
        ("true", "neither a number nor a percentage"),
        ("[]", "neither a number nor a percentage"),
        ("'101%'", "more than 100 %"),
        ("-1", "out of range"),
        ("nan", "out of range"),
        ("0.0005", "more than three digits"),
    ],
)
def test_a_cpu_reserve_that_makes_no_sense(written: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse_configuration(f"cpu_reserve = {written}")


def test_the_other_settings() -> None:
    text = 'soft_limit_file = "memory.high"\nlock_timeout = 2.5\n'
    assert parse_configuration(text) == Configuration(None, "memory.high", 2.5)


@pytest.mark.parametrize(("written", "size"), [("0", 0), ("2MiB", 2 << 20), ("64MiB", 64 << 20)])
def test_the_size_of_the_history(written: str, size: int) -> None:
    assert parse_configuration(f"history_size = '{written}'").history_size == size
    assert Configuration().history_size == 1 << 20


def test_priorities_after_a_boot() -> None:
    found = parse_configuration("boot_priority = true\nboot_window = 90\n")
    assert (found.boot_priority, found.boot_window) == (True, 90)
    assert (Configuration().boot_priority, Configuration().boot_window) == (False, 600)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("history_size = 5", 1, "history_size: not a text in quotes"),
        ("history_size = 'much'", 1, "history_size: 'much' is not a whole number"),
        ("history_size = '1GiB'", 1, "history_size: '1GiB' is out of range"),
        ("history_size = 'unlimited'", 1, "history_size: 'unlimited' is out of range"),
        ("boot_priority = 1", 1, "boot_priority: 1 is neither true nor false"),
        ("boot_window = true", 1, "boot_window: not a number"),
        ("boot_window = 2e9", 1, "boot_window: 2000000000.0 is out of range"),
        ("boot_window = nan", 1, "boot_window: nan is out of range"),
        ("\nhost_reserv = 1", 2, "unknown key 'host_reserv'"),
        ("lock_timeout = 1\n[memory]\nx = 1", 2, "unknown key 'memory'"),
        ("\n\n 'a b'.c = 1", 3, "unknown key 'a b'"),
        ('"\\u0041" = 1', None, "unknown key 'A'"),
        ("\nhost_reserve = 5", 2, "host_reserve: not a text in quotes"),
        ("host_reserve = '5 GiX'", 1, "host_reserve: unknown unit 'GiX'"),
        ("host_reserve = 'unlimited'", 1, "host_reserve: the reserve can't be unlimited"),
        ("host_reserve = '1.2.3%'", 1, "host_reserve: '1.2.3%' is no percentage"),
        ("host_reserve = '1.%'", 1, "host_reserve: '1.%' is no percentage"),
        ("host_reserve = '%'", 1, "host_reserve: '%' is no percentage"),
        ("host_reserve = '-1%'", 1, "host_reserve: '-1%' is no percentage"),
        ("host_reserve = '1.234%'", 1, "host_reserve: more than two digits after the point"),
        ("host_reserve = '101%'", 1, "host_reserve: more than 100 %"),
        (f"host_reserve = '{'9' * 9999}%'", 1, "host_reserve: more than 100 %"),
        (
            "soft_limit_file = 'memory.max'",
            1,
            "soft_limit_file: 'memory.max' is no file for a soft limit",
        ),
        ("soft_limit_file = [1]", 1, "soft_limit_file: [1] is no file for a soft limit"),
        ("commit_ratio = '1'", 1, "commit_ratio: not a number"),
        ("commit_ratio = true", 1, "commit_ratio: not a number"),
        ("commit_ratio = 0", 1, "commit_ratio: 0 is out of range"),
        ("commit_ratio = nan", 1, "commit_ratio: nan is out of range"),
        ("commit_ratio = 100.1", 1, "commit_ratio: 100.1 is out of range"),
        ("commit_ratio = 1.00001", 1, "commit_ratio: more than four digits after the point"),
        ("count_unpromised = 1", 1, "count_unpromised: 1 is neither true nor false"),
        ("\npartitions = 1", 2, "partitions: not a table"),
        ("[partitions]\n'a' = '1'", 2, "partitions: 'a' is no partition"),
        ("[partitions]\n'/a/' = '1'", 2, "partitions: '/a/' is no partition"),
        ("[partitions]\n'/a' = 1", 2, "partitions: '/a': not a text in quotes"),
        ("[partitions]\n'/a' = '1 X'", 2, "partitions: '/a': unknown unit 'X'"),
        ("[partitions]\n'/a' = 'unlimited'", 2, "partitions: '/a': a budget can't be unlimited"),
        ("lock_timeout = true", 1, "lock_timeout: not a number"),
        ("lock_timeout = '30'", 1, "lock_timeout: not a number"),
        ("lock_timeout = -1", 1, "lock_timeout: -1 is out of range"),
        ("lock_timeout = nan", 1, "lock_timeout: nan is out of range"),
        ("lock_timeout = inf", 1, "lock_timeout: inf is out of range"),
        ("lock_timeout = 3601", 1, "lock_timeout: 3601 is out of range"),
    ],
)
def test_faults_name_line_and_key(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(text, "f.toml")
    assert (caught.value.path, caught.value.line) == ("f.toml", line)
    assert caught.value.problem == problem
    assert caught.value.cure
    place = "f.toml" if line is None else f"f.toml:{line}"
    assert str(caught.value) == f"{place}: {problem}; {caught.value.cure}"


def test_the_settings_of_promises() -> None:
    text = "commit_ratio = 1.25\ncount_unpromised = true\n[partitions]\n'/machine/a' = '64GiB'\n"
    parsed = parse_configuration(text)
    assert (parsed.commit_ratio, parsed.count_unpromised) == (12_500, True)
    assert parsed.partitions == (PartitionBudget("/machine/a", 64 << 30),)
    assert lines_of(text) == {"commit_ratio": 1, "count_unpromised": 2, "partitions": 3}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("host_reserve = '2.5%'", "2.5%"),
        ("host_reserve = '2048MiB'", "2 GiB"),
        ("commit_ratio = 1.5", 1.5),
        ("lock_timeout = 5", 5),
        ("[partitions]\n'/machine/a' = '64GiB'", {"/machine/a": "64 GiB"}),
    ],
)
def test_values_are_shown_as_they_are_written(text: str, shown: object) -> None:
    parsed = parse_configuration(text)
    (name,) = lines_of(text)
    (setting,) = [each for each in SETTINGS if each.name == name]
    assert setting.show(getattr(parsed, name)) == shown


def test_a_default_that_follows_from_the_host_is_shown_as_none() -> None:
    assert SETTINGS[0].show(Configuration().host_reserve) is None


@pytest.mark.parametrize(("text", "line"), [("a = 1\nb = ", 2), ("a = 1\na = 2", 2), ("[", 1)])
def test_what_is_not_toml(text: str, line: int) -> None:
    with pytest.raises(ConfigurationError, match="not TOML") as caught:
        parse_configuration(text)
    assert caught.value.line in {line, None}


def test_long_values_are_cut() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_configuration(f"soft_limit_file = '{'x' * 1000}'")
    assert len(str(caught.value)) < 200


def test_deep_nesting_is_no_crash() -> None:
    with pytest.raises(ConfigurationError, match="not TOML"):
        parse_configuration(f"a = {'[' * 100_000}")


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_has_an_example_that_is_the_default(setting: object) -> None:
    name, example = setting.name, setting.example  # type: ignore[attr-defined]
    parsed = parse_configuration(f"{name} = {example}")
    if name not in {"host_reserve", "cpu_reserve"}:  # their defaults have bounds besides
        assert parsed == Configuration()


@given(st.text())
def test_any_text_is_a_configuration_or_a_configuration_error(text: str) -> None:
    with contextlib.suppress(ConfigurationError):
        parse_configuration(text)
