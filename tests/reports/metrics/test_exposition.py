"""Metrics in Prometheus's text format: every line is one, whatever a guest is called."""

import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.reports import GIB, promise, report
from tests.reports.host.test_status import guest, host
from xmlresource.configuration.balance_settings import Mode
from xmlresource.fleet.fleet_state import Claim, FleetHost, HostState
from xmlresource.model.events import GIVEN_BACK, RECLAIMED
from xmlresource.operations.administration.balance_status import BalanceStatus, MovedMemory
from xmlresource.operations.administration.status import BalloonStatus
from xmlresource.record import replace
from xmlresource.reports.metrics import metric_families
from xmlresource.reports.metrics.exposition import MetricFamily, MetricSample, exposition
from xmlresource.reports.metrics.host_metrics import fleet_metrics, host_metrics
from xmlresource.reports.page.host_card import Spare, SpareAnswer

LINE = re.compile(
    r'[a-z_]+(\{[a-z_]+="([^"\\\n]|\\[\\"n])*"(,[a-z_]+="([^"\\\n]|\\[\\"n])*")*\})? [0-9.e+-]+'
)
STATUS = host(guest("db1", 2 * GIB, GIB, 4 * GIB, 12.5, drift=["a", "b"]), pressure=50.0)


def values(text: str) -> dict[str, float]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_a_host() -> None:
    text = exposition(host_metrics(STATUS, report("kvm1", promises=(promise(1, 8 * GIB),))))
    found = values(text)
    assert found["xmlresource_host_memory_bytes"] == 64 * GIB
    assert found["xmlresource_host_promised_bytes"] == 8 * GIB
    assert found["xmlresource_host_promisable_bytes"] == 2 * GIB
    assert found['xmlresource_host_memory_part_bytes{part="free"}'] == 52 * GIB
    assert found['xmlresource_host_guests{state="running"}'] == 1
    assert found["xmlresource_host_memory_pressure_ratio"] == 0.5
    (drift,) = (value for name, value in found.items() if "guest_drift" in name)
    assert drift == 2
    (limit,) = (value for name, value in found.items() if "guest_limit" in name)
    assert limit == 4 * GIB


def test_balancing() -> None:
    moved = MovedMemory(("lxc", "u-2"), "web", 5 * GIB, GIB)
    done = BalanceStatus(
        Mode.PRESS, 7 * GIB, GIB, {RECLAIMED: 100}, (moved,), starts_given_room=3, starts_short=2
    )
    ballooned = (BalloonStatus("db1", "u-1", GIB, 4 * GIB),)
    status = replace(STATUS, balance=done, ballooned=ballooned)
    samples = [each for each in host_metrics(status, report()) if "alloon" in each.family.name]
    found = values(exposition(host_metrics(status, report())))
    assert len(samples) == 1
    labels = 'guest="db1",uuid="u-1",driver="qemu"'
    assert found[f"xmlresource_guest_ballooned_bytes{{{labels}}}"] == 3 * GIB
    modes = {name: value for name, value in found.items() if "balance_mode" in name}
    assert modes == {
        f'xmlresource_host_balance_mode{{mode="{mode.value}"}}': mode is Mode.PRESS for mode in Mode
    }
    last_day = "balance_last_day_bytes"
    assert found[f'xmlresource_host_{last_day}{{direction="taken"}}'] == 7 * GIB
    assert found[f'xmlresource_host_{last_day}{{direction="given"}}'] == GIB
    labels = 'guest="web",uuid="u-2",driver="lxc"'
    assert found[f'xmlresource_guest_{last_day}{{{labels},direction="taken"}}'] == 5 * GIB
    assert found[f'xmlresource_guest_{last_day}{{{labels},direction="given"}}'] == GIB
    steps = {name: value for name, value in found.items() if "last_step" in name}
    (last,) = steps.items()
    assert last == ('xmlresource_host_balance_last_step_timestamp_seconds{direction="taken"}', 100)
    assert found["xmlresource_host_starts_given_room_last_day"] == 3
    assert found["xmlresource_host_starts_short_last_day"] == 2


def test_a_host_without_balancing_tells_nothing_of_it() -> None:
    names = {each.family.name for each in host_metrics(STATUS, report())}
    assert not any("balance" in name or "balloon" in name or "_starts_" in name for name in names)


def test_each_host_of_a_fleet_has_its_label() -> None:
    spares = {"a": SpareAnswer(Spare.LACKING, "no"), "b": SpareAnswer(Spare.ENOUGH, "yes")}
    text = exposition(fleet_metrics([FleetHost(name, report(name)) for name in "abc"], spares))
    found = values(text)
    assert found['xmlresource_fleet_memory_bytes{host="c"}'] == 64 * GIB
    spare = {name: value for name, value in found.items() if "spare" in name}
    assert spare == {
        'xmlresource_fleet_lacks_spare{host="a"}': 1,
        'xmlresource_fleet_lacks_spare{host="b"}': 0,
    }
    for family in metric_families.OF_FLEET.values():
        assert text.count(f"# TYPE {family.name} gauge\n") <= 1


def test_a_host_that_gets_no_guests_is_told() -> None:
    claim = Claim("a", promise(2, GIB), 60.0)
    hosts = [
        FleetHost("a", report("a"), claims=(claim,), age=3.0),
        FleetHost("b", report("b"), HostState.DRAINING),
        FleetHost("c", None),
    ]
    found = values(exposition(fleet_metrics(hosts)))
    assert [found[f'xmlresource_fleet_host_open{{host="{name}"}}'] for name in "abc"] == [1, 0, 0]
    assert found['xmlresource_fleet_claimed_bytes{host="a"}'] == GIB
    assert found['xmlresource_fleet_promisable_bytes{host="a"}'] == 59 * GIB
    assert found['xmlresource_fleet_host_silence_seconds{host="a"}'] == 3
    assert 'xmlresource_fleet_host_silence_seconds{host="b"}' not in found
    assert 'xmlresource_fleet_memory_bytes{host="c"}' not in found


def test_every_family_is_in_the_list_and_has_its_help() -> None:
    names = [family.name for family in metric_families.FAMILIES]
    assert len(names) == len(set(names))
    assert all(family.help.endswith(".") for family in metric_families.FAMILIES)
    status = replace(
        STATUS,
        balance=BalanceStatus(Mode.OFF, guests=(MovedMemory(("qemu", "u"), "a", 1, 1),)),
        ballooned=(BalloonStatus("a", "u", 1, 2),),
    )
    samples = [*host_metrics(status, report()), *fleet_metrics([FleetHost("a", report(), age=1.0)])]
    assert {sample.family for sample in samples} <= set(metric_families.FAMILIES)


@given(st.text(st.characters(exclude_categories=())))
def test_no_name_ends_a_line_or_a_label(name: str) -> None:
    text = exposition([MetricSample(MetricFamily("xmlresource_x", "X."), 1, {"guest": name})])
    head, kind, line = text.split("\n")[:3]
    assert (head[:6], kind[:6]) == ("# HELP", "# TYPE")
    assert LINE.fullmatch(line), line
    assert text.count("\n") == 3


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (prometheus)")
def test_promtool_takes_it() -> None:
    hostile = replace(report("kvm1", promises=(promise(1, GIB, 'a"b\\\n{}'),)))
    status = replace(
        host(guest('a"b\\\n{}', GIB, GIB, 4 * GIB, 0.5), pressure=1.0),
        balance=BalanceStatus(
            Mode.BALLOON,
            last={RECLAIMED: 5, GIVEN_BACK: 6},
            guests=(MovedMemory(("qemu", "u"), 'a"b\\\n{}', 1, 1),),
        ),
        ballooned=(BalloonStatus('a"b\\\n{}', "u", 1, 2),),
    )
    for samples in (
        host_metrics(status, hostile),
        fleet_metrics([FleetHost("a", hostile, age=1.5), FleetHost("b", None)]),
    ):
        checked = subprocess.run(
            ["promtool", "check", "metrics"],  # noqa: S607 -- wherever it is
            input=exposition(samples),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
