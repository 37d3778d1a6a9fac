"""``xmlresource status``."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

from xmlresource.cli.usage import UsageError
from xmlresource.exit_status import ExitStatus
from xmlresource.operations.status import status
from xmlresource.reports.bars import ASCII, BLOCKS
from xmlresource.reports.json_text import dumps
from xmlresource.reports.status import as_json, as_table, as_text, told_as_json, told_as_table
from xmlresource.reports.tables import WIDTH
from xmlresource.system import screen

_INTERVAL = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--all", action="store_true", help="guests without a promise, too")
    parser.add_argument(
        "--watch",
        metavar="SECONDS",
        nargs="?",
        type=float,
        const=_INTERVAL,
        help=f"show it again each so many seconds ({_INTERVAL:g}), until Ctrl-C",
    )
    parser.add_argument("--connect", metavar="URI", help="what libvirt tells there")


def run(options: argparse.Namespace) -> ExitStatus:
    """Print how the host and its guests with a promise stand."""
    if options.watch is None:
        sys.stdout.write(_look(options))
        return ExitStatus.FINE
    if not options.watch > 0:
        raise UsageError("--watch takes a number of seconds above 0")
    with contextlib.suppress(KeyboardInterrupt):
        if screen.is_screen() and not options.json:
            with screen.picture():
                _repeat(options, screen.draw)
        else:
            _repeat(options, _print)
    return ExitStatus.FINE


def _repeat(options: argparse.Namespace, show: Callable[[str], None]) -> None:
    """Show it again and again; an interruption ends it."""
    while True:
        show(_look(options))
        screen.pause(options.watch)


def _print(text: str) -> None:
    """For a file or a program: one after the other."""
    sys.stdout.write(text)
    sys.stdout.flush()


def _look(options: argparse.Namespace) -> str:
    drawn = screen.is_screen()
    style = (BLOCKS if screen.shows_blocks() else ASCII) if drawn else None
    if options.connect is not None:
        from xmlresource.live.status import status_over  # noqa: PLC0415 -- it takes libvirt

        told = status_over(options.connect)
        if options.json:
            return _json(told_as_json(told), options)
        return told_as_table(told, screen.width() if drawn else WIDTH, style)
    found = status(everyone=options.all)
    if options.json:
        return _json(as_json(found), options)
    return as_text(found) if style is None else as_table(found, screen.width(), style)


def _json(value: dict[str, Any], options: argparse.Namespace) -> str:
    """One document, or a line of many."""
    if options.watch is None:
        return dumps(value)
    return json.dumps(value, ensure_ascii=False) + "\n"
