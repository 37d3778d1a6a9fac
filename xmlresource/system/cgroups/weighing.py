"""How the kernel divides one thing among cgroups by weights, as its files have it."""

from collections.abc import Callable, Iterable

from xmlresource.admission.weights.floor_weights import WeightRange
from xmlresource.admission.weights.weight_tree import WeighedFolder
from xmlresource.cgroup.hierarchy import Controller
from xmlresource.cgroup.kernel_values import entry_of
from xmlresource.record import record
from xmlresource.system.cgroups.charges import read_file
from xmlresource.system.machine import Machine

# systemd has a cgroup for each mount and swap, in which a process is only while it is mounted.
_WITHOUT_PROCESSES = (".mount", ".swap")
_DEFAULT = "default"


@record
class Weighing:
    """How one thing is divided: CPU time, or what one disk can do.

    Attributes:
        controller: The controller that divides it.
        weights: The weights that the kernel takes, and in which file.
        disk: Of a disk its ``MAJ:MIN``: then the file has one weight for each disk, and one for
            those that have none of their own; empty for CPU time.
    """

    controller: Controller
    weights: WeightRange
    disk: str = ""

    @property
    def label(self) -> str:
        """The file, and which of its values: ``io.weight 254:0``."""
        return f"{self.weights.file} {self.disk}" if self.disk else self.weights.file

    def weight(self, machine: Machine, cgroup: str) -> int | None:
        """The weight of a cgroup; ``None`` where it has none, or is gone.

        Raises:
            OSError: It is there and can't be read.
            ValueError: The file holds what no kernel writes.
        """
        text = self._text(machine, cgroup)
        # A cgroup with cpu.idle reads 0, and is the least of all.
        return None if text is None else max(int(entry_of(text, self.disk)), self.weights.least)

    def usual(self, machine: Machine, cgroup: str) -> int:
        """The weight that a cgroup has for disks that have none of their own.

        Raises:
            OSError: It is there and can't be read.
            ValueError: The file holds what no kernel writes.
        """
        text = self._text(machine, cgroup) or ""
        lines = dict(line.partition(" ")[::2] for line in text.splitlines())
        return int(lines.get(_DEFAULT, self.weights.usual))

    def line(self, machine: Machine, cgroup: str) -> int | None:
        """The weight that a cgroup has for this disk alone: 0 where it has the one for all.

        Of CPU time it is the weight. ``None`` as for :meth:`weight`.

        Raises:
            OSError: It is there and can't be read.
            ValueError: The file holds what no kernel writes.
        """
        text = self._text(machine, cgroup)
        if text is None or not self.disk:
            return self.weight(machine, cgroup)
        lines = dict(line.partition(" ")[::2] for line in text.splitlines())
        return int(lines.get(self.disk, 0))

    def text_of(self, line: int) -> str:
        """A weight, or what :meth:`line` tells, as it is written."""
        return f"{self.disk} {line or _DEFAULT}" if self.disk else str(line)

    def folder(
        self, machine: Machine, cgroup: str, cap: "Callable[[str], int | None]"
    ) -> WeighedFolder | None:
        """A cgroup above guests with all that is in it; ``None`` where it is not there.

        Its own weight is as it is found.

        Args:
            machine: The machine.
            cgroup: The cgroup.
            cap: The most that a cgroup can have.

        Raises:
            OSError: It is there and can't be read.
            ValueError: A file holds what no kernel writes.
        """
        is_root = cgroup == self.controller.root
        own = self.weights.usual if is_root else self.weight(machine, cgroup)
        if own is None:
            return None
        return WeighedFolder(own, dict(self._children(machine, cgroup)), cap(cgroup))

    def _children(self, machine: Machine, cgroup: str) -> Iterable[tuple[str, int]]:
        for name in machine.folders_in(self.controller.directory(cgroup)):
            if name.endswith(_WITHOUT_PROCESSES):
                continue
            found = self.weight(machine, f"{cgroup.rstrip('/')}/{name}")
            if found is not None:
                yield name, found

    def _text(self, machine: Machine, cgroup: str) -> str | None:
        return read_file(machine, f"{self.controller.directory(cgroup)}/{self.weights.file}")
