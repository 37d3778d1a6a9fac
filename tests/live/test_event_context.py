"""What changes to guests that run leave in the log and in the history."""

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.attackers.inputs import RUNNERS, TERMINAL
from tests.fakes.host import GIB, MIB, FakeHost, uuid
from tests.fakes.libvirt import CONFIG, LIVE, FakeDomain, FakeLibvirtError, module
from xmlresource.errors import XmlresourceError
from xmlresource.live import get_memory_parameters, set_memory_parameters
from xmlresource.live.reclaim.guest_reclaim import give_back, reclaim
from xmlresource.live.reclaim.host_reclaim import HostGoal, plan_host, reclaim_host
from xmlresource.live.reclaim.reclaim_run import GoneError, NotPutBackError
from xmlresource.model.events import Event
from xmlresource.operations.administration.history import history
from xmlresource.operations.administration.status import status
from xmlresource.operations.guest import RefusalError
from xmlresource.reclaim.steps import Action, Goal, Observation, Stop
from xmlresource.reports.host.history import as_text
from xmlresource.system import log
from xmlresource.system.cgroups import pressure
from xmlresource.system.libvirt.connection import LibvirtError
from xmlresource.units import UNLIMITED_KIB

Records = list[dict[str, Any]]
USAGE = "memory.usage_in_bytes"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is waited for has come at once, or never does.
    clock = iter(range(10**6))
    monkeypatch.setattr(pressure, "now", lambda: float(next(clock)))
    monkeypatch.setattr(pressure, "pause", lambda _seconds: None)


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    """What the log gets; the history has to have got the same."""
    found: list[Event] = []
    monkeypatch.setattr(log, "tell", lambda event, **_: found.append(event))
    return found


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeDomain:
    made = FakeDomain(FakeHost(tmp_path / "host"))
    made.host.write(f"{made.folder}/{USAGE}", f"{80 * MIB}\n")
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    return made


def change(domain: FakeDomain, flags: int = LIVE, **mebibytes: int) -> None:
    params = {name: size << 10 for name, size in mebibytes.items()}
    set_memory_parameters(domain, params, flags, domain.host.machine)


def take(domain: FakeDomain, mebibytes: int) -> None:
    reclaim("db1", Goal(mebibytes * MIB, 600), machine=domain.host.machine)


def told(domain: FakeDomain, logged: list[Event]) -> Records:
    """The records without their times, which the log has got, too."""
    records = [dict(each) for each in history(machine=domain.host.machine).records]
    assert all(record.pop("time") > 0 for record in records)
    assert records == [each.fields() for each in logged]
    return records


def kinds(records: Records) -> list[str]:
    return [each["event"] for each in records]


# memtune


def test_a_raise_is_admitted_with_its_reckoning_and_written(
    domain: FakeDomain, logged: list[Event]
) -> None:
    change(domain, LIVE | CONFIG, min_guarantee=64, hard_limit=128)
    admitted, written = told(domain, logged)
    common = {
        "operation": "memtune",
        "guest": "db1",
        "uuid": uuid(1),
        "min_guarantee": 64 * MIB,
        "hard_limit": 128 * MIB,
    }
    assert admitted.items() >= {"event": "admitted", "guarantee": 64 * MIB, **common}.items()
    assert admitted["reckoning"].startswith(f"commitment holds: MemTotal {8 * GIB} - host reserve ")
    assert written.items() >= {"event": "written", "writes": 1, **common}.items()
    assert "memory.limit_in_bytes of " in written["message"]
    assert "reckoning" not in written


def test_what_asks_for_no_more_is_only_written(domain: FakeDomain, logged: list[Event]) -> None:
    change(domain, min_guarantee=64)
    logged.clear()
    change(domain, min_guarantee=32)
    set_memory_parameters(domain, {"hard_limit": UNLIMITED_KIB}, LIVE, domain.host.machine)
    assert [each.kind for each in logged] == ["written", "written"]
    assert logged[0].figures["min_guarantee"] == 32 * MIB
    assert logged[1].figures["hard_limit"] == "unlimited"


def test_a_raise_tells_of_what_the_guest_has(domain: FakeDomain) -> None:
    """Alone on its host it has a promise all the same, and nothing of it is negative."""
    change(domain, min_guarantee=256)
    with pytest.raises(RefusalError) as refused:
        change(domain, min_guarantee=9000)
    first = str(refused.value).partition("\n")[0]
    assert "(commitment; no promises but its own of 256 MiB)" in first
    records = history(machine=domain.host.machine).records
    assert [each["event"] for each in records] == ["admitted", "written", "refused"]
    reckonings = [each["reckoning"] for each in records if "reckoning" in each]
    assert len(reckonings) == 2
    assert not any("promised -" in each for each in reckonings)


def test_a_raise_that_is_refused(domain: FakeDomain, logged: list[Event]) -> None:
    with pytest.raises(XmlresourceError):
        change(domain, LIVE | CONFIG, min_guarantee=9000)
    (refused,) = told(domain, logged)
    assert refused["event"] == "refused"
    assert (refused["operation"], refused["guest"], refused["uuid"]) == ("memtune", "db1", uuid(1))
    assert (refused["status"], refused["rule"]) == (3, "commitment")
    assert refused["asked"] == refused["min_guarantee"] == 9000 * MIB
    assert refused["reckoning"].startswith("commitment fails: MemTotal ")
    assert refused["message"].startswith("guest 'db1' refused: it asks for a guarantee of ")


def test_what_contradicts(domain: FakeDomain, logged: list[Event]) -> None:
    with pytest.raises(XmlresourceError):
        change(domain, min_guarantee=64, hard_limit=32)
    (refused,) = told(domain, logged)
    assert (refused["event"], refused["status"]) == ("refused", 1)
    assert "XR301" in refused["message"]


@pytest.mark.parametrize(
    ("error", "figures"),
    [
        (FakeLibvirtError("no", 1), {"status": 4}),
        (KeyboardInterrupt(), {}),
        (OSError(5, "EIO"), {"status": 2}),
    ],
)
def test_what_is_undone(
    domain: FakeDomain, logged: list[Event], error: BaseException, figures: dict[str, int]
) -> None:
    def fail(_name: str, side: int) -> None:
        if side == CONFIG:
            domain.before_call = lambda _name, _side: None
            raise error

    domain.before_call = fail
    with pytest.raises((XmlresourceError, type(error))):
        change(domain, LIVE | CONFIG, min_guarantee=64)
    records = told(domain, logged)
    assert kinds(records) == ["admitted", "rolled-back"]
    assert records[1].items() >= {"min_guarantee": 64 * MIB, **figures}.items()
    assert ("status" in records[1]) == bool(figures)
    assert records[1]["message"]
    assert status(domain.host.machine).promised == 0


def test_an_interruption_before_libvirt_is_told(
    domain: FakeDomain, logged: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("xmlresource.live.parameters.live_enforcement.reckon_raise", interrupt)
    with pytest.raises(KeyboardInterrupt):
        change(domain, min_guarantee=64)
    (record,) = told(domain, logged)
    assert (record["event"], record["message"]) == ("rolled-back", "interrupted")
    assert "status" not in record


def test_a_smaller_promise_that_cant_be_booked(domain: FakeDomain, logged: list[Event]) -> None:
    change(domain, min_guarantee=16)
    logged.clear()
    domain.before_call = lambda *_: (domain.host.root / "run/xmlresource/ledger.new").mkdir(
        exist_ok=True
    )
    with pytest.raises(XmlresourceError):
        change(domain, min_guarantee=8)
    assert [each.kind for each in logged] == ["rolled-back"]


def test_a_configuration_that_cant_be_used(domain: FakeDomain, logged: list[Event]) -> None:
    domain.host.write("/etc/xmlresource.toml", "nonsense = 1")
    with pytest.raises(XmlresourceError):
        change(domain, min_guarantee=64)
    domain.host.write("/etc/xmlresource.toml", "")
    (refused,) = told(domain, logged)
    assert (refused["event"], refused["status"]) == ("refused", 2)


def test_no_history_where_none_is_wanted(domain: FakeDomain, logged: list[Event]) -> None:
    domain.host.write("/etc/xmlresource.toml", 'history_size = "0"\n')
    change(domain, min_guarantee=64)
    with pytest.raises(XmlresourceError):
        change(domain, min_guarantee=9000)
    assert [each.kind for each in logged] == ["admitted", "written", "refused"]
    assert history(machine=domain.host.machine).records == ()


def test_what_changes_nothing_that_runs_here_is_not_told(
    domain: FakeDomain, logged: list[Event]
) -> None:
    change(domain, CONFIG, min_guarantee=64)
    change(domain)
    get_memory_parameters(domain, LIVE, domain.host.machine)
    with pytest.raises(LookupError):
        change(domain, nonsense=1)
    domain.uri = "qemu+ssh://far.example.org/system"
    with pytest.raises(XmlresourceError):
        change(domain, LIVE, min_guarantee=64)
    assert give_back("db1", domain.uri, domain.host.machine) == 64 * MIB
    assert logged == []


# reclaim


def test_what_is_taken_and_given_back(domain: FakeDomain, logged: list[Event]) -> None:
    take(domain, 50)
    give_back("db1", machine=domain.host.machine)
    taken, given = told(domain, logged)
    assert taken == {
        "event": "reclaimed",
        "operation": "reclaim",
        "guest": "db1",
        "uuid": uuid(1),
        "target": 50 * MIB,
        "cooperation": "gives",
        "before": 80 * MIB,
        "after": 50 * MIB,
        "swapped": 0,
        "message": "guest 'db1' gave 30 MiB: 50 MiB is charged to it",
    }
    assert given == {
        "event": "given-back",
        "operation": "give-back",
        "guest": "db1",
        "uuid": uuid(1),
        "balloon": 64 * MIB,
        "message": "guest 'db1' asked to take 64 MiB again",
    }


def test_what_is_not_reached(domain: FakeDomain, logged: list[Event]) -> None:
    domain.has_driver = False
    take(domain, 50)
    (record,) = told(domain, logged)
    assert (record["event"], record["status"]) == ("rolled-back", 4)
    assert (record["cooperation"], record["after"]) == ("ignores", 80 * MIB)
    assert "not reached, and all is put back: " in record["message"]


def test_what_is_promised_is_not_taken(domain: FakeDomain, logged: list[Event]) -> None:
    change(domain, min_guarantee=60)
    logged.clear()
    with pytest.raises(XmlresourceError):
        take(domain, 50)
    (refused,) = logged
    assert (refused.kind, refused.figures) == ("refused", {"target": 50 * MIB, "status": 3})
    assert refused.message == "guest 'db1' refused: 60 MiB is promised to it"


def test_an_interruption(domain: FakeDomain, logged: list[Event]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reclaim("db1", Goal(50 * MIB, 5), machine=domain.host.machine, progress=interrupt)
    (record,) = told(domain, logged)
    assert (record["event"], record["message"]) == ("rolled-back", "interrupted")


def test_what_cant_be_put_back(domain: FakeDomain, logged: list[Event]) -> None:
    real = domain.setMemoryFlags
    domain.host.write(f"{domain.folder}/{USAGE}", f"{800 * MIB}\n")

    def fail(kib: int, flags: int) -> int:
        if kib == 64 * 1024:
            raise FakeLibvirtError("it is busy")
        return real(kib, flags)

    def interrupt(_name: str, seen: Observation, _action: Action) -> None:
        if seen.balloon != 64 * MIB:
            raise KeyboardInterrupt

    domain.setMemoryFlags = fail  # type: ignore[method-assign]
    with pytest.raises(NotPutBackError, match="NOT put back: guest 'db1': it is busy"):
        reclaim("db1", Goal(50 * MIB, 600), machine=domain.host.machine, progress=interrupt)
    (record,) = told(domain, logged)
    assert (record["event"], record["status"]) == ("rolled-back", 4)
    assert record["message"] == "NOT put back: guest 'db1': it is busy"


def test_a_guest_that_cant_be_given_back_to(domain: FakeDomain, logged: list[Event]) -> None:
    domain.balloon = None
    with pytest.raises(LibvirtError):
        give_back("db1", machine=domain.host.machine)
    (record,) = told(domain, logged)
    assert (record["event"], record["operation"]) == ("refused", "give-back")


def test_who_may_not_read_the_configuration_gives_back_all_the_same(
    domain: FakeDomain, logged: list[Event]
) -> None:
    domain.host.write("/etc/xmlresource.toml", "nonsense = 1")
    assert give_back("db1", machine=domain.host.machine) == 64 * MIB
    assert [each.kind for each in logged] == ["given-back"]


# reclaim --host


@pytest.fixture
def other(domain: FakeDomain, monkeypatch: pytest.MonkeyPatch) -> FakeDomain:
    made = FakeDomain(domain.host, "db2", 4243, number=2)
    domain.host.write(f"{made.folder}/{USAGE}", f"{80 * MIB}\n")
    monkeypatch.setitem(sys.modules, "libvirt", module(domain, made))
    return made


def goal(mebibytes: int) -> HostGoal:
    return HostGoal(mebibytes * MIB, 600)


@pytest.mark.usefixtures("other")
def test_each_that_gave_and_all_of_them(domain: FakeDomain, logged: list[Event]) -> None:
    reclaim_host(goal(40), machine=domain.host.machine)
    records = told(domain, logged)
    assert kinds(records) == ["reclaimed"] * 3
    assert {each["operation"] for each in records} == {"reclaim-host"}
    assert [each.get("guest") for each in records] == ["db1", "db2", None]
    assert [each["before"] - each["after"] for each in records[:2]] == [20 * MIB, 20 * MIB]
    assert (records[2]["asked"], records[2]["taken"]) == (40 * MIB, 40 * MIB)
    assert records[2]["message"] == "40 MiB asked of all guests: all of it has come free"


def test_who_gave_nothing_is_not_told_of(
    domain: FakeDomain, other: FakeDomain, logged: list[Event]
) -> None:
    other.has_driver = False
    reclaim_host(goal(40), machine=domain.host.machine)
    assert [each.guest for each in logged] == ["db1", ""]


def test_a_demand_that_is_not_met(
    domain: FakeDomain, other: FakeDomain, logged: list[Event]
) -> None:
    other.has_driver = False
    reclaim_host(goal(100), machine=domain.host.machine)
    (record,) = told(domain, logged)
    assert (record["event"], record["status"], record["asked"]) == ("rolled-back", 4, 100 * MIB)
    assert "could not be had" in record["message"]


@pytest.mark.usefixtures("other")
def test_a_demand_that_cant_be_met(domain: FakeDomain, logged: list[Event]) -> None:
    reclaim_host(goal(1000), machine=domain.host.machine)
    (record,) = told(domain, logged)
    assert (record["event"], record["status"], record["asked"]) == ("refused", 3, 1000 * MIB)
    assert "no more than 128 MiB can be had" in record["message"]


@pytest.mark.usefixtures("other")
def test_an_interruption_of_all(domain: FakeDomain, logged: list[Event]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reclaim_host(goal(40), machine=domain.host.machine, progress=interrupt)
    assert [(each.kind, each.guest, each.message) for each in logged] == [
        ("rolled-back", "", "interrupted")
    ]


def test_a_guest_that_ends_when_all_is_had(
    domain: FakeDomain, other: FakeDomain, logged: list[Event]
) -> None:
    """What was taken from the others is given back, and told so."""

    def end(name: str, _seen: Observation, action: Action) -> None:
        if name == "db2" and isinstance(action, Stop):
            (other.host.root / other.folder[1:] / USAGE).unlink()
            other.pid = None

    with pytest.raises(GoneError):
        reclaim_host(goal(40), machine=domain.host.machine, progress=end)
    assert domain.balloon == 64 * 1024
    assert [(each.kind, each.guest) for each in logged] == [("rolled-back", "")]
    assert logged[0].message == "guest 'db2': it has ended"


@pytest.mark.usefixtures("other")
def test_what_is_only_planned_is_not_told(domain: FakeDomain, logged: list[Event]) -> None:
    for mebibytes in (40, 1000):
        plan_host(goal(mebibytes), machine=domain.host.machine)
    reclaim_host(goal(40), machine=domain.host.machine, agreed=lambda _: False)
    assert logged == []


# Names and errors from outside


HOSTILE = (TERMINAL + RUNNERS).replace("'", "")


def test_nothing_from_outside_gets_into_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def listen(_address: str, datagram: bytes) -> bool:
        sent.extend(datagram.decode().split("\n"))
        return False

    monkeypatch.setattr(log, "send", listen)
    made = FakeDomain(FakeHost(tmp_path / "hostile"), HOSTILE)
    made.host.write(f"{made.folder}/{USAGE}", f"{80 * MIB}\n")
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    machine = made.host.machine

    def fail(_name: str, _side: int) -> None:
        made.before_call = lambda _name, _side: None
        raise FakeLibvirtError(f"{HOSTILE}\nXMLRESOURCE_EVENT=forged", 1)

    change(made, min_guarantee=60)
    made.before_call = fail
    for size in (9000, 62):
        with pytest.raises(XmlresourceError):
            change(made, min_guarantee=size)
    with pytest.raises(XmlresourceError):
        reclaim(HOSTILE, Goal(50 * MIB, 600), machine=machine)
    reclaim(HOSTILE, Goal(70 * MIB, 600), machine=machine)
    give_back(HOSTILE, machine=machine)
    reclaim_host(goal(5), machine=machine)
    assert kinds(list(history(machine=machine).records)) == [
        *("admitted", "written", "refused", "admitted", "rolled-back"),
        *("refused", "reclaimed", "given-back", "reclaimed", "reclaimed"),
    ]
    for line in (*sent, *log.unsent().split("\n"), *as_text(history(machine=machine)).split("\n")):
        assert line.isprintable(), ascii(line)
        assert "##" not in line
        assert not line.startswith("XMLRESOURCE_EVENT=forged")
