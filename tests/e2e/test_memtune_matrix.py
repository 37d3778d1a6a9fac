"""Every memory parameter, by every flag, of guests in every state, beside ``virsh memtune``.

Each state has two guests: one that ``xmlresource memtune`` changes, and a twin that ``virsh
memtune`` changes in the same way. Both must take and refuse the same, and end up alike: in what the
kernel has, and in what both programs show.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from .harness import guests, sandbox
from .harness.cgroups import soft_limit_works, swap_is_counted
from .harness.commands import must
from .harness.guests import MIB
from .harness.product import leave_to_promise
from .test_live import (
    FILES,
    ROOM,
    VALUES,
    VIRSHS,
    by_virsh,
    hooked,
    kernel,
    option,
    product,
    shown,
    transient,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .harness.guests import Guest
    from .harness.product import Product

__all__ = ["hooked", "product"]  # fixtures

pytestmark = [
    pytest.mark.v1,
    pytest.mark.skipif(not swap_is_counted(), reason="no memsw files here"),
]

LIVE, CONFIG = "--live", "--config"
FLAGS: dict[str, list[str]] = {
    "none": [],
    "current": ["--current"],
    "live": [LIVE],
    "config": [CONFIG],
    "both": [LIVE, CONFIG],
}
# The sides that a state has, the one that it is taken for without a flag first.
STATES = {"running": (LIVE, CONFIG), "stopped": (CONFIG,), "transient": (LIVE,)}

# What no virsh shows, and no v1 kernel has.
DECLARED = {"swap_soft_limit": "swapSoftLimit", "min_guarantee": "memoryMinGuarantee"}


@dataclass(frozen=True)
class Pair:
    """Two guests in one state, alike in what virsh can set."""

    ours: Guest
    twin: Guest
    sides: tuple[str, ...]

    def reached(self, flags: list[str]) -> tuple[str, ...] | None:
        """The sides that ``flags`` are about; ``None`` where libvirt refuses."""
        named = tuple(flag for flag in flags if flag != "--current")
        return (named or self.sides[:1]) if set(named) <= set(self.sides) else None

    def state(self, product: Product) -> dict[str, object]:
        """All that there is to see of ours."""
        found: dict[str, object] = {side: shown(product, self.ours, side) for side in self.sides}
        if LIVE in self.sides:
            found["kernel"] = kernel(self.ours)
            found["promise"] = product.guests().get(self.ours.name, {}).get("min_guarantee")
        return found


def made(product: Product, state: str) -> Pair:
    sides = STATES[state]
    pair = []
    for role in ("ours", "twin"):
        guest = guests.Guest(f"{sandbox.PREFIX}{role}-{uuid.uuid4().hex[:6]}")
        if state == "transient":
            transient(guest)
        elif state == "running":
            guest.running()
        else:
            guest.defined()
        pair.append(guest)
    ours, twin = pair
    for name, (mebibytes, _) in VALUES.items():
        must(product("memtune", ours.name, *option(name, f"{mebibytes}MiB"), *sides))
        if name in VIRSHS:
            must(twin.virsh("memtune", *option(name, f"{mebibytes}MiB"), *sides))
    return Pair(ours, twin, sides)


@pytest.fixture(scope="module")
def pairs(hooked: Product) -> Iterator[dict[str, Pair]]:
    leave_to_promise(ROOM)
    found: dict[str, Pair] = {}
    try:
        for state in STATES:
            found[state] = made(hooked, state)
        yield found
    finally:
        for pair in found.values():
            pair.ours.remove()
            pair.twin.remove()
        sandbox.remove(sandbox.LEDGER_FOLDER)
        sandbox.remove(sandbox.CONFIGURATION)


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
@pytest.mark.parametrize("state", STATES)
def test_each_parameter(
    hooked: Product, pairs: dict[str, Pair], state: str, flags: list[str]
) -> None:
    pair = pairs[state]
    reached, before = pair.reached(flags), pair.state(hooked)
    # Values of their own for each way to set them.
    step = 4 * (1 + list(FLAGS.values()).index(flags))
    wanted = {name: values[0] + step for name, values in VALUES.items()}
    for name, mebibytes in wanted.items():
        words = [*option(name, f"{mebibytes}MiB"), *flags]
        result = hooked("memtune", pair.ours.name, *words)
        assert result.status == (2 if reached is None else 0), str(result)
        if name in VIRSHS:
            theirs = pair.twin.virsh("memtune", *words)
            assert theirs.ok is result.ok, str(theirs)
            told = "" if theirs.ok else theirs.stderr.splitlines()[-1].removeprefix("error: ")
            assert told in result.stderr
    if reached is None:
        assert pair.state(hooked) == before
        return
    for side in pair.sides:
        kept = shown(hooked, pair.ours, side)
        if side not in reached:
            assert kept == before[side]
            continue
        assert taken(kept, side) == taken({name: str(wanted[name] * 1024) for name in kept}, side)
        twins = shown(hooked, pair.twin, side)
        assert {name: kept[name] for name in VIRSHS} == {name: twins[name] for name in VIRSHS}
    if LIVE in reached:
        is_in_force(hooked, pair, wanted)


def taken(parameters: dict[str, str], side: str) -> dict[str, str]:
    """All but what this kernel takes and forgets."""
    forgotten = "" if side == CONFIG or soft_limit_works() else "soft_limit"
    return {name: value for name, value in parameters.items() if name != forgotten}


def is_in_force(product: Product, pair: Pair, wanted: dict[str, int]) -> None:
    """The kernel has it, and libvirt, for both guests alike; the ledger has what is promised."""
    assert kernel(pair.ours) == kernel(pair.twin)
    assert by_virsh(pair.ours, LIVE) == by_virsh(pair.twin, LIVE)
    for name in FILES:
        if name != "soft_limit" or soft_limit_works():
            assert kernel(pair.ours)[name] == wanted[name] * MIB
    promised = product.guests()[pair.ours.name]["min_guarantee"]
    assert promised == wanted["min_guarantee"] * MIB
    for name, local in DECLARED.items():
        assert f">{wanted[name]}</xr:{local}>" in pair.ours.live_xml()
