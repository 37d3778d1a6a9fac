"""What the settings change about admission, and how they are shown."""

from pathlib import Path

import pytest

from tests.fakes.host import FakeHost, domain, guarantee
from xmlresource.configuration.host_settings import SETTINGS, ConfigurationError
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.config import config
from xmlresource.operations.guests.hook_events import answer
from xmlresource.reports.host.config import as_json, as_text


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    return FakeHost(tmp_path)


def settle(host: FakeHost, text: str) -> None:
    host.write("/etc/xmlresource.toml", text)
    (host.root / "etc/xmlresource.toml").chmod(0o644)


def prepare(host: FakeHost, name: str, number: int, mib: int, more: str = "") -> tuple[int, str]:
    xml = domain(name, number, guarantee(mib), more=more)
    return answer(name, "prepare", xml, None, host.machine)


def in_partition(path: str) -> str:
    return f"<resource><partition>{path}</partition></resource>"


def test_a_commit_ratio_below_1_leaves_room(host: FakeHost) -> None:
    settle(host, "commit_ratio = 0.5")
    assert prepare(host, "a", 1, 3800)[0] == 0
    status, text = prepare(host, "b", 2, 100)
    assert status == ExitStatus.REFUSED
    assert "  commit ratio 0.5 " in text


def test_a_commit_ratio_above_1_promises_more_than_there_is_while_it_is_free(
    host: FakeHost,
) -> None:
    settle(host, "commit_ratio = 2.0\nhost_reserve = '0'")
    assert prepare(host, "a", 1, 5000)[0] == 0
    status, text = prepare(host, "b", 2, 5000)
    assert status == ExitStatus.REFUSED
    assert "(physical; " in text.splitlines()[0]


def test_guests_without_a_promise_count_where_that_is_wanted(host: FakeHost) -> None:
    host.run("plain", 4242, domain("plain", 9, "", ram=4000))
    assert prepare(host, "a", 1, 4000)[0] == 0
    settle(host, "count_unpromised = true")
    status, text = prepare(host, "b", 2, 3000)
    assert status == ExitStatus.REFUSED
    assert "guests without a promise" in text
    assert prepare(host, "a", 1, 3000)[0] == ExitStatus.FINE


def test_a_guest_with_a_promise_counts_once(host: FakeHost) -> None:
    settle(host, "count_unpromised = true")
    host.run("db1", 4242, domain("db1", 1, guarantee(100), ram=6000))
    answer("db1", "started", domain("db1", 1, guarantee(100), ram=6000), None, host.machine)
    assert prepare(host, "b", 2, 6000)[0] == 0


def test_partitions_have_budgets(host: FakeHost) -> None:
    settle(host, "[partitions]\n'/machine/prod' = '300MiB'\n'/machine' = '1GiB'\n")
    inside = in_partition("/machine/prod/web")
    assert prepare(host, "a", 1, 200, inside)[0] == 0
    status, text = prepare(host, "b", 2, 200, inside)
    assert status == ExitStatus.REFUSED
    assert "partitions, commitment on /machine/prod" in text.splitlines()[0]
    assert prepare(host, "c", 3, 200)[0] == 0
    assert prepare(host, "d", 4, 700)[0] == ExitStatus.REFUSED


@pytest.mark.parametrize("path", ["../../etc", "/a&#9;/b", "/" + "x/" * 5000, "/a\u202eb"])
def test_a_hostile_partition_is_refused_in_words(host: FakeHost, path: str) -> None:
    status, text = prepare(host, "a", 1, 1, in_partition(path))
    assert status == ExitStatus.USAGE
    assert "is none that libvirt takes" in text
    assert len(text) < 300
    assert text.rstrip("\n").isprintable()


def test_every_setting_is_shown_with_its_source(host: FakeHost) -> None:
    settle(host, "\nlock_timeout = 5\n[partitions]\n'/machine/prod' = '300MiB'\n")
    shown = {each.name: each for each in config(host.machine)}
    assert list(shown) == [setting.name for setting in SETTINGS]
    assert (shown["lock_timeout"].value, shown["lock_timeout"].source) == (
        5,
        "/etc/xmlresource.toml:2",
    )
    assert shown["commit_ratio"].source == "default"
    text = as_text(tuple(shown.values()))
    assert 'partitions = { "/machine/prod" = "300 MiB" }  # /etc/xmlresource.toml:3' in text
    assert "host_reserve = (from the host)  # default" in text
    assert as_json(tuple(shown.values()))["version"] == 1


def test_a_fault_has_its_place(host: FakeHost) -> None:
    settle(host, "\ncommit_ratio = 0\n")
    with pytest.raises(ConfigurationError, match=r"toml:2: commit_ratio: 0 is out of range"):
        config(host.machine)


def test_another_file_is_looked_at_as_if_it_stood_in_its_place(host: FakeHost) -> None:
    settle(host, "lock_timeout = 7")
    host.write("/new.toml", "\nlock_timeout = 9\n")
    (host.root / "new.toml").chmod(0o666)
    (found,) = (each for each in config(host.machine, file="/new.toml") if each.value == 9)
    assert (found.name, found.source) == ("lock_timeout", "/new.toml:2")


@pytest.mark.parametrize(
    ("content", "line"), [(b"lock_timeout = 9\nnope = 1\n", 2), (b"# \xff\n", 1)]
)
def test_a_fault_in_another_file_names_that_file(host: FakeHost, content: bytes, line: int) -> None:
    (host.root / "new.toml").write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        config(host.machine, file="/new.toml")
    assert str(caught.value).startswith(f"/new.toml:{line}")
