"""The hooks of a host, for people."""

from xmlresource.health.health_verdict import HealthFinding
from xmlresource.operations.administration.hook import HookReport
from xmlresource.printable import one_line
from xmlresource.system.libvirt.hook_files import Daemon


def as_text(report: HookReport) -> str:
    """A line a hook, then what stands in its way and who has been told."""
    lines = [f"{hook.driver}: {_state(hook.installed, hook.current)}" for hook in report.hooks]
    lines = [f"{line:<40} {hook.path}" for line, hook in zip(lines, report.hooks, strict=True)]
    lines.append(f"interpreter: {report.interpreter}")
    if report.timer:
        lines.append("timer: installed; systemd repairs once a minute what has gone astray")
    if report.balance:
        lines.append("balance: installed; systemd runs the service that moves memory among guests")
    if report.denied:
        lines.append(
            "warning: AppArmor's profile of libvirtd lets it run only what is in /usr/bin, and "
            "this interpreter is not: every guest with a policy would be refused. Install into a "
            "virtual environment made by /usr/bin/python3."
        )
    lines.extend(map(_finding, report.findings))
    lines.extend(f"told {daemon.name} ({daemon.pid}) to look" for daemon in report.notified)
    lines.extend(filter(None, map(_blindness, report.daemons)))
    if not report.daemons:
        lines.append("no libvirt daemon runs; it will see this when it starts")
    return "\n".join(lines) + "\n"


def _finding(finding: HealthFinding) -> str:
    """One of doctor's findings on a line."""
    verdict = finding.verdict
    cure = f" ({verdict.cure})" if verdict.cure else ""
    return one_line(f"{verdict.state.value}: {verdict.found}: {verdict.follows}{cure}")


def _state(installed: bool, current: bool) -> str:  # noqa: FBT001 -- two facts, named at the call
    if not installed:
        return "not installed"
    return "installed" if current else "installed, of another version or place"


def _blindness(daemon: Daemon) -> str:
    """The message about a daemon that does not see the hook, or may not."""
    if daemon.sees_hook is False:
        return (
            f"warning: {daemon.name} ({daemon.pid}) has a file system of its own (a container?) "
            "and does not see this hook: its guests are not checked. Install xmlresource there."
        )
    if daemon.sees_hook is None:
        return f"whether {daemon.name} ({daemon.pid}) sees this hook can't be told; run it as root"
    return ""
