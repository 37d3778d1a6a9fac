"""``xmlresource reclaim``."""

import argparse
import sys

from xmlresource.cli.shared.unsent_log import logged_or_said
from xmlresource.cli.shared.usage import UsageError
from xmlresource.errors import ExitStatus
from xmlresource.live.reclaim.guest_reclaim import DEFAULT_TIMEOUT, give_back, reclaim
from xmlresource.live.reclaim.host_give_back import ReturnPlan, give_back_host, plan_give_back
from xmlresource.live.reclaim.host_reclaim import HostGoal, HostPlan, plan_host, reclaim_host
from xmlresource.live.reclaim.reclaim_run import ProgressListener
from xmlresource.printable import one_line
from xmlresource.reclaim.steps import PATIENCE, Action, Goal, Observation
from xmlresource.reports.guests.reclaim import (
    as_json,
    as_text,
    host_as_json,
    host_as_text,
    plan_as_text,
    progress_line,
    return_as_json,
    return_as_text,
    returned_as_text,
)
from xmlresource.reports.layout.json_text import dumps
from xmlresource.system.terminal.signals import interruptible
from xmlresource.units import SizeError, Unlimited, approximate, parse_written_size

_ALL = ""
_CLEAR = "\r\x1b[K"
_PUT_BACK = "\nxmlresource: interrupted; all is put back\n"


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("domain", nargs="?", metavar="DOMAIN", help="a guest's name, uuid or id")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--to", metavar="SIZE", help="what may stay charged to it")
    what.add_argument("--give-back", action="store_true", help="let it have its RAM again")
    parser.add_argument(
        "--host",
        metavar="SIZE",
        nargs="?",
        const=_ALL,
        help="take so much from all guests together; with --give-back and no SIZE: let all have "
        "their RAM again, as far as there is room for it",
    )
    parser.add_argument("--press", action="store_true", help="also where it does not co-operate")
    parser.add_argument(
        "--timeout",
        metavar="S",
        type=float,
        default=DEFAULT_TIMEOUT,
        help=f"seconds until it gives up ({DEFAULT_TIMEOUT:g})",
    )
    parser.add_argument(
        "--patience",
        metavar="S",
        type=float,
        default=PATIENCE,
        help=f"seconds in which nothing moves before a guest is judged ({PATIENCE:g})",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--connect", metavar="URI", help="the connection to libvirt")
    host = parser.add_argument_group("with --host")
    host.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    host.add_argument("--yes", action="store_true", help="carry it out without asking")


def run(options: argparse.Namespace) -> ExitStatus:
    """Take memory back from a guest, or from all, or give it back."""
    _check(options)
    with logged_or_said():
        return _run(options)


def _run(options: argparse.Namespace) -> ExitStatus:
    if options.give_back and options.host is not None:
        return _give_back_host(options)
    if options.give_back:
        size = give_back(options.domain, options.connect)
        sys.stdout.write(f"asked to take {approximate(size)} again\n")
        return ExitStatus.FINE
    shown = sys.stderr.isatty()
    progress = _show if shown else _keep_still
    try:
        with interruptible():
            if options.host is not None:
                return _host(options, progress)
            return _one(options, progress)
    except KeyboardInterrupt:
        sys.stderr.write(_PUT_BACK)
        return ExitStatus.ROLLED_BACK
    finally:
        sys.stderr.write(_CLEAR if shown else "")


def _check(options: argparse.Namespace) -> None:
    if (options.domain is None) is (options.host is None):
        raise UsageError("give either a DOMAIN or --host")
    if options.host is None and not (options.to or options.give_back):
        raise UsageError("say what is to become of it: --to SIZE or --give-back")
    if options.host is not None and (options.to or (options.host == _ALL) is not options.give_back):
        raise UsageError("--host takes either a SIZE or --give-back")
    if options.host is None and (options.dry_run or options.yes):
        raise UsageError("--dry-run and --yes go with --host")
    if not (options.timeout > 0 and options.patience > 0):
        raise UsageError("--timeout and --patience take a number of seconds above 0")


def _one(options: argparse.Namespace, progress: ProgressListener) -> ExitStatus:
    size = _size("--to", options.to)
    goal = Goal(size, options.timeout, options.press, options.patience)
    done = reclaim(options.domain, goal, options.connect, progress=progress)
    name = options.domain
    sys.stdout.write(dumps(as_json(name, done)) if options.json else as_text(name, done))
    return done.exit_status


def _host(options: argparse.Namespace, progress: ProgressListener) -> ExitStatus:
    size = _size("--host", options.host)
    wanted = HostGoal(size, options.timeout, options.press, options.patience)
    if options.dry_run:
        plan = plan_host(wanted, options.connect)
        sys.stdout.write(dumps(host_as_json(plan)) if options.json else plan_as_text(plan))
        return ExitStatus.REFUSED if plan.missing else ExitStatus.FINE
    _need_somebody(options)
    agreed = _tell if options.yes else _ask
    done = reclaim_host(wanted, options.connect, agreed=agreed, progress=progress)
    if done.plan.missing:
        _tell(done.plan)
    sys.stdout.write(dumps(host_as_json(done.plan, done)) if options.json else host_as_text(done))
    return done.exit_status


def _give_back_host(options: argparse.Namespace) -> ExitStatus:
    if options.dry_run:
        plan = plan_give_back(options.connect)
        sys.stdout.write(dumps(return_as_json(plan)) if options.json else return_as_text(plan))
        return plan.exit_status
    _need_somebody(options)

    def agreed(plan: ReturnPlan) -> bool:
        sys.stderr.write(return_as_text(plan))
        return options.yes or not plan.gives or _yes("Give it back?")

    done = give_back_host(options.connect, agreed=agreed)
    text = dumps(return_as_json(done.plan, done)) if options.json else returned_as_text(done)
    sys.stdout.write(text)
    return done.exit_status


def _need_somebody(options: argparse.Namespace) -> None:
    if not options.yes and not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            "--host asks before it does anything, and nobody is there: --dry-run "
            "shows the plan, --yes carries it out"
        )


def _tell(plan: HostPlan) -> bool:
    sys.stderr.write(plan_as_text(plan))
    return True


def _ask(plan: HostPlan) -> bool:
    _tell(plan)
    return _yes("Take it?")


def _yes(question: str) -> bool:
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _show(name: str, seen: Observation, action: Action) -> None:
    sys.stderr.write(f"{_CLEAR}{one_line(name)}: {progress_line(seen, action)}")
    sys.stderr.flush()


def _keep_still(_name: str, _seen: Observation, _action: Action) -> None:
    """Whoever reads a file of it has no use for progress."""


def _size(option: str, word: str) -> int:
    try:
        size = parse_written_size(word)
    except SizeError as error:
        raise UsageError(f"{option}: {error.problem}; {error.cure}") from error
    if isinstance(size, Unlimited):
        raise UsageError(f"{option} takes a size; --give-back lets the guest have all again")
    return size
