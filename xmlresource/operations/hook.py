"""Install, remove and inspect libvirt's hook."""

import sys

from xmlresource.record import record, replace
from xmlresource.system import hook_files, timer
from xmlresource.system.hook_files import DRIVERS, Daemon
from xmlresource.system.machine import Machine


@record
class HookState:
    """The hook of one driver.

    Attributes:
        driver: ``qemu`` or ``lxc``.
        path: Where it belongs.
        installed: Whether there is one.
        current: Whether it is the one that this installation would install.
    """

    driver: str
    path: str
    installed: bool
    current: bool


@record
class HookReport:
    """The hooks of a host.

    Attributes:
        hooks: One per driver.
        interpreter: The Python that they run.
        denied: AppArmor would keep libvirt from running it.
        notified: The daemons that were told to look for hooks again.
        daemons: All libvirt daemons that run.
        timer: systemd repairs once a minute what has gone astray.
    """

    hooks: tuple[HookState, ...]
    interpreter: str
    denied: bool
    daemons: tuple[Daemon, ...]
    notified: tuple[Daemon, ...] = ()
    timer: bool = False


def status(machine: Machine = Machine()) -> HookReport:  # noqa: B008 -- immutable
    """The hooks as they are.

    Raises:
        OSError: They can't be read.
    """
    content = hook_files.script(sys.executable)
    hooks = []
    for driver in DRIVERS:
        there = hook_files.installed_script(machine, driver)
        path = hook_files.path_of(driver)
        hooks.append(HookState(driver, path, there is not None, there == content))
    return HookReport(
        hooks=tuple(hooks),
        interpreter=sys.executable,
        denied=hook_files.apparmor_denies(machine, sys.executable),
        daemons=tuple(hook_files.daemons(machine)),
        timer=timer.is_installed(machine),
    )


def install(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    systemd: bool = False,
) -> HookReport:
    """Install the hook for every driver, and have the running daemons notice.

    Args:
        machine: The machine.
        systemd: Have systemd repair what has gone astray, too: now, after boot, once a minute.

    Raises:
        OSError: It can't be written: this takes root.
    """
    content = hook_files.script(sys.executable)
    for driver in DRIVERS:
        hook_files.install(machine, driver, content)
    if systemd:
        timer.install(machine, sys.executable)
    return _notified(machine)


def uninstall(machine: Machine = Machine()) -> HookReport:  # noqa: B008 -- immutable
    """Remove the hook of every driver and the timer, and have the running daemons notice.

    Raises:
        OSError: It can't be removed: this takes root.
    """
    for driver in DRIVERS:
        hook_files.uninstall(machine, driver)
    timer.uninstall(machine)
    return _notified(machine)


def _notified(machine: Machine) -> HookReport:
    report = status(machine)
    notified = tuple(daemon for daemon in report.daemons if hook_files.notify(daemon))
    return replace(report, notified=notified)
