"""The hooks of a host, for people."""

from xmlresource.operations.hook import HookReport


def as_text(report: HookReport) -> str:
    """A line a hook, then what stands in its way and who has been told."""
    lines = [f"{hook.driver}: {_state(hook.installed, hook.current)}" for hook in report.hooks]
    lines = [f"{line:<40} {hook.path}" for line, hook in zip(lines, report.hooks, strict=True)]
    lines.append(f"interpreter: {report.interpreter}")
    if report.timer:
        lines.append("timer: installed; systemd repairs once a minute what has gone astray")
    if report.denied:
        lines.append(
            "warning: AppArmor's profile of libvirtd lets it run only what is in /usr/bin, and "
            "this interpreter is not: every guest with a policy would be refused. Install into a "
            "virtual environment made by /usr/bin/python3."
        )
    lines.extend(f"told {daemon.name} ({daemon.pid}) to look" for daemon in report.notified)
    if not report.daemons:
        lines.append("no libvirt daemon runs; it will see this when it starts")
    return "\n".join(lines) + "\n"


def _state(installed: bool, current: bool) -> str:  # noqa: FBT001 -- two facts, named at the call
    if not installed:
        return "not installed"
    return "installed" if current else "installed, of another version or place"
