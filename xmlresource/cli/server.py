"""``xmlresource server``."""

import argparse
import sys
from importlib import import_module
from typing import Any, Final

from xmlresource.errors import ExitStatus, XmlresourceError

_MOST: Final = 65535


class MissingServerError(XmlresourceError):
    """The packages that speak the editors' protocol are not installed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--tcp",
        type=_port,
        metavar="PORT",
        help="wait for one editor on this port of 127.0.0.1 (0: any), not on standard input",
    )


def run(options: argparse.Namespace) -> ExitStatus:
    """Serve one editor until it leaves."""
    server = _server()
    if options.tcp is None:
        in_order = server.serve_standard_input()
    else:
        in_order = server.serve_loopback(options.tcp, _tell_port)
    return ExitStatus.FINE if in_order else ExitStatus.FINDINGS


def _server() -> Any:
    try:
        return import_module("xmlresource.language_server.server")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("xmlresource"):
            raise
        raise MissingServerError(
            f"this takes pygls and lsprotocol: pip install 'xmlresource[lsp]' ({error})"
        ) from error


def _tell_port(port: int) -> None:
    sys.stderr.write(f"xmlresource: waiting for an editor on 127.0.0.1:{port}\n")
    sys.stderr.flush()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= _MOST):
        raise argparse.ArgumentTypeError(f"a port from 0 to {_MOST}, not {text!r}")
    return int(text)
