"""Fit the measured rows of ``items.toml`` to the sets ``designed``, ``fit`` and ``libvirt-fit``.

``python benchmarks/calibrate/fit.py [--check]`` writes the table anew, or says whether that would
change it. The same measurements always give the same table.

Non-negative least squares of the relative error, in parts that are measured apart (the translation
cache, QEMU's own memory, the kernel's, the helpers'); for the idle figures first, which show little
noise, and then for the expected ones, none below its idle one. A coefficient that stands as
``[0, 0, worst]`` is for the worst case only and left alone, as are rows from literature; what they
cost is taken off first.
"""

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent.parent), str(HERE)]

import data  # noqa: E402

from xmlresource.overhead import table as tables  # noqa: E402
from xmlresource.overhead.costs import Charged  # noqa: E402
from xmlresource.overhead.subjects import MIB, SIZES, subjects_of  # noqa: E402

TABLE = HERE.parent.parent / "xmlresource/overhead/items.toml"
SETS = ("designed", "fit", "libvirt-fit")
CACHE_ROW = "TCG's translation cache"
NOTES_ROW = "TCG's notes on translated code"  # follows the cache: so much for each MiB of it
PER_CACHE: "Feature" = (-1, "cache")
FIXED = frozenset({"page tables of RAM", NOTES_ROW})  # the first is RAM/512 by construction
FULL = 0.9
GRAIN = 1024
FINE = 8 * GRAIN  # coefficients below this are kept to the byte
ROUNDS = 4000
RIDGE = (0.002 / MIB) ** 2  # keeps what always comes together from being told apart by noise
WORST_IS_AT_LEAST = 1.25  # of expected

Feature = tuple[int, str]  # a row, by its place in the table, and a unit


@dataclass(frozen=True, slots=True)
class Equation:
    """One guest in one state: what of which features adds up to which number of bytes."""

    counts: dict[Feature, float]
    bytes: float
    weight: float


def main() -> int:
    """Fit, then write or compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    before = TABLE.read_text()
    after = fitted(before)
    if options.check:
        print("unchanged" if after == before else "the table is not what the measurements give")
        return int(after != before)
    TABLE.write_text(after)
    return 0


def fitted(text: str) -> str:
    """The table ``text`` with its measured rows fitted."""
    table = tables.parse(tomllib.loads(text))
    guests = [guest for name in SETS for guest in data.load(name)]
    # A guest that ran no operating system says nothing of what to expect of one.
    expected: dict[Feature, float] = {}
    idle: dict[Feature, float] = {}
    for part in ("cache", "qemu", "kernel", "helper"):  # QEMU's own after the cache
        active = [guest for guest in guests if guest.activity == "linux"]
        found = solve(list(_equations(table, guests, part, "idle", idle)), {})
        idle |= found
        expected |= solve(list(_equations(table, active, part, "expected", expected)), found)
    _complain(table, expected)
    _add_notes(table, expected)
    _add_notes(table, idle)
    return _rewritten(text, table, expected, idle)


def solve(equations: list[Equation], least: dict[Feature, float]) -> dict[Feature, float]:
    """The coefficients, none below 0 or ``least``, by coordinate descent."""
    features = sorted({feature for equation in equations for feature in equation.counts})
    values = dict.fromkeys(features, 0.0)
    using = {
        feature: [
            (place, equation.counts[feature] * equation.weight)
            for place, equation in enumerate(equations)
            if feature in equation.counts
        ]
        for feature in features
    }
    rest = [equation.bytes * equation.weight for equation in equations]
    for _ in range(ROUNDS):
        largest = 0.0
        for feature in features:
            scale = RIDGE + sum(factor * factor for _, factor in using[feature])
            push = sum(rest[place] * factor for place, factor in using[feature])
            push -= RIDGE * values[feature]
            wanted = max(values[feature] + push / scale, least.get(feature, 0.0))
            change = wanted - values[feature]
            if change:
                values[feature] = wanted
                for place, factor in using[feature]:
                    rest[place] -= change * factor
                largest = max(largest, abs(change))
        if largest < 1:
            break
    return values


def _equations(
    table: tables.ItemTable,
    guests: list[data.Measured],
    part: str,
    state: str,
    solved: dict[Feature, float],
) -> Iterator[Equation]:
    for guest in guests:
        shown = guest.idle if state == "idle" else guest.active
        if shown is None or (part == "cache" and _is_full(guest, shown)):
            continue
        counts, known = _features(table, guest, part, state)
        if part == "qemu":
            # What a vCPU's hugepage leaves empty has no notes.
            _, regions = _regions(table)
            empty = solved.get(regions, 0.0) * _features(table, guest, "cache", state)[0].get(
                regions, 0
            )
            counts[PER_CACHE] = max(shown.translation_cache - empty, 0) / MIB
        if counts:
            yield Equation(counts, _bytes(shown, part) - known, 1 / shown.total)


def _regions(table: tables.ItemTable) -> tuple[int, Feature]:
    """The row of the translation cache, and its feature of regions."""
    cache = [row.name for row in table.rows].index(CACHE_ROW)
    return cache, (cache, "region")


def _is_full(guest: data.Measured, shown: data.Shown) -> bool:
    """Whether the translation cache is full: it says only how large it is, then."""
    return shown.translation_cache >= guest.domain_cache * FULL


def _bytes(shown: data.Shown, part: str) -> int:
    return {
        "qemu": shown.qemu,
        "cache": shown.translation_cache,
        "kernel": shown.kernel,
        "helper": shown.helper,
    }[part]


def _features(
    table: tables.ItemTable, guest: data.Measured, part: str, state: str
) -> tuple[dict[Feature, float], float]:
    """What of each fitted coefficient a guest has, and what the other rows of the part cost."""
    counts: dict[Feature, float] = {}
    known = 0.0
    for subject in subjects_of(guest.domain):
        for row in table.rows_for(subject)[0]:
            if _part_of(row) != part or row.name == NOTES_ROW:
                continue
            if not _is_fitted(row):
                known += getattr(row.cost_of(subject), state)
                continue
            for unit, cost in row.costs.items():
                number = subject.units.get(unit, 0) / (MIB if unit in SIZES else 1)
                if cost.expected and number:
                    feature = (table.rows.index(row), unit)
                    counts[feature] = counts.get(feature, 0) + number
    return counts, known


def _add_notes(table: tables.ItemTable, values: dict[Feature, float]) -> None:
    """The notes on translated code, from the cache they belong to."""
    names = [row.name for row in table.rows]
    cache, notes = names.index(CACHE_ROW), names.index(NOTES_ROW)
    share = values[PER_CACHE]
    print(f"notes on translated code: {share:.0f} bytes a MiB of cache", file=sys.stderr)
    for unit in table.rows[notes].costs:
        values[notes, unit] = share * values.get((cache, unit), 0.0) / MIB


def _part_of(row: tables.Row) -> str:
    if row.name == CACHE_ROW:
        return "cache"
    return {Charged.QEMU: "qemu", Charged.KERNEL: "kernel", Charged.HELPER: "helper"}.get(
        row.charged, "outside"
    )


def _is_fitted(row: tables.Row) -> bool:
    return row.source.startswith("measured: ") and row.name not in FIXED


def _complain(table: tables.ItemTable, expected: dict[Feature, float]) -> None:
    """Say which rows call themselves measured without a measurement."""
    for place, row in enumerate(table.rows):
        for unit, cost in row.costs.items():
            if _is_fitted(row) and cost.expected and (place, unit) not in expected:
                print(f"no measurement has {row.name}, {unit}", file=sys.stderr)


def _rewritten(
    text: str,
    table: tables.ItemTable,
    expected: dict[Feature, float],
    idle: dict[Feature, float],
) -> str:
    place = -1
    lines = []
    for line in text.splitlines():
        place += line.startswith("[[item]]")
        match = re.fullmatch(r"cost\.(\w+) = \[.*\]", line)
        feature = (place, match[1]) if match else None
        if feature in expected:
            worst = table.rows[place].costs[feature[1]].worst
            high = max(_grain(expected[feature]), 1 if feature[1] in SIZES else GRAIN)
            low = min(_grain(idle.get(feature, 0.0)), high)
            figures = (low, high, max(worst, _grain(high * WORST_IS_AT_LEAST)))
            lines.append(f"cost.{feature[1]} = [{', '.join(f'{one:_}' for one in figures)}]")
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _grain(value: float) -> int:
    """Whole KiB; small coefficients of sizes are kept to the byte."""
    return round(value / GRAIN) * GRAIN if value >= FINE else round(value)


if __name__ == "__main__":
    sys.exit(main())
