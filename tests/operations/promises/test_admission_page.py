"""The example in docs/admission.md is what the program answers, to the byte."""

import os
import re
from pathlib import Path

from tests.fakes.host import BOOT, GIB, MIB, FakeHost, uuid
from xmlresource.operations.promises.check import check
from xmlresource.promises.ledger import ledger_of
from xmlresource.promises.promise import NodeShare, Process, Promise, PromiseState
from xmlresource.reports.guests.decision import explained

PAGE = Path(__file__).parents[3] / "docs" / "admission.md"
BEGIN, END = "<!-- begin answer -->\n", "<!-- end answer -->"
HUGE = 2 * MIB


def test_the_example_is_what_is_answered(tmp_path: Path) -> None:
    page = PAGE.read_text()
    document = re.search(r"<!-- begin document -->\n```xml\n(.*?)```", page, re.DOTALL)
    assert document is not None
    file = tmp_path / "db1.xml"
    file.write_text(document[1])
    checked = check(str(file), the_host(tmp_path / "host").machine)
    assert checked.decision is not None
    text = explained(checked.decision)
    answer = text[: text.index("\nthe rules:")]
    before, _, rest = page.partition(BEGIN)
    made = f"{before}{BEGIN}```\n{answer}```\n{END}{rest.partition(END)[2]}"
    if os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made, "run this file with XMLRESOURCE_WRITE_DOCS=1"


def the_host(root: Path) -> FakeHost:
    """The host that the page tells of."""
    root.mkdir()
    host = FakeHost(root)
    host.write(
        "/proc/meminfo",
        f"MemTotal: {64 * GIB >> 10} kB\nMemAvailable: {40 * GIB >> 10} kB\n"
        f"Hugetlb: {4 * GIB >> 10} kB\n",
    )
    for number, available in ((0, 18 * GIB), (1, 22 * GIB)):
        lines = (
            f"Node {number} {name}: {size >> 10} kB\n"
            for name, size in (("MemTotal", 32 * GIB), ("MemFree", available))
        )
        host.write(f"/sys/devices/system/node/node{number}/meminfo", "".join(lines))
    for folder in ("/sys/kernel/mm", "/sys/devices/system/node/node1"):
        for name, size in (("nr", 4 * GIB), ("free", 3 * GIB), ("resv", 0)):
            path = f"{folder}/hugepages/hugepages-2048kB/{name}_hugepages"
            host.write(path, f"{size // HUGE}\n")
    web1 = running(host, "web1", 1, 8 * GIB, 6 * GIB)
    nic1 = running(host, "nic1", 2, 4 * GIB, 12 * GIB, pinned=12 * GIB, node=0)
    file = host.root / "run/xmlresource/ledger"
    file.parent.mkdir(mode=0o700)
    file.write_bytes(ledger_of(BOOT, [web1, nic1]).encode())
    file.chmod(0o600)
    return host


def running(  # noqa: PLR0913 -- a guest has as much
    host: FakeHost,
    name: str,
    number: int,
    size: int,
    charged: int,
    *,
    pinned: int = 0,
    node: int | None = None,
) -> Promise:
    """A guest that runs, and its promise."""
    cgroup = f"/machine/qemu-{number}-{name}.libvirt-qemu"
    folder = host.group(cgroup)
    host.write(f"{folder}/memory.usage_in_bytes", f"{charged}\n")
    host.process(4000 + number, cgroup=cgroup)
    return Promise(
        uuid=uuid(number),
        name=name,
        driver="qemu",
        size=size,
        state=PromiseState.RUNNING,
        shares=() if node is None else (NodeShare(frozenset({node}), pinned),),
        process=Process(4000 + number, 1000),
        cgroup=cgroup,
        pinned=pinned,
    )
