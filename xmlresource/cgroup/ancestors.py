"""Protection in the cgroups above guests: the promises below, added to the administrator's values.

A guest's protection counts only as far as every cgroup above has it (cgroup-v2.rst, "memory.min"),
so these cgroups get the sum of what is promised below them. They are the administrator's, too: what
he configured stays below the sum, and is what is left when the last guest is gone.

Which part of a value is whose can't be read from the kernel. So it is remembered, in this text,
which is on disk before a value is written: his, and all that we may have left there. What is found
and is none of ours, somebody else put there since, and it is his from now on.
"""

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from xmlresource.cgroup.hierarchy import Place
from xmlresource.cgroup.writes import CgroupState, as_json
from xmlresource.record import field, record
from xmlresource.units import UNLIMITED, Amount, Unlimited

FORMAT: Final = "xmlresource-chain"
FILES: Final = ("memory.min", "memory.low")
"""The files that protect, and so count only up to what is above."""

Key = tuple[str, str]
"""A cgroup, as the kernel names it, and a file."""


@record
class CarriedValue:
    """One value above the guests.

    Attributes:
        own: The administrator's part.
        written: The values that we may have left there.
    """

    own: Amount
    written: tuple[Amount, ...]


@record
class AncestorProtection:
    """All of them, of one boot of a host."""

    boot_id: str
    parts: Mapping[Key, CarriedValue] = field(default_factory=dict)

    def own(self, key: Key, found: Amount) -> Amount:
        """The administrator's part of a value that is ``found`` in the kernel."""
        part = self.parts.get(key)
        return found if part is None or found not in part.written else part.own

    def encode(self) -> bytes:
        """The text to keep."""
        parts = [
            [cgroup, file, as_json(part.own), [as_json(each) for each in part.written]]
            for (cgroup, file), part in self.parts.items()
        ]
        fields = {"format": FORMAT, "version": 1, "boot_id": self.boot_id, "parts": parts}
        return json.dumps(fields, separators=(",", ":")).encode("ascii") + b"\n"


@record
class Targets:
    """The values that the cgroups above one guest shall hold.

    Attributes:
        values: By cgroup and file.
        own: The administrator's part, of slices and folders that are his.
        before: What to remember before any of it is written.
        after: What to remember once it is.
    """

    values: Mapping[Key, Amount]
    own: Mapping[Key, Amount]
    before: AncestorProtection
    after: AncestorProtection

    def of(self, file: str) -> dict[str, Amount]:
        """The values of one file, by cgroup."""
        return {cgroup: value for (cgroup, name), value in self.values.items() if name == file}


def targets(
    chain: AncestorProtection,
    place: Place,
    current: CgroupState,
    sums: Mapping[Key, int],
    given: Collection[str] = (),
) -> Targets:
    """The values that the cgroups above ``place`` shall hold.

    Args:
        chain: What is remembered.
        place: Where a guest's memory is accounted.
        current: What the kernel has now.
        sums: What is promised below each cgroup, in whole pages; those not named are left alone.
        given: The files in which the guest's own scope has something from us already. Nothing is
            remembered of a scope, which goes with its guest.
    """
    values: dict[Key, Amount] = {}
    owned: dict[Key, Amount] = {}
    before, after = dict(chain.parts), dict(chain.parts)
    for key, total in sums.items():
        scope = is_guests(place, key[0])
        if not total and key not in chain.parts and not (scope and key[1] in given):
            continue
        found = current.value(*key)
        if found is None:
            after.pop(key, None)
            continue
        if scope:
            values[key] = total
            continue
        own = chain.own(key, found)
        value = own if isinstance(own, Unlimited) else own + total
        values[key], owned[key] = value, own
        before[key] = CarriedValue(own, _distinct(found, value))
        after[key] = CarriedValue(own, (value,))
        if value == own:
            del after[key]
    return Targets(
        values,
        owned,
        AncestorProtection(chain.boot_id, before),
        AncestorProtection(chain.boot_id, after),
    )


def may_be_in_force(place: Place, state: CgroupState, promises: int) -> bool:
    """Whether one of so many promises may be in force already, to this guest or to another."""
    return promises > 1 or any(state.value(place.cgroup, file) for file in FILES)


def is_guests(place: Place, cgroup: str) -> bool:
    """Whether ``cgroup``, above the guest's own, is there for this guest alone: its scope."""
    return place.systemd and cgroup.endswith(".scope") and cgroup in place.ancestors[:1]


def decode(text: bytes, boot_id: str) -> AncestorProtection:
    """The chain that ``text`` holds; an empty one where it is of another boot.

    Raises:
        ValueError: It makes no sense.
    """
    try:
        fields: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError("it makes no sense: nested too deep") from error
    try:
        if fields["format"] != FORMAT or fields["version"] != 1:
            raise ValueError("it is of another version")
        if fields["boot_id"] != boot_id:
            return AncestorProtection(boot_id)
        parts = {
            (str(cgroup), str(file)): CarriedValue(
                _amount(own), tuple(_amount(each) for each in written)
            )
            for cgroup, file, own, written in fields["parts"]
        }
    except (KeyError, TypeError) as error:
        raise ValueError(f"it makes no sense: {error!r}") from error
    return AncestorProtection(boot_id, parts)


def _distinct(found: Amount, value: Amount) -> tuple[Amount, ...]:
    return (value,) if found == value else (found, value)


def _amount(value: object) -> Amount:
    if value == UNLIMITED.value:
        return UNLIMITED
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ValueError(f"{value!r} is no size")
