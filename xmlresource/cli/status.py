"""``xmlresource status``."""

import argparse
import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any

from xmlresource.cli.shared.drawing import canvas
from xmlresource.cli.shared.report_output import configure_output, write_report
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.operations.administration.status import Status, status
from xmlresource.reports.host.status import as_json, as_text, told_as_json, told_as_text
from xmlresource.reports.layout.canvas import Canvas
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.terminal import screen

_INTERVAL = 2.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--html", action="store_true", help="print a page for a browser, in one file")
    form.add_argument(
        "--prometheus",
        action="store_true",
        help="print metrics, for the textfile collector",
    )
    configure_output(parser)
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
    if (options.html or options.prometheus) and (options.watch is not None or options.connect):
        raise UsageError("--html and --prometheus take neither --watch nor --connect")
    if options.watch is None:
        write_report(_look(options), options.output)
        return ExitStatus.FINE
    if options.output is not None:
        raise UsageError("-o takes one report: no --watch")
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
    if options.connect is not None:
        from xmlresource.live.status import status_over  # noqa: PLC0415 -- it takes libvirt

        told = status_over(options.connect)
        if options.json:
            return _json(told_as_json(told), options)
        return told_as_text(told, _canvas(options))
    found = status(everyone=options.all)
    if options.html or options.prometheus:
        return _other_form(found, options)
    return _json(as_json(found), options) if options.json else as_text(found, _canvas(options))


def _canvas(options: argparse.Namespace) -> Canvas | None:
    return None if options.output is not None else canvas()


def _other_form(found: Status, options: argparse.Namespace) -> str:
    """For programs other than a terminal: they are told what a host publishes, too."""
    from xmlresource.operations.fleet.host_publication import host_report  # noqa: PLC0415 -- dispatch

    if options.prometheus:
        from xmlresource.reports.metrics.exposition import exposition  # noqa: PLC0415 -- dispatch
        from xmlresource.reports.metrics.host_metrics import host_metrics  # noqa: PLC0415 -- dispatch

        return exposition(host_metrics(found, host_report()))
    from xmlresource.reports.page.host_page import page_of_host  # noqa: PLC0415 -- dispatch

    return page_of_host(found, host_report())


def _json(value: dict[str, Any], options: argparse.Namespace) -> str:
    """One document, or a line of many."""
    if options.watch is None:
        return dumps(value)
    return json.dumps(value, ensure_ascii=False) + "\n"
