"""Install, remove and inspect libvirt's hook."""

import sys
from collections.abc import Iterator
from typing import Final

from xmlresource.health.health_facts import unseen_facts
from xmlresource.health.health_verdict import Health, HealthFinding
from xmlresource.health.judgements import judge
from xmlresource.record import record, replace
from xmlresource.system.health import kernel_facts, libvirt_facts
from xmlresource.system.libvirt import hook_files
from xmlresource.system.libvirt.hook_files import DRIVERS, Daemon
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import balance_service, timer

_REMARKABLE: Final = frozenset({Health.NOTE, Health.WARNING, Health.ERROR})


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
        balance: systemd runs the service that balances memory among guests.
        findings: What `doctor` finds about installed hooks, what denies them something, scripts
            beside them, and other installations, as far as it is not fine.
    """

    hooks: tuple[HookState, ...]
    interpreter: str
    denied: bool
    daemons: tuple[Daemon, ...]
    notified: tuple[Daemon, ...] = ()
    timer: bool = False
    balance: bool = False
    findings: tuple[HealthFinding, ...] = ()


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
        balance=balance_service.is_installed(machine),
        findings=tuple(_findings(machine, content)),
    )


def _findings(machine: Machine, content: str) -> Iterator[HealthFinding]:
    hooks = libvirt_facts.hook_facts(machine, content)
    facts = replace(
        unseen_facts("not asked for"),
        hooks=tuple(each for each in hooks if each.installed) or hooks,
        installations=libvirt_facts.installation_facts(machine),
    )
    said = {"apparmor"} if hook_files.apparmor_denies(machine, sys.executable) else set()
    if any(each.installed for each in hooks):
        interpreter = libvirt_facts.hook_interpreter(machine)
        confinement = kernel_facts.confinement_facts(machine, interpreter)
        facts = replace(facts, confinement=confinement)
    else:
        said.add("hook")
    for finding in judge(facts):
        if finding.verdict.state in _REMARKABLE and finding.name not in said:
            yield finding


def install(
    machine: Machine = Machine(),  # noqa: B008 -- immutable
    *,
    systemd: bool = False,
    balance: bool = False,
) -> HookReport:
    """Install the hook for every driver, and have the running daemons notice.

    Args:
        machine: The machine.
        systemd: Have systemd repair what has gone astray, too: now, after boot, once a minute.
        balance: Have systemd run the service that balances memory among guests.

    Raises:
        OSError: It can't be written: this takes root.
    """
    content = hook_files.script(sys.executable)
    for driver in DRIVERS:
        hook_files.install(machine, driver, content)
    is_packaged = hook_files.own_folder() == hook_files.PACKAGE
    python = None if is_packaged else sys.executable
    if systemd:
        timer.install(machine, python)
    if balance:
        balance_service.install(machine, python)
    return _notified(machine)


def uninstall(machine: Machine = Machine()) -> HookReport:  # noqa: B008 -- immutable
    """Remove the hook of every driver, the timer and the service; running daemons notice.

    Raises:
        OSError: It can't be removed: this takes root.
    """
    for driver in DRIVERS:
        hook_files.uninstall(machine, driver)
    timer.uninstall(machine)
    balance_service.uninstall(machine)
    return _notified(machine)


def _notified(machine: Machine) -> HookReport:
    report = status(machine)
    notified = tuple(
        daemon
        for daemon in report.daemons
        if daemon.sees_hook is not False and hook_files.notify(daemon)
    )
    return replace(report, notified=notified)
