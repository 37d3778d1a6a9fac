"""Judgements of libvirt, the hook that it calls, and what the hook has done so far."""

from collections.abc import Iterator

from xmlresource.health.health_facts import DaemonFacts, HealthFacts, HookFacts, TimerFacts
from xmlresource.health.health_verdict import Health, Unseen, Verdict, error, fine, note, warning
from xmlresource.printable import printable

# Folders of hooks (/etc/libvirt/hooks/qemu.d) came with libvirt 6.5.0.
_FOLDERS_SINCE = (6, 5, 0)
_LIBVIRTD = "libvirtd"
_INSTALL = "xmlresource hook install"
_MOST_NAMED = 5
_GRAVEST_FIRST = (Health.ERROR, Health.WARNING, Health.NOTE)


def libvirt(facts: HealthFacts) -> Verdict | Unseen:
    """The installed libvirt and its version."""
    found = facts.libvirt
    if isinstance(found, Unseen):
        return found
    if not found.programs:
        return error(
            "no libvirt daemon is installed",
            "there is nobody to call the hook",
            "install libvirt-daemon-system",
        )
    if isinstance(found.version, Unseen):
        return found.version
    number = ".".join(map(str, found.version))
    if found.version < _FOLDERS_SINCE:
        return error(
            f"libvirt {number}",
            "it does not look into folders of hooks: no guarantee is checked",
            "upgrade libvirt to 6.5 or later",
        )
    return fine(f"libvirt {number}")


def daemons(facts: HealthFacts) -> Verdict | Unseen:
    """The running daemons, and whether each sees the hook."""
    found = facts.libvirt
    if isinstance(found, Unseen):
        return found
    names = [daemon.name for daemon in found.running]
    blind = [daemon for daemon in found.running if daemon.sees_hook is False]
    if blind:
        return error(
            f"{_named(blind[0])} has a file system of its own and does not see the hook",
            "its guests' guarantees are not checked",
            "install xmlresource where that daemon runs (a container?)",
        )
    if len(set(names)) > 1 and _LIBVIRTD in names:
        return warning(
            f"{' and '.join(sorted(set(names)))} run at once",
            "both manage the same guests: each may call the hook, and neither knows of the other",
            "stop and mask either libvirtd or the modular daemons",
        )
    doubtful = [daemon for daemon in found.running if daemon.sees_hook is None]
    if doubtful:
        return Unseen(f"whether {_named(doubtful[0])} sees the hook; run it as root")
    if not names:
        return note("none runs", "one that is started by its socket sees the hook when it starts")
    return fine(", ".join(map(_named, found.running)))


def hook(facts: HealthFacts) -> Verdict | Unseen:
    """The hook of each driver: whether it is there, works, and is of this version."""
    if isinstance(facts.hooks, Unseen):
        return facts.hooks
    verdicts = [each for hook in facts.hooks if (each := _hook(hook)) is not None]
    if not verdicts:
        return fine("installed for " + ", ".join(each.driver for each in facts.hooks))
    return _gravest(verdicts)


def other_hooks(facts: HealthFacts) -> Verdict | Unseen:
    """The scripts of others that libvirt runs beside the hook."""
    if isinstance(facts.hooks, Unseen):
        return facts.hooks
    doubled = [path for hook in facts.hooks for path in hook.doubled]
    unusable = [path for hook in facts.hooks for path in hook.unusable_neighbours]
    others = [path for hook in facts.hooks for path in hook.neighbours]
    if doubled:
        return warning(
            f"{_list(doubled)} calls xmlresource, too",
            "each start is decided twice",
            f"remove the call there, or the hook that `{_INSTALL}` made",
        )
    if unusable:
        return warning(
            f"{_list(unusable)} is not executable",
            "libvirt does not run it, whatever it was meant for",
            "chmod 755 it, or remove it",
        )
    if others:
        return note(
            _list(others),
            "libvirt runs it beside the hook, whatever the hook answers: where either fails, the "
            "guest does not start",
        )
    return fine("none")


def hook_calls(facts: HealthFacts) -> Verdict | Unseen:
    """Whether libvirt has called the hook for the guests that run."""
    found = facts.ledger
    if isinstance(found, Unseen):
        return found
    if isinstance(found.unpromised, Unseen):
        return found.unpromised
    if found.fault is not None:
        return Unseen("the ledger can't be used (ledger)")
    if found.unpromised:
        return error(
            f"{len(found.unpromised)} running guests declare a guarantee and have no promise: "
            f"{_list([printable(name) for name in found.unpromised])}",
            "libvirt did not call the hook when they started, or they were started before it was "
            "installed: their guarantee is not reserved",
            f"`{_INSTALL}` has the daemon look for hooks again; `xmlresource apply --all` "
            "takes these guests in",
        )
    return fine(f"every running guest that declares a guarantee has its promise ({found.promises})")


def installations(facts: HealthFacts) -> Verdict | Unseen:
    """Whether the hook and the timer run what this command runs."""
    found = facts.installations
    if isinstance(found, Unseen):
        return found
    if not found.others:
        return fine(f"one, in {found.own}")
    others = "; ".join(f"{user}: {folder}" for folder, user in found.others)
    return warning(
        f"this command runs from {found.own}; {others}",
        "after an upgrade of one of them the others are still of the old version",
        f"run `{_INSTALL}` (with --systemd if there is a timer) from the one that is to stay, and "
        "remove the others",
    )


def timer(facts: HealthFacts) -> Verdict | Unseen:
    """The timer that puts back what others have reset."""
    if isinstance(facts.timer, Unseen):
        return facts.timer
    if isinstance(facts.init, Unseen):
        return facts.init
    if not facts.init.runs_systemd:
        return fine("not needed without systemd")
    return _timer(facts.timer)


def ledger(facts: HealthFacts) -> Verdict | Unseen:
    """The ledger of promises."""
    found = facts.ledger
    if isinstance(found, Unseen):
        return found
    if found.fault is not None:
        return error(
            found.fault,
            "a guest with a policy is refused, or the ledger is rebuilt at its start",
            "`xmlresource apply --all` rebuilds a damaged ledger from the running guests",
        )
    if found.corrupt:
        return warning(
            f"{_list(found.corrupt)} was set aside",
            "a ledger was damaged and has been rebuilt; somebody else may have written to it",
            "see `xmlresource history` for why, then remove the file",
        )
    return fine(f"sound, {found.promises} promises")


def configuration(facts: HealthFacts) -> Verdict | Unseen:
    """The host's settings."""
    found = facts.settings
    if isinstance(found, Unseen):
        return found
    if found.problem is not None:
        return error(found.problem, "every guest with a policy is refused", found.cure)
    return fine("the defaults" if found.path is None else found.path)


def _timer(found: TimerFacts) -> Verdict | Unseen:
    if not found.installed:
        return warning(
            "not installed",
            "where systemctl daemon-reload or another program resets a value, it stays so until "
            "the next guest starts",
            f"{_INSTALL} --systemd",
        )
    if not found.enabled or found.active is False:
        return warning(
            "installed, but " + ("stopped" if found.enabled else "not enabled"),
            "values that others have reset are not put back",
            "systemctl enable --now xmlresource-reconcile.timer",
        )
    if isinstance(found.active, Unseen):
        return found.active
    return fine("on: it repairs once a minute")


def _hook(found: HookFacts) -> Verdict | None:
    """The verdict on one driver's hook; ``None`` where nothing is wrong."""
    if not found.installed:
        return error(
            f"not installed for {found.driver} ({found.path})",
            "guarantees of its guests are neither checked nor put in force",
            _INSTALL,
        )
    if not found.executable:
        return error(
            f"{found.path} is not executable",
            "libvirt does not run it: guarantees are neither checked nor put in force",
            _INSTALL,
        )
    if found.missing is not None:
        return error(
            f"{found.path} needs {found.missing}, which is not there",
            "every guest with a policy is refused; guests without one start",
            f"{_INSTALL}, or `xmlresource hook uninstall`",
        )
    if not found.current:
        return warning(
            f"{found.path} is of another version or place",
            "what this command tells may differ from what the hook decides",
            _INSTALL,
        )
    return None


def _gravest(verdicts: list[Verdict]) -> Verdict:
    """The first of the gravest; the others show once it is cured."""
    return min(verdicts, key=lambda each: _GRAVEST_FIRST.index(each.state))


def _named(daemon: DaemonFacts) -> str:
    return f"{daemon.name} ({daemon.pid})"


def _list(names: list[str] | tuple[str, ...]) -> str:
    return ", ".join(_shown(names))


def _shown(names: list[str] | tuple[str, ...]) -> Iterator[str]:
    yield from names[:_MOST_NAMED]
    if len(names) > _MOST_NAMED:
        yield "…"
