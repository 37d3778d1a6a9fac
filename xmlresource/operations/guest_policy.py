"""What of a live guest's definition is ours to enforce."""

from xmlresource.cgroup.hierarchy import Version
from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.forms import containers
from xmlresource.model.policy import MemoryPolicy
from xmlresource.record import record
from xmlresource.rules import errors
from xmlresource.rules.relations import guarantee_equals_limit
from xmlresource.tunables import Form

_GUARANTEE = "min_guarantee"
_SOFT = "soft_limit"


@record
class GuestPolicy:
    """The policy of a guest that libvirt starts or runs.

    Attributes:
        declared: All of it, of our element and of ``<memtune>``.
        enforced: The names of those that we write. What else ``<memtune>`` declares, libvirt has
            written by itself.
    """

    declared: MemoryPolicy
    enforced: frozenset[str]

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
    return GuestPolicy(declared, frozenset(ours))


def obstacles(document: Document, version: Version | None) -> list[Diagnostic]:
    """What in the definition keeps the guest from starting on a host of that cgroup version."""
    found = errors(document)
    if version is Version.V2:
        # Elsewhere a warning: only v2 protects memory, and only there nothing is left to reclaim.
        found.extend(guarantee_equals_limit(document))
    return found
