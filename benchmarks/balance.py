"""Simulated hosts whose load changes: this project's decisions beside MOM's rules, and nothing.

``python benchmarks balance`` runs 1,000 hosts, all from seeds; ``--hosts 50`` is a short look. What
is simulated, and how, is in ``tests/balance/simulation``; what came of it in docs/balance.md.
"""

import argparse
import functools
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Final

from tests.balance.simulation.movers import Mom, Mover, Nothing, Ours
from tests.balance.simulation.trials import Tally, percentile, run
from xmlresource.configuration.balance_settings import BalanceSettings, Mode

HOSTS: Final = 1000
_CHUNK: Final = 25

MOVERS: Final[dict[str, Callable[[], Mover]]] = {
    "nothing": Nothing,
    "MOM": Mom,
    "MOM, told guarantees": functools.partial(Mom, guarantees=True),
    "xmlresource": functools.partial(Ours, BalanceSettings(mode=Mode.BALLOON)),
}

ROWS: Final[dict[str, Callable[[Tally], str]]] = {
    "guarantees cut (guests)": lambda tally: f"{tally.cut}",
    "given more than their RAM (guests)": lambda tally: f"{tally.beyond}",
    "guests killed by hosts": lambda tally: f"{tally.host_killed}",
    "killed in ballooned guests": lambda tally: f"{tally.killed}",
    "the same in guests that boast": lambda tally: f"{tally.liars}",
    "guests in which that happened": lambda tally: f"{tally.struck}",
    "swapped out by hosts (GiB)": lambda tally: f"{tally.swapped:.0f}",
    "guests waiting for that (s)": lambda tally: f"{tally.stalled}",
    "ballooned guests swapping (s)": lambda tally: f"{tally.starved}",
    "hosts that got short": lambda tally: f"{len(tally.reliefs)}",
    "until relief, median (s)": lambda tally: f"{percentile(tally.reliefs, 0.5):.0f}",
    "until relief, 90 % (s)": lambda tally: f"{percentile(tally.reliefs, 0.9):.0f}",
    "hosts short (s)": lambda tally: f"{tally.short}",
    "swinging under steady load (guests)": lambda tally: f"{tally.swinging}",
    "requests to balloons": lambda tally: f"{tally.steps}",
}


def main() -> None:
    """Run them, and print a table."""
    parser = argparse.ArgumentParser(
        prog="balance.py",
        description="Simulate hosts whose load changes, with and without a mover.",
    )
    parser.add_argument("--hosts", type=int, default=HOSTS, help=f"how many; {HOSTS}")
    parser.add_argument("--odd", type=float, default=0.35, help="share of guests that don't obey")
    parser.add_argument("--first", type=int, default=0, help="the first seed; 0")
    options = parser.parse_args()
    seeds = range(options.first, options.first + options.hosts)
    begun = time.monotonic()
    with ProcessPoolExecutor() as pool:
        tallies = {name: _run(pool, seeds, mover, options.odd) for name, mover in MOVERS.items()}
    any_tally = tallies["nothing"]
    print(
        f"{any_tally.hosts} hosts, {any_tally.guests} guests, {options.odd:.0%} of them odd; "
        f"{tallies['xmlresource'].steady} hosts with a steady load in the end"
    )
    width = max(map(len, ROWS))
    print(" " * width, *(f"{name:>21}" for name in tallies))
    for name, shown in ROWS.items():
        print(f"{name:{width}}", *(f"{shown(tally):>21}" for tally in tallies.values()))
    print(f"{time.monotonic() - begun:.0f} s")


def _run(
    pool: ProcessPoolExecutor, seeds: Sequence[int], mover: Callable[[], Mover], odd: float
) -> Tally:
    chunks = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    found = pool.map(functools.partial(run, mover=mover, odd=odd), chunks)
    return functools.reduce(Tally.__add__, found, Tally())


if __name__ == "__main__":
    main()
