"""The main job, shown: `make demo`.

Nothing of the machine is changed: the book of promises lies in a temporary folder, and the writes
go to a cgroup of the demo's own, or, where none may be made, to a folder that stands in for it.
"""

import os
import sys
import tempfile
from pathlib import Path

from documents import guest, with_faults
from throwaway import throwaway

from xmlresource.admission.decision import decide
from xmlresource.admission.demand import Demand, demand_of
from xmlresource.admission.reckoning import Decision
from xmlresource.admission.reserve import host_reserve
from xmlresource.cgroup.plan import plan
from xmlresource.cgroup.writes import Rejection
from xmlresource.document import Document
from xmlresource.model.domain import Domain
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.memory_use.overhead import overhead
from xmlresource.operations.validation.validate import validate
from xmlresource.promises.promise import Held, Promise, PromiseState
from xmlresource.reports.findings.diagnostics import as_text, summary
from xmlresource.reports.guests import decision as decision_report
from xmlresource.reports.guests.overhead import render
from xmlresource.system.cgroups import cgroup_files, places
from xmlresource.system.host_facts import read_host
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import StateFolder
from xmlresource.units import approximate

MIB = 1024**2
SHARE = 0.6  # of what can be promised: it fits once, not twice


class Demo:
    """One run: the memory of this host, and a ledger of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = StateFolder(str(folder / "state"), owner=os.getuid())
        self.host = read_host(Machine())
        self.reserve = host_reserve(self.host.memory.total)
        nobody = Demand(name="", uuid="", guarantee=0)
        room = decide(nobody, self.host, (), self.reserve).promisable
        self.ram = max(int(room * SHARE) // MIB, 1)

    def run(self) -> None:
        """Show all of it."""
        self.documents()
        first, second = self.read("db1"), self.read("web1")
        heading("What does QEMU take besides the RAM?", "xmlresource overhead db1.xml")
        show(render(overhead(first).guests[0]))
        heading("May db1 start? Then the kernel is told.", "virsh start db1")
        self.start(first)
        self.enforce(first.policy)
        heading("May web1 start too?", "virsh start web1")
        self.start(second)
        say("")
        say("web1 is not started: rather no guest than one without the memory it was promised.")

    def documents(self) -> None:
        """Two guests and a faulty twin."""
        total, reserve = approximate(self.host.memory.total), approximate(self.reserve)
        say(f"This machine has {total} of memory, {reserve} of which are kept for itself.")
        say(f"Two guests are guaranteed {approximate(self.ram * MIB)} each: it fits once.")
        fine = guest("db1", 1, self.ram)
        (self.folder / "db1.xml").write_text(fine)
        (self.folder / "web1.xml").write_text(guest("web1", 2, self.ram))
        (self.folder / "db1-faulty.xml").write_text(with_faults(fine))
        heading("Are the documents right?", "xmlresource validate db1.xml db1-faulty.xml")
        os.chdir(self.folder)
        result = validate(["db1.xml", "db1-faulty.xml"])
        show(as_text(result.diagnostics) + summary(result) + "\n")

    def read(self, name: str) -> Document:
        """One of the documents."""
        return Document.parse((self.folder / f"{name}.xml").read_bytes(), f"{name}.xml")

    def start(self, document: Document) -> None:
        """Decide, and promise where it is admitted."""
        domain = document.domain or Domain()
        demand = demand_of(domain, document.policy, places.PAGE_SIZE)
        with self.ledger.transaction("demo") as book:
            held = tuple(Held(promise) for promise in book.ledger.all())
            decision = decide(demand, self.host, held, self.reserve)
            if decision.admitted:
                book.ledger = book.ledger.put(_promise(decision))
        show(decision_report.as_text(decision))

    def enforce(self, policy: MemoryPolicy) -> None:
        """Write the policy into a cgroup."""
        with throwaway() as place:
            found = plan(policy, place.place, place.state())
            if isinstance(found, Rejection):
                show(found.describe() + "\n")
                return
            show(found.describe() + "\n")
            show(cgroup_files.apply(place.machine, found).describe() + "\n")
            if place.real:
                say("(in a real cgroup, made for this and removed again)")
            else:
                say("(in a folder that stands in for a cgroup: none may be made here)")


def _promise(decision: Decision) -> Promise:
    demand = decision.demand
    return Promise(demand.uuid, demand.name, "qemu", demand.guarantee, PromiseState.RUNNING)


def heading(question: str, command: str) -> None:
    """What comes next, and what a user would type for it."""
    bold, plain = ("\033[1m", "\033[0m") if sys.stdout.isatty() else ("", "")
    say(f"\n{bold}{question}{plain}\n$ {command}\n")


def show(text: str) -> None:
    """What a command prints."""
    sys.stdout.write("".join(f"  {line}\n" for line in text.splitlines()))


def say(text: str) -> None:
    """What the demo says."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="xmlresource-demo-") as temporary:
        Demo(Path(temporary)).run()
