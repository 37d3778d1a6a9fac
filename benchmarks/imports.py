"""Imports: sources of each format, in process, in units of what lxml takes to parse an OVF.

A source is read, mapped and put into a guest. Beside it, lxml parses the largest descriptor of the
fixtures and finds the reservation by XPath, which is what a script would do. Times are of the
processor, so that other work on the machine does not count.

    python benchmarks/imports.py [--turns N]
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from xmlresource.document import Document
from xmlresource.interchange.mapping import mapped
from xmlresource.interchange.readers.detection import guests_in
from xmlresource.interchange.wishes import Wishes
from xmlresource.operations.editing.edit import set_
from xmlresource.rules import errors

SOURCES = Path(__file__).parents[1] / "fixtures" / "interchange" / "sources"
YARDSTICK = "vsphere-reservation.ovf"
NAMES = (
    YARDSTICK,
    *("ovirt.ovf", "esx-custom.vmx", "hyperv.json", "proxmox.conf", "guest.cfg", "kubevirt.yaml"),
    *("unit.conf", "allocation.xml"),
)
GUEST = Document.parse(
    b"<domain type='kvm'><name>a</name><memory unit='GiB'>4</memory><vcpu>2</vcpu>"
    b"<os><type arch='x86_64' machine='q35'>hvm</type></os></domain>"
)


def by_lxml(data: bytes) -> None:
    """Parse, and find the reservations."""
    etree.fromstring(data).xpath("//*[local-name() = 'Reservation']/text()")


def read(data: bytes, name: str) -> None:
    """Read and map all guests."""
    for guest in guests_in(data, name):
        mapped(guest, GUEST.domain, Wishes())


def imported(data: bytes, name: str) -> None:
    """Read and map the first guest, and put it into a document under all rules."""
    found = mapped(guests_in(data, name)[0], GUEST.domain, Wishes())
    set_(GUEST, found.targets, checker=errors)


def best(call: Callable[[], None], turns: int) -> float:
    """The least time of the processor that a call takes, in microseconds."""
    times = []
    for _ in range(turns):
        begun = time.process_time()
        call()
        times.append(time.process_time() - begun)
    return min(times) * 1e6


def main() -> None:
    """Print a line for each source."""
    parser = argparse.ArgumentParser(prog="imports.py", description=__doc__)
    parser.add_argument("--turns", type=int, default=100)
    turns = parser.parse_args().turns
    data = {name: (SOURCES / name).read_bytes() for name in NAMES}
    unit = best(lambda: by_lxml(data[YARDSTICK]), turns)
    print(f"lxml parses {YARDSTICK} and finds its reservations in {unit:.0f} µs = 1\n")
    print(f"{'source':<26}{'bytes':>6}{'read':>8}{'into a guest':>14}")
    for name in NAMES:
        alone = best(lambda name=name: read(data[name], name), turns)
        whole = best(lambda name=name: imported(data[name], name), turns)
        print(f"{name:<26}{len(data[name]):>6}{alone / unit:>8.1f}{whole / unit:>14.1f}")


if __name__ == "__main__":
    main()
