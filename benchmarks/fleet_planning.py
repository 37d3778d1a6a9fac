"""Questions to a fleet of 500 hosts and some 9,800 guests, beside what others would answer.

The hosts have 128 to 512 GiB, the guests guarantees of 2 to 64 GiB. The first table is about whole
commands, with Python's start and reading 3.6 MB of published JSON. The second is about planning
alone, the third about how guests are placed by RAM and a ratio, as placement in OpenStack does.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from xmlresource.fleet.fleet_admission import guest_published
from xmlresource.fleet.host_order import RankingGoal
from xmlresource.fleet.host_report import HostReport
from xmlresource.fleet.packing.exact_packing import Effort, solver_is_there
from xmlresource.fleet.packing.packing_problem import HostRoom, Vector, fits
from xmlresource.fleet.planning.drain_plan import plan_drain
from xmlresource.fleet.planning.fleet_vectors import Fleet, seated_guests, vectors_of
from xmlresource.fleet.planning.ranking import place_together
from xmlresource.fleet.planning.what_if import FleetChange, what_if
from xmlresource.fleet.report_json import report_as_fields
from xmlresource.fleet.simulated_hosts import GIB, fleet, guest

OUT: Final = (1, 5, 20, 60)
RATIO: Final = 1.5
"""nova's ram_allocation_ratio as it comes."""

_BOOLEANS: Final = (1, 5)
_CROWDED: Final = 0.9
_GUEST: Final = """\
<domain type='kvm'><name>web</name><memory unit='GiB'>8</memory><os><type>hvm</type></os>
<metadata><r:resource xmlns:r='urn:xmlresource:1'><r:memory>
<r:memoryMinGuarantee unit='GiB'>8</r:memoryMinGuarantee>
</r:memory></r:resource></metadata></domain>
"""


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hosts", type=int, default=500, help="how many hosts (500)")
    parser.add_argument("--turns", type=int, default=3, help="turns of each command (3)")
    parser.add_argument("--seconds", type=float, default=20, help="for the solver alone (20)")
    options = parser.parse_args()
    reports = tuple(fleet(options.hosts))
    guests = sum(len(each.guests) for each in reports)
    print(f"{len(reports)} hosts, {guests} guests; solver: {solver_is_there()}")
    with tempfile.TemporaryDirectory(prefix="xmlresource-bench-") as folder:
        commands(Path(folder), reports, options.turns)
    planning(reports)
    booleans(reports, options.seconds)
    by_ratio(reports)


def commands(folder: Path, reports: Sequence[HostReport], turns: int) -> None:
    """Print what whole commands take."""
    for each in reports:
        (folder / f"{each.name}.json").write_text(json.dumps(report_as_fields(each)))
    document = folder / "web.xml"
    document.write_text(_GUEST)
    names = [each.name for each in reports]
    asked = {
        "check of one guest": ["check", str(document)],
        **{f"drain of {number}": ["drain", *names[:number]] for number in OUT},
        "what-if: N+1 for each host": ["what-if"],
        "what-if: a host lost, 500 guests more": [
            "what-if",
            "--lose-host",
            names[0],
            "--add-guests",
            f"500x{document}",
        ],
    }
    print(f"\n{'whole commands (medians)':<42} {'cpu s':>7} {'wall s':>7} {'MiB':>6}")
    for title, words in asked.items():
        found = [_run([words[0], "--from", str(folder), *words[1:]]) for _ in range(turns)]
        cpu, wall, peak = (statistics.median(each) for each in zip(*found, strict=True))
        print(f"{title:<42} {cpu:>7.2f} {wall:>7.2f} {peak:>6.0f}")


def _run(words: Sequence[str]) -> tuple[float, float, float]:
    """The CPU seconds, wall seconds and the most memory of one command."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "xmlresource", "fleet", *words]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - begun, usage.ru_maxrss / 1024


def planning(reports: Sequence[HostReport]) -> None:
    """Print what planning alone takes, beside first fit as a loop over all hosts."""
    there = Fleet(tuple(reports))
    asks = guest_published(guest(10**6, 8 * GIB))
    print(f"\n{'planning alone':<42} {'cpu s':>7}  answer")
    seconds, _ = _timed(lambda: place_together([asks], there, RankingGoal.SPREAD))
    print(f"{'check of one guest':<42} {seconds:>7.3f}")
    for number in OUT:
        names = [each.name for each in reports[:number]]
        seconds, plan = _timed(lambda names=names: plan_drain(there, names, Effort(20)))
        print(
            f"{f'drain of {number}':<42} {seconds:>7.3f}  {len(plan.moves)} guests to "
            f"{plan.hosts_used} hosts, least {plan.bound}, {plan.proof.value}"
        )
    crowded = tuple(fleet(len(reports), _CROWDED))
    names = [each.name for each in crowded[:20]]
    seconds, plan = _timed(lambda: plan_drain(Fleet(crowded), names, Effort(20)))
    print(
        f"{f'drain of 20, {_CROWDED:.0%} promised':<42} {seconds:>7.3f}  {len(plan.moves)} moves, "
        f"{plan.aside} to make room, {len(plan.homeless)} guests without a place"
    )
    seconds, outcome = _timed(lambda: what_if(there, FleetChange(), Effort(0)))
    bad = sum(bool(each.homeless) for each in outcome.losses)
    print(f"{'N+1 for each host':<42} {seconds:>7.3f}  {bad} can't be lost")
    plain, naive_bad = _timed(lambda: _losses_by_loops(reports))
    print(
        f"{'the same by loops over guests and hosts':<42} {plain:>7.3f}  {naive_bad} can't be lost"
    )
    print(f"{'  in terms of ours':<42} {plain / max(seconds, 1e-9):>7.1f}")


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.process_time()
    answer = work()
    return time.process_time() - begun, answer


def _losses_by_loops(reports: Sequence[HostReport]) -> int:
    """How many hosts can't be lost, by a look at each host for each guest."""
    guests = seated_guests(reports, reports)
    vectors = vectors_of([each.wanted for each in guests], reports, Fleet(tuple(reports)))
    by_host: dict[str, list[Vector]] = {}
    for each, demand in zip(guests, vectors.demands, strict=True):
        by_host.setdefault(each.host, []).append(demand)
    return sum(
        not _all_fit(by_host.get(lost.host, []), [h for h in vectors.hosts if h is not lost])
        for lost in vectors.hosts
    )


def _all_fit(demands: Sequence[Vector], hosts: Sequence[HostRoom]) -> bool:
    rooms = sorted((list(each.room) for each in hosts), reverse=True)
    for demand in sorted(demands, reverse=True):
        for room in rooms:
            if fits(demand, tuple(room)):
                for place, amount in enumerate(demand):
                    room[place] -= amount
                break
        else:
            return False
    return True


def booleans(reports: Sequence[HostReport], seconds: float) -> None:
    """Print what CP-SAT finds alone, with a variable for each guest and host."""
    if not solver_is_there():
        print("\nOR-tools is not installed: the solver alone is left out")
        return
    from ortools.sat.python import cp_model  # noqa: PLC0415 -- an extra

    print(f"\n{f'CP-SAT alone, a boolean each, {seconds:g} s':<42} {'cpu s':>7}  answer")
    for number in _BOOLEANS:
        targets = reports[number:]
        guests = seated_guests(reports[:number], targets)
        vectors = vectors_of([each.wanted for each in guests], targets, Fleet(tuple(reports)))

        def solve(vectors=vectors) -> str:
            model = cp_model.CpModel()
            used = [model.new_bool_var("") for _ in vectors.hosts]
            placed = [[model.new_bool_var("") for _ in vectors.hosts] for _ in vectors.demands]
            for row in placed:
                model.add_exactly_one(row)
            for host, each in enumerate(vectors.hosts):
                for place in range(1, len(each.room)):
                    sizes = [demand[place] >> 20 for demand in vectors.demands]
                    row = [each_guest[host] for each_guest in placed]
                    total = cp_model.LinearExpr.weighted_sum(row, sizes)
                    model.add(total <= (each.room[place] >> 20) * used[host])
            model.minimize(sum(used))
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = 1
            solver.parameters.max_time_in_seconds = seconds
            status = solver.solve(model)
            if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
                bound = round(solver.best_objective_bound)
                return f"{round(solver.objective_value)} hosts, least {bound}"
            return "no answer"

        took, answer = _timed(solve)
        print(f"{f'drain of {number}':<42} {took:>7.1f}  {answer}")


def by_ratio(reports: Sequence[HostReport]) -> None:
    """Print how many guests of 8 GiB each way adds, and on how many hosts promises break."""
    size = 8 * GIB
    asks = guest_published(guest(10**6, size))
    outcome = what_if(Fleet(tuple(reports)), FleetChange(added=((asks, 20_000),)), Effort(0))
    print(f"\n{'guests of 8 GiB until there is no place':<42} {'guests':>7}  hosts too full")
    print(f"{'by the rules of the hosts':<42} {outcome.added[0].placed:>7}  0")
    for ratio in (1.0, RATIO):
        added = broken = 0
        for each in reports:
            total, taken = each.facts.memory.total, each.promised
            more = max(0, int(total * ratio) - taken) // size
            added += more
            broken += taken + more * size > total - each.reserve
        print(f"{f'by RAM x {ratio:g}':<42} {added:>7}  {broken}")


if __name__ == "__main__":
    main()
