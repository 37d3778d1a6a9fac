"""Any bytes as what is remembered of the cgroups above the guests."""

from collections.abc import Iterator
from typing import Final

from tests.fakes.host import BOOT
from xmlresource.cgroup.ancestors import AncestorProtection, CarriedValue, decode
from xmlresource.units import UNLIMITED

PARTS: Final = {
    ("/machine.slice", "memory.min"): CarriedValue(0, (4096,)),
    ("/machine.slice", "memory.low"): CarriedValue(UNLIMITED, (UNLIMITED, 0)),
}


def seeds() -> Iterator[bytes]:
    yield AncestorProtection(BOOT).encode()
    yield AncestorProtection(BOOT, PARTS).encode()
    yield AncestorProtection("another boot", PARTS).encode()


def one(data: bytes) -> None:
    """Decodes or is refused; what decodes is written back the same."""
    try:
        chain = decode(data, BOOT)
    except ValueError:
        return
    assert decode(chain.encode(), BOOT) == chain
