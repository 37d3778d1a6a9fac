"""The published error, from the stored measurements: the table against what was measured."""

import json
import sys
from pathlib import Path

import pytest

CALIBRATE = Path(__file__).parent.parent.parent / "benchmarks/calibrate"
sys.path.insert(0, str(CALIBRATE))

import data  # noqa: E402
import designs  # noqa: E402
import evaluate  # noqa: E402
import fit  # noqa: E402
import limits  # noqa: E402
import written  # noqa: E402

from xmlresource.overhead import estimate  # noqa: E402


@pytest.fixture(scope="module")
def cases():
    return evaluate.cases()


def test_at_least_sixty_guests_are_held_out_and_none_is_fitted(cases):
    assert len(cases) >= 60
    fitted = {guest["xml"] for name in fit.SETS for guest in _raw(name)}
    held_out = {guest["xml"] for guest in _raw(evaluate.HELD_OUT)}
    assert not fitted & held_out


def _raw(name):
    return json.loads((data.MEASUREMENTS / f"{name}.json").read_text())["guests"]


def test_expected_is_right_within_the_published_error(cases):
    errors = evaluate.errors_of(cases, evaluate.expected, evaluate.measured)
    assert errors.median <= 0.10
    assert errors.p90 <= 0.20


def test_it_is_right_too_without_what_only_emulation_costs(cases):
    errors = evaluate.errors_of(cases, evaluate.expected_without_tcg, evaluate.measured_without_tcg)
    assert errors.median <= 0.10
    assert errors.p90 <= 0.20


def test_the_worst_case_is_never_exceeded():
    for name in (evaluate.HELD_OUT, evaluate.THROUGH_LIBVIRT, *fit.SETS):
        everyone = evaluate.all_cases(name)
        assert evaluate.exceeded(everyone) == 0
        assert evaluate.exceeded_without_tcg(everyone) == 0


def test_paused_guests_under_kvm_are_as_estimated():
    for guest in data.load("kvm"):
        idle = estimate(guest.domain).total.idle
        assert abs(idle / guest.idle.total - 1) < 0.05, guest.name


def test_ours_is_nearer_than_every_other_formula(cases):
    ours = evaluate.errors_of(cases, evaluate.expected_without_tcg, evaluate.measured_without_tcg)
    for peer in evaluate.PEERS:
        theirs = evaluate.errors_of(
            cases,
            lambda case, peer=peer: peer.overhead(case.guest.domain),
            evaluate.measured_without_tcg,
        )
        assert ours.median < theirs.median, peer.name


def test_the_table_is_what_the_measurements_give():
    text = fit.TABLE.read_text()
    assert fit.fitted(text) == text


def test_the_page_is_what_the_measurements_give():
    text = evaluate.PAGE.read_text()
    assert evaluate.page(text) == text


def test_guests_through_libvirt_are_estimated_within_the_published_error():
    through = evaluate.cases(evaluate.THROUGH_LIBVIRT)
    assert len(through) >= 20
    errors = evaluate.errors_of(through, evaluate.expected, evaluate.measured)
    assert errors.median <= 0.07
    assert errors.p90 <= 0.12


def test_no_guest_through_libvirt_exceeds_its_worst_case_while_it_boots():
    everyone = [
        case for name in ("libvirt-fit", "libvirt-held-out") for case in evaluate.all_cases(name)
    ]
    assert any(case.guest.workload == "used" for case in everyone)
    for case in everyone:
        cache = sum(item.cost.worst for item in case.estimate.items if item.name in evaluate.OF_TCG)
        peak = case.guest.peak - case.shown.translation_cache
        assert peak <= case.estimate.total.worst - cache, case.guest.name


def test_the_measured_guests_are_those_of_the_designs():
    for name, members in (designs.all_guests() | written.all_written()).items():
        xml = dict(members)
        for guest in _raw(name):
            assert xml[guest["name"]] == guest["xml"]


def test_the_range_of_the_guests():
    domains = [case.guest.domain for case in evaluate.all_cases()]
    assert min(domain.memory for domain in domains) == 64 << 20
    assert max(domain.memory for domain in domains) == 8192 << 20
    assert {domain.vcpus for domain in domains} >= {1, 32}
    for kind in ("disk", "interface"):
        counts = {sum(device.kind == kind for device in domain.devices) for domain in domains}
        assert {0, 16} <= counts
    models = {
        device.attributes["model/@type"]
        for domain in domains
        for device in domain.devices
        if device.kind == "video"
    }
    assert models == set(designs.VIDEOS)


def test_quantiles_are_by_rank():
    assert evaluate.quantile([5, 1, 3], 0.5) == 3
    assert evaluate.quantile(range(1, 11), 0.9) == 9
    assert evaluate.quantile([7], 0.9) == 7


def _under_limits():
    return json.loads(limits.RESULTS.read_text())


def test_the_limits_that_were_tried_are_those_of_the_table():
    tried = {(one["guest"], one["name"]): one["limit"] for one in _under_limits()["guests"]}
    assert tried == {
        (guest, name): limit
        for guest, xml in limits.GUESTS.items()
        for name, limit in limits.limits_of(xml).items()
    }
    assert limits.table(_under_limits()) in evaluate.PAGE.read_text()


def test_no_guest_was_killed_under_the_recommended_limit():
    for one in _under_limits()["guests"]:
        if one["name"].startswith("auto"):
            assert (one["outcome"], one["oom_kills"]) == ("done", 0)
        overhead = estimate(limits.domain_of(limits.GUESTS[one["guest"]]))
        assert (overhead.objection(one["limit"]) is None) == (one["name"] == "auto")
        assert one["overhead"] is None or one["overhead"] < overhead.total.worst
