"""The command ``import``: policies from other systems, into guests of libvirt's.

Each source gives data: what became of every value, and the fragment or the edited document. Nothing
is written here; ``write_in_place`` puts what is edited into its file.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from xmlresource.document import Document, DocumentError
from xmlresource.errors import ExitStatus, XmlresourceError
from xmlresource.formats.quantity_names import QuantityName, parse_quantity_name
from xmlresource.interchange.errors import source_error
from xmlresource.interchange.mapping import Mapped, mapped
from xmlresource.interchange.wishes import Wishes
from xmlresource.model.policy import MemoryPolicy
from xmlresource.model.resource import ResourcePolicy, policies_of
from xmlresource.operations.editing.edit import Edited, Generated, generate, set_
from xmlresource.operations.named_document import document_of, domain_of
from xmlresource.operations.transfer.guest_sources import guests_of
from xmlresource.printable import printable
from xmlresource.record import record
from xmlresource.system.files import document_files
from xmlresource.system.files.source_files import is_folder, sources_in
from xmlresource.tunables import Form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from xmlresource.diagnostics import Diagnostic
    from xmlresource.interchange.allocation import SourceGuest
    from xmlresource.interchange.outcomes import Targets
    from xmlresource.operations.editing.edit import Checker
    from xmlresource.operations.named_document import AnyInput
    from xmlresource.operations.transfer.guest_sources import AnySource
    from xmlresource.units import Amount

_NO_WISHES: Final = Wishes()
_UNKNOWN: Final = "XR801"
_MOST_NAMED: Final = 20


@record
class Imported:
    """One guest's policy, imported.

    Attributes:
        mapped: What the source says, and what became of each value.
        edited: The guest that it goes into, edited; ``None`` where none is named.
        generated: The fragment where no guest is named, and there is something to say.
    """

    mapped: Mapped
    edited: Edited | None = None
    generated: Generated | None = None


@record
class ImportedAll:
    """Several sources, imported.

    Attributes:
        guests: The guests, in the order of the sources.
        faults: What could not be imported, and why.
        skipped: The files in named folders that are of no format that is known.
        exit_status: What the command exits with.
    """

    guests: tuple[Imported, ...]
    faults: tuple[Diagnostic, ...] = ()
    skipped: int = 0
    exit_status: ExitStatus = ExitStatus.FINE


@record
class ImportOptions:
    """How sources are imported.

    Attributes:
        wishes: What the user says besides.
        vm: The one guest that is meant; ``None`` for all.
        configuration: The deployment option of OVF descriptors.
        form: Where new tunables go; by default the form that is used, else metadata.
        checker: The rules; ``None`` edits a guest that has errors, too.
    """

    wishes: Wishes = _NO_WISHES
    vm: str | None = None
    configuration: str | None = None
    form: Form | None = None
    checker: Checker | None = None


_PLAIN_IMPORT: Final = ImportOptions()


def import_(
    source: AnySource, into: AnyInput | None = None, options: ImportOptions = _PLAIN_IMPORT
) -> Imported:
    """The policy of one guest of a source.

    Args:
        source: The source: its path, or its bytes.
        into: The guest that it goes into; without one a fragment comes back.
        options: How it is imported.

    Raises:
        SourceError: It can't be imported; XR805 where it defines several guests.
        DocumentError: Source or guest can't be read.
        EditError: The guest can't take it; a :class:`RefusedError` where rules forbid it.
    """
    guests = _chosen(guests_of(source, options.configuration), options.vm)
    if len(guests) > 1:
        raise _which(guests)
    document = None if into is None else document_of(into)
    return _imported(guests[0], document, options)


def import_all(
    paths: Iterable[str], into: str | None = None, options: ImportOptions = _PLAIN_IMPORT
) -> ImportedAll:
    """The policies of all guests of several sources.

    Args:
        paths: The sources; folders give those below.
        into: A guest, where the sources define one; or a folder of guests, matched by name.
        options: How they are imported.
    """
    sources, faults, skipped = _all_guests(paths, options)
    if options.vm is not None and sources:
        sources = [one for one in sources if one.name == options.vm]
    into_folder = into is not None and is_folder(into)
    if into is not None and not into_folder and len(sources) > 1:
        raise _which(sources)
    targets = _guests_by_name(into) if into is not None and into_folder else {}
    imported: list[Imported] = []
    for guest in sources:
        try:
            document = _target(guest, into, targets, in_folder=into_folder)
            _check_alone(guest, document, imported)
            imported.append(_imported(guest, document, options))
        except XmlresourceError as error:
            if not error.diagnostics:
                raise
            faults.append(error)
    found = tuple(fault for error in faults for fault in error.diagnostics)
    status = max((error.exit_status for error in faults), default=ExitStatus.FINE)
    return ImportedAll(tuple(imported), found, skipped, status)


def _all_guests(
    paths: Iterable[str], options: ImportOptions
) -> tuple[list[SourceGuest], list[XmlresourceError], int]:
    guests: list[SourceGuest] = []
    faults: list[XmlresourceError] = []
    skipped = 0
    for file in sources_in(paths):
        try:
            guests += guests_of(file.path, options.configuration)
        except XmlresourceError as error:
            if not error.diagnostics:
                raise
            if error.diagnostics[0].code == _UNKNOWN and not file.is_named:
                skipped += 1
            else:
                faults.append(error)
    if options.vm is not None and not faults and guests:
        _chosen(tuple(guests), options.vm)
    return guests, faults, skipped


def _chosen(guests: tuple[SourceGuest, ...], vm: str | None) -> tuple[SourceGuest, ...]:
    """The guest that is meant, or all.

    Raises:
        SourceError: There is none of that name, or more than one (XR805).
    """
    if vm is None:
        return guests
    found = tuple(one for one in guests if one.name == vm)
    if len(found) == 1:
        return found
    count = "no guest" if not found else "more than one guest"
    message = f"there is {count} named '{printable(vm)}': {_names(guests)}"
    raise source_error("XR805", message, guests[0].path, hint="give a name as the source has it")


def _which(guests: Sequence[SourceGuest]) -> XmlresourceError:
    message = f"there are {len(guests)} guests: {_names(guests)}"
    return source_error("XR805", message, guests[0].path)


def _names(guests: Sequence[SourceGuest]) -> str:
    names = [f"'{printable(one.name)}'" for one in guests[:_MOST_NAMED]]
    return ", ".join([*names, "…"] if len(guests) > _MOST_NAMED else names)


def _guests_by_name(folder: str) -> dict[str, list[Document]]:
    """The domains in a folder, by the name that they give themselves.

    A name never becomes a path: every document is read, and asked for its own.
    """
    found: dict[str, list[Document]] = {}
    for one in document_files.expand([folder]).found:
        try:
            document = document_of(one.path)
        except DocumentError:
            continue  # `validate` says what is wrong with it
        if document.domain is not None:
            found.setdefault(document.domain.name, []).append(document)
    return found


def _target(
    guest: SourceGuest, into: str | None, targets: dict[str, list[Document]], *, in_folder: bool
) -> Document | None:
    """The guest that a source's goes into.

    Raises:
        SourceError: None of the folder has its name, or several (XR805).
    """
    if into is None:
        return None
    if not in_folder:
        return document_of(into)
    found = targets.get(guest.name, [])
    if len(found) == 1:
        return found[0]
    count = "no guest" if not found else f"{len(found)} guests"
    message = f"{count} in {os.fspath(into)} named '{printable(guest.name)}'"
    raise source_error(
        "XR805", message, guest.path, hint="name the guest's file by --into, and the source by --vm"
    )


def _check_alone(guest: SourceGuest, document: Document | None, before: list[Imported]) -> None:
    """Refuse a second policy for one guest.

    Raises:
        SourceError: Another source goes into it already (XR805).
    """
    for one in before:
        if document is not None and one.edited and one.edited.path == document.source.name:
            name, other = printable(guest.name), one.mapped.guest.path
            message = f"{other} has a guest named '{name}', too, and both go into {one.edited.path}"
            raise source_error("XR805", message, guest.path, hint="leave one of the sources out")


def _imported(guest: SourceGuest, document: Document | None, options: ImportOptions) -> Imported:
    into = None if document is None else domain_of(document)
    found = mapped(guest, into, options.wishes)
    if document is not None:
        edited = set_(document, found.targets, options.form, checker=options.checker)
        return Imported(found, edited=edited)
    if not found.targets:
        return Imported(found)
    form = options.form or Form.METADATA
    policy = policy_of_targets(found.targets)
    return Imported(found, generated=generate(policy, form, checker=options.checker))


def policy_of_targets(targets: Targets) -> ResourcePolicy:
    """The policy that says what an import came to."""
    quantities: dict[QuantityName, Amount] = {}
    memory: dict[str, Any] = {}
    for name, amount in targets.items():
        quantity = parse_quantity_name(name)
        if quantity is None:
            memory[name] = amount
        else:
            quantities[quantity] = amount
    return ResourcePolicy(MemoryPolicy(**memory), *policies_of(quantities))
