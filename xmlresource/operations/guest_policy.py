"""The policy of a guest's live definition, as far as it is ours to enforce."""

from xmlresource.cgroup.hierarchy import Version
from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import containers
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import record
from xmlresource.rules import errors
from xmlresource.rules.relations import guarantee_equals_limit
from xmlresource.tunables import Form

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xmlresource.model.cpu import CpuPolicy
    from xmlresource.model.io import IoPolicy

_GUARANTEE = "min_guarantee"
_SOFT = "soft_limit"


@record
class GuestPolicy:
    """The policy of a guest that libvirt starts or runs.

    Attributes:
        declared: All of it, of our element and of ``<memtune>``.
        enforced: The names of those that we write. What else ``<memtune>`` declares, libvirt has
            written by itself.
        cpu: What our element declares of CPU time; ``None`` for nothing, and for such a guest no
            code of CPU time need be loaded.
        io: What our element declares of IO; ``None`` for nothing.
    """

    declared: MemoryPolicy
    enforced: frozenset[str]
    cpu: "CpuPolicy | None" = None
    io: "IoPolicy | None" = None

    @property
    def is_guaranteed(self) -> bool:
        """Whether memory, CPU time or part of a device is to be promised."""
        return bool(self.declared.guarantee) or self.guarantees_cpu or self.guarantees_io

    @property
    def guarantees_cpu(self) -> bool:
        """Whether CPU time is to be promised."""
        return self.cpu is not None and self.cpu.is_guaranteed

    @property
    def guarantees_io(self) -> bool:
        """Whether part of a device is to be promised, where this host can keep it."""
        return self.io is not None and self.io.is_guaranteed

    @property
    def soft_share(self) -> int:
        """The size of a soft limit that is ours to enforce."""
        soft = self.declared.soft_limit
        return soft if isinstance(soft, int) and _SOFT in self.enforced else 0


def concerns_us(document: Document) -> bool:
    """Whether the guest asks for something of us: our element, or memtune's guarantee.

    libvirt's QEMU driver refuses ``min_guarantee`` in memtune, its LXC driver keeps and ignores it.
    """
    if any(form is Form.METADATA for form, _ in containers(document.root)):
        return True
    return any(
        found.form is Form.MEMTUNE
        and found.tunable.name == _GUARANTEE
        and (found.amount is not None or found.error is not None)
        for found in document.declarations
    )


def guest_policy(document: Document) -> GuestPolicy:
    """The policy of a guest's live definition, which has no errors."""
    ours = {name for name, _ in document.policy_in(Form.METADATA).items()}
    declared = document.policy_in(Form.METADATA, Form.MEMTUNE)
    if declared.min_guarantee is not None:
        ours.add(_GUARANTEE)
    if not document.cpu_io_blocks:
        return GuestPolicy(declared, frozenset(ours), None, None)
    cpu, io = document.cpu_policy_in(Form.METADATA), document.io_policy_in(Form.METADATA)
    return GuestPolicy(declared, frozenset(ours), cpu or None, io or None)


def obstacles(document: Document, version: Version | None) -> list[Diagnostic]:
    """The errors that keep the guest from starting on a host of that cgroup version."""
    found = errors(document)
    if version is Version.V2:
        # Elsewhere a warning: only v2 protects memory, and only there nothing is left to reclaim.
        found.extend(guarantee_equals_limit(document))
    return found
