"""The rules of import and export (XR8): what is wrong with another system's files."""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.diagnostics import Severity

_ERROR: Final = Severity.ERROR

TRANSFER_RULES: Final = (
    Code(
        "XR801",
        "unknown-source",
        _ERROR,
        "The format of a source is told by its content, and this is none of those that "
        "docs/import.md lists.",
        "xmlresource import notes.txt",
        "Give the file that defines the virtual machine in the system that it comes from.",
    ),
    Code(
        "XR802",
        "malformed-source",
        _ERROR,
        "The source does not follow its own format, so that nobody can tell what it reserves.",
        'memsize "4096" in a .vmx, without the sign of equality',
        "Mend the source at the place named, or export it again.",
    ),
    Code(
        "XR803",
        "bad-source-value",
        _ERROR,
        "A reservation, a limit or a weight that can't be read must not be left out in silence.",
        "<rasd:Reservation>two</rasd:Reservation>",
        "Write a number in the unit that the format has for it.",
    ),
    Code(
        "XR804",
        "source-too-large",
        _ERROR,
        "No virtual machine's definition has more than 4 MiB of text, 1 MiB or 20000 nodes of "
        "YAML without aliases, 64 levels, or 10000 members of an archive.",
        "a: &a [*a, *a] in a VirtualMachine's YAML",
        "Check that it is the file you meant; write YAML without anchors and aliases.",
    ),
    Code(
        "XR805",
        "which-guest",
        _ERROR,
        "A policy goes from one guest to one guest; which is which is not guessed.",
        "xmlresource import vapp.ovf --into web.xml, with two virtual systems in vapp.ovf",
        "Name the source's guest by --vm; with a folder after --into, guests are matched by name.",
    ),
    Code(
        "XR806",
        "no-descriptor",
        _ERROR,
        "An .ova is an uncompressed tar archive with an OVF descriptor, which tells of the guest.",
        "an .ova that holds disks only",
        "Export the virtual machine again, or give the .ovf itself.",
    ),
    Code(
        "XR807",
        "no-such-option",
        _ERROR,
        "The descriptor has no such deployment option, and another one may reserve less.",
        "xmlresource import vm.ovf --configuration hgue",
        "Name one of the options that the message lists.",
    ),
)
