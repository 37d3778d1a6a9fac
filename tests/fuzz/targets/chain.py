"""Any bytes as what is remembered of the cgroups above the guests."""

from collections.abc import Iterator
from typing import Final

from tests.fakes.host import BOOT
from xmlresource.cgroup.chain import Chain, Part, decode
from xmlresource.units import UNLIMITED

PARTS: Final = {
    ("/machine.slice", "memory.min"): Part(0, (4096,)),
    ("/machine.slice", "memory.low"): Part(UNLIMITED, (UNLIMITED, 0)),
}


def seeds() -> Iterator[bytes]:
    yield Chain(BOOT).encode()
    yield Chain(BOOT, PARTS).encode()
    yield Chain("another boot", PARTS).encode()


def one(data: bytes) -> None:
    """Decodes or is refused; what decodes is written back the same."""
    try:
        chain = decode(data, BOOT)
    except ValueError:
        return
    assert decode(chain.encode(), BOOT) == chain
