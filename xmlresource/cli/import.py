"""``xmlresource import``."""

import argparse
import sys
from fractions import Fraction

from xmlresource.cli.shared.drawing import print_text
from xmlresource.cli.shared.edit_output import FORMS, add_destination, deliver, print_notes
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.interchange.readers.text_source import exact_number
from xmlresource.interchange.wishes import OnRequest, Wishes
from xmlresource.operations.transfer.policy_import import ImportedAll, ImportOptions, import_all
from xmlresource.printable import printable
from xmlresource.reports.findings import diagnostics
from xmlresource.reports.guests import imported
from xmlresource.reports.guests.import_table import as_table
from xmlresource.reports.layout.json_text import dumps
from xmlresource.rules import errors
from xmlresource.system.files.source_files import is_folder
from xmlresource.system.files.textfiles import write_new

_CLOCKS = (Fraction(100), Fraction(20_000))


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="OVF, OVA, VMX, Hyper-V's JSON, qm.conf, xl.cfg, KubeVirt's YAML, systemd units, "
        "CIM-XML; folders of them; - for stdin",
    )
    parser.add_argument(
        "--into", metavar="GUEST", help="the domain it goes into, or a folder of them, by name"
    )
    parser.add_argument("--vm", metavar="NAME", help="the one guest that is meant")
    parser.add_argument(
        "--source-mhz", metavar="N", help="the clock of the source host's CPUs, for MHz"
    )
    parser.add_argument(
        "--take",
        action="append",
        default=[],
        choices=[one.value for one in OnRequest],
        help="take also limits below the RAM, a balloon's floor as the guarantee, or shares of "
        "memory as the priority",
    )
    parser.add_argument("--configuration", metavar="ID", help="the OVF's deployment option")
    parser.add_argument("--form", choices=list(FORMS), help="where new ones go; metadata")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    add_destination(parser)


def run(options: argparse.Namespace) -> ExitStatus:
    """Import policies."""
    _check(options)
    wishes = Wishes(_clock(options.source_mhz), frozenset(map(OnRequest, options.take)))
    found = import_all(
        options.files,
        options.into,
        ImportOptions(
            wishes=wishes,
            vm=options.vm,
            configuration=options.configuration,
            form=FORMS.get(options.form),
            checker=None if options.force else errors,
        ),
    )
    sys.stderr.write(diagnostics.as_text(found.faults))
    if found.faults and (options.into or not found.guests):
        # Nothing is half done.
        if options.json:
            nothing = ImportedAll((), found.faults, found.skipped)
            sys.stdout.write(dumps(imported.as_json(nothing)))
        return found.exit_status
    if not found.guests:
        raise UsageError("there is nothing to import: no file in there is of a known format")
    if len(found.guests) > 1 and options.output:
        raise UsageError("-o takes one guest; name it by --vm")
    _report(found, options)
    _write(found, options)
    return found.exit_status


def _check(options: argparse.Namespace) -> None:
    """Refuse options that contradict each other."""
    places = options.in_place or options.diff
    if not options.into and (options.in_place or options.diff):
        raise UsageError("--in-place and --diff need --into")
    if options.into and is_folder(options.into) and not places:
        raise UsageError("a folder after --into takes --in-place or --diff")
    if options.into == "-" and options.in_place:
        raise UsageError("standard input can't be changed in place")
    if options.into == "-" and "-" in options.files:
        raise UsageError("source and guest can't both be standard input")
    if options.json and options.into and not (options.in_place or options.output):
        raise UsageError("--json with --into takes --in-place or -o: both would go to stdout")


def _clock(text: str | None) -> Fraction | None:
    if text is None:
        return None
    clock = exact_number(text)
    if clock is None or not _CLOCKS[0] <= clock <= _CLOCKS[1]:
        raise UsageError(f"--source-mhz: '{printable(text)}' is no clock in MHz; write, say, 2600")
    return clock


def _report(found: ImportedAll, options: argparse.Namespace) -> None:
    if options.json:
        sys.stdout.write(dumps(imported.as_json(found)))
    elif len(found.guests) == 1 and not found.faults:
        sys.stderr.write(imported.as_text(found.guests[0]))
    elif options.diff:
        # It is for a program; what is beside it goes where it is not in its way.
        sys.stderr.write(as_table(found))
    else:
        print_text(as_table(found))


def _write(found: ImportedAll, options: argparse.Namespace) -> None:
    edited = [one.edited for one in found.guests if one.edited is not None]
    if edited:
        deliver(edited, options)
        return
    if len(found.guests) > 1:
        return
    for one in found.guests:
        if one.generated is not None:
            print_notes(one.generated.notes, "import")
            _deliver_fragment(one.generated.text, options)


def _deliver_fragment(text: str, options: argparse.Namespace) -> None:
    if options.output:
        write_new(options.output, text.encode())
    elif not options.json:  # which has it
        sys.stdout.write(text)
