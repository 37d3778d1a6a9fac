"""Write down, as a tree of fixtures/cgroups, what of a host decides where a guest is accounted.

What is expected of the tree is put together here from how libvirt and systemd name things, not by
the product: a guest whose policy is in force is to get twice its guarantee and another limit.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import world
from .world import CGROUPS, MACHINED, MIB, V1

if TYPE_CHECKING:
    from .world import Guest

RECORDED = Path("/payload/recorded")
FILES = {
    "cgroup.controllers", "cgroup.type", "memory.stat",
    "memory.current", "memory.min", "memory.low", "memory.high", "memory.max",
    "memory.swap.high", "memory.swap.max",
    "memory.usage_in_bytes", "memory.limit_in_bytes", "memory.soft_limit_in_bytes",
    "memory.memsw.limit_in_bytes",
}  # fmt: skip
LIMIT = 500 * MIB


def record(guest: Guest, guarantee: int) -> Path:
    """The tree of a guest that runs with a guarantee of so many bytes, which is all there is."""
    tree = RECORDED / f"recorded-{world.NAME}-{guest.driver}"
    shutil.rmtree(tree, ignore_errors=True)
    for path in ("/proc/self/mountinfo", "/proc/self/cgroup", f"/proc/{guest.pid}/cgroup"):
        copy(Path(path), tree)
    keep = tree / "run/systemd/system/.keep"
    keep.parent.mkdir(parents=True)
    keep.touch()
    inside = [path for path in guest.own.iterdir() if path.is_dir()]
    for folder in (CGROUPS, *guest.above, guest.own, *inside):
        for file in folder.iterdir():
            if file.name in FILES:
                copy(file, tree)
    (tree / "expected.json").write_text(
        json.dumps(expected(guest, guarantee, tree), indent=2) + "\n"
    )
    return tree


def copy(file: Path, tree: Path) -> None:
    target = tree / str(file).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.read_bytes())


def expected(guest: Guest, guarantee: int, tree: Path) -> dict[str, Any]:
    own, above = name_of(guest.own), [name_of(folder) for folder in guest.above]
    usage = "memory.usage_in_bytes" if V1 else "memory.current"
    return {
        "pid": guest.pid,
        "place": {
            "controller": "v1" if V1 else "v2",
            "mount_point": str(CGROUPS),
            "root": "/",
            "recursive_protection": not V1
            and "memory_recursiveprot" in Path("/proc/mounts").read_text(),
            "cgroup": own,
            "layout": "scope-nested" if MACHINED else "plain",
            "driver": guest.driver,
            "ancestors": above,
            "systemd": True,
        },
        "charged": int((tree / str(guest.own).lstrip("/") / usage).read_text()),
        "ancestor_limits": [],
        "policy": {"hard_limit": LIMIT, "min_guarantee": 2 * guarantee},
        "ancestor_sums": dict.fromkeys(above, 2 * guarantee),
        "writes": writes(own, above, guarantee),
        "not_enforced": ["min_guarantee"] if V1 else [],
    }


def writes(own: str, above: list[str], guarantee: int) -> list[list[str]]:
    if V1:
        return [[own, "memory.limit_in_bytes", str(LIMIT), "file"]]
    text = str(2 * guarantee)
    return [
        *([group, "memory.min", text, executor(group)] for group in reversed(above)),
        [own, "memory.max", str(LIMIT), "file"],
        [own, "memory.min", text, "file"],
    ]


def executor(group: str) -> str:
    return "systemd" if group.endswith((".slice", ".scope")) else "file"


def name_of(folder: Path) -> str:
    """A cgroup as the kernel names it."""
    return "/" + str(folder.relative_to(CGROUPS))
