"""A guest's two definitions, live and persistent, and how libvirt is had to change them.

Each tunable is changed where it stands: what ``<memtune>`` holds through libvirt's own call, all
else, and what stands in both, in our element in ``<metadata>``. Neither redefines the guest, so
nothing else of it is touched and nobody's change in between is lost.
"""

from collections.abc import Mapping
from typing import Final

from xmlresource.diagnostics import Diagnostic
from xmlresource.document import Document
from xmlresource.document.editing import assign
from xmlresource.errors import ExitStatus
from xmlresource.live.parameters.libvirt_parameters import OF_LIBVIRT, kib_of
from xmlresource.model.policy import MemoryPolicy
from xmlresource.operations.guest import RefusalError, subject
from xmlresource.record import record
from xmlresource.rules import errors
from xmlresource.system.libvirt.connection import CONFIG, Handle
from xmlresource.tunables import Form
from xmlresource.units import Amount

_EMPTY = "<resource/>"

_AT_THE_START: Final = frozenset({"XR311"})
"""Rules about what libvirt makes of a definition when the guest starts."""


@record
class Definition:
    """One of a guest's two definitions: live or persistent.

    Attributes:
        flag: Which: ``LIVE`` or ``CONFIG``.
        document: All of it.
        metadata: Our element as libvirt hands it out, without its namespace.
    """

    flag: int
    document: Document
    metadata: str | None

    @property
    def policy(self) -> MemoryPolicy:
        """The policy that the definition declares where libvirt keeps it."""
        return self.document.policy_in(Form.METADATA, Form.MEMTUNE)

    @property
    def in_memtune(self) -> frozenset[str]:
        """The tunables that stand in ``<memtune>``."""
        return self._in_form(Form.MEMTUNE)

    @property
    def in_metadata(self) -> frozenset[str]:
        """The tunables that stand in our element, in ``<memtune>`` or not."""
        return self._in_form(Form.METADATA)

    def _in_form(self, form: Form) -> frozenset[str]:
        return frozenset(
            found.tunable.name
            for found in self.document.declarations
            if found.form is form and found.amount is not None
        )


@record
class Change:
    """One definition, before and after.

    Attributes:
        before: As it is.
        document: As it will be.
        metadata: Our element as it will be.
        parameters: What libvirt is to set in ``<memtune>``, in KiB.
        undo: What it holds of these now.
    """

    before: Definition
    document: Document
    metadata: str | None
    parameters: Mapping[str, int]
    undo: Mapping[str, int]

    def carry_out(self, handle: Handle) -> None:
        """Have libvirt make it, all or nothing.

        Raises:
            libvirtError: libvirt does not.
        """
        flag = self.before.flag
        if self.metadata != self.before.metadata:
            handle.set_metadata(self.metadata, flag)
        try:
            if self.parameters:
                handle.set_parameters(self.parameters, flag)
        except BaseException:
            if self.metadata != self.before.metadata:
                handle.set_metadata(self.before.metadata, flag)
            raise

    def take_back(self, handle: Handle) -> None:
        """Have libvirt put everything back.

        Raises:
            libvirtError: libvirt does not.
        """
        flag = self.before.flag
        if self.metadata != self.before.metadata:
            handle.set_metadata(self.before.metadata, flag)
        if self.parameters:
            handle.set_parameters(self.undo, flag)


def read_definition(handle: Handle, flag: int) -> Definition:
    """The live or the persistent definition.

    Raises:
        libvirtError: libvirt does not give it.
        DocumentError: It makes no sense.
    """
    name = "persistent XML" if flag == CONFIG else "live XML"
    document = Document.parse(handle.xml(flag).encode(), name)
    return Definition(flag, document, handle.metadata(flag))


def change_of(name: str, before: Definition, amounts: Mapping[str, Amount]) -> Change:
    """The change after which a definition declares ``amounts``.

    Args:
        name: The guest's name.
        before: The definition.
        amounts: The new amounts by tunable.

    Raises:
        RefusalError: It would have errors, or libvirt can't change a tunable where it stands.
        EditError: No document can hold an amount.
    """
    held = before.in_memtune & amounts.keys()
    stuck = sorted(held - set(OF_LIBVIRT))
    if stuck:
        text = (
            f"{subject(name)}: libvirt can't change {stuck[0]} where it stands, in <memtune>; "
            "move it to <metadata> (xmlresource convert) and define the guest anew"
        )
        raise RefusalError(ExitStatus.FINDINGS, text)
    document = _declaring(before.document, amounts)
    refuse(name, errors(document), running=before.flag != CONFIG)
    # One that stands in both is changed in both: the hook refuses a guest whose forms disagree.
    ours = before.in_metadata | (amounts.keys() - held)
    elsewhere = {each: amount for each, amount in amounts.items() if each in ours}
    policy = before.document.policy_in(Form.MEMTUNE)
    return Change(
        before,
        document,
        element_declaring(before.metadata, elsewhere),
        {each: kib_of(each, amounts[each]) for each in sorted(held)},
        {each: kib_of(each, policy[each]) for each in sorted(held)},
    )


def refuse(name: str, faults: list[Diagnostic], *, running: bool) -> None:
    """Refuse a change that brings faults, in the words of the first.

    Args:
        name: The guest's name.
        faults: The faults.
        running: They are those of a guest that runs: the limit that is in force counts then, and
            not what would make it at the next start.

    Raises:
        RefusalError: There are some.
    """
    faults = [each for each in faults if not (running and each.code in _AT_THE_START)]
    if faults:
        text = f"{subject(name)}: {faults[0].code} {faults[0].message}; {faults[0].hint}"
        raise RefusalError(ExitStatus.FINDINGS, text)


def _declaring(document: Document, amounts: Mapping[str, Amount]) -> Document:
    """The whole definition as it will read, for the rules to judge."""
    stands = document.forms
    moved = {name: amount for name, amount in amounts.items() if name in stands}
    new = {name: amount for name, amount in amounts.items() if name not in stands}
    return assign(assign(document, moved).document, new, Form.METADATA).document


def element_declaring(element: str | None, amounts: Mapping[str, Amount | None]) -> str | None:
    """Our element as it will be; ``None`` where nothing is left in it."""
    document = Document.parse((element or _EMPTY).encode(), "metadata")
    edited = assign(document, amounts)
    if edited.document is document:
        return element
    root = edited.document.root
    bare = not root.children and not root.attributes and not root.text.strip()
    return None if bare else edited.document.to_bytes().decode()
