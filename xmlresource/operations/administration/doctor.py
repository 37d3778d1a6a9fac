"""Whether the host is able to keep the guarantees that it gives."""

import sys
from collections.abc import Callable
from typing import Final, TypeVar

from xmlresource.admission.reserve import host_reserve
from xmlresource.configuration.host_settings import PATH, ConfigurationError, parse_configuration
from xmlresource.health.health_facts import HealthFacts, LedgerFacts, MemoryFacts, SettingsFacts
from xmlresource.health.health_verdict import Health, HealthFinding, Unseen
from xmlresource.health.judgements import judge
from xmlresource.operations.host import state_of
from xmlresource.operations.promises.ledger_sight import running_promises
from xmlresource.operations.promises.ledger_upkeep import standing_promises
from xmlresource.promises.ledger import Ledger
from xmlresource.promises.terms import WHOLE
from xmlresource.record import record
from xmlresource.system.cgroups.places import PAGE_SIZE
from xmlresource.system.configuration.host_settings import read_text
from xmlresource.system.health import kernel_facts, libvirt_facts
from xmlresource.system.host_facts import HostError, read_host
from xmlresource.system.libvirt import guests, hook_files
from xmlresource.system.machine import Machine
from xmlresource.system.state.state_folder import CORRUPT, FOLDER, StateError

_Fact = TypeVar("_Fact")
_CORRUPT: Final = CORRUPT.partition("{")[0]


@record
class Diagnosis:
    """What was found on a host, one finding a thing, in the order of the report."""

    findings: tuple[HealthFinding, ...]

    def count(self, state: Health) -> int:
        """The number of things in that state."""
        return sum(each.verdict.state is state for each in self.findings)


def doctor(machine: Machine = Machine()) -> Diagnosis:  # noqa: B008 -- immutable
    """Judge all that guarantees stand on. Nothing is written, and libvirt is not called.

    A fact that this user can't read becomes a finding of its own; none keeps the others from being
    told.
    """
    return Diagnosis(judge(_facts(machine)))


def _facts(machine: Machine) -> HealthFacts:
    return HealthFacts(
        controller=_seen(lambda: kernel_facts.controller_facts(machine)),
        init=_seen(lambda: kernel_facts.init_facts(machine)),
        confinement=_seen(
            lambda: kernel_facts.confinement_facts(machine, libvirt_facts.hook_interpreter(machine))
        ),
        has_pressure=_seen(lambda: kernel_facts.has_pressure(machine)),
        swap=_seen(lambda: kernel_facts.swap_facts(machine)),
        merging=_seen(lambda: kernel_facts.merging_facts(machine)),
        arc=_seen(lambda: kernel_facts.arc_facts(machine)),
        memory=_seen(lambda: _memory(machine)),
        libvirt=_seen(lambda: libvirt_facts.libvirt_facts(machine)),
        hooks=_seen(
            lambda: libvirt_facts.hook_facts(machine, hook_files.script(sys.executable)),
        ),
        installations=_seen(lambda: libvirt_facts.installation_facts(machine)),
        timer=_seen(lambda: libvirt_facts.timer_facts(machine)),
        ledger=_seen(lambda: _ledger(machine)),
        settings=_seen(lambda: _settings(machine)),
    )


def _seen(read: Callable[[], _Fact]) -> _Fact | Unseen:
    """A fact, or why it could not be read."""
    try:
        return read()
    except HostError as error:
        return Unseen(str(error))
    except OSError as error:
        return Unseen(_reason(error))


def _reason(error: OSError) -> str:
    what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    return f"{what}; run it as root" if isinstance(error, PermissionError) else what


def _memory(machine: Machine) -> MemoryFacts:
    memory = read_host(machine, pools=True, page_size=PAGE_SIZE).memory
    try:
        setting = parse_configuration(read_text(machine) or "").host_reserve
        reserve: int | Unseen = host_reserve(memory.total, setting)
    except ConfigurationError:
        reserve = Unseen("the settings can't be used (configuration)")
    return MemoryFacts(
        total=memory.total,
        available=memory.available,
        reserve=reserve,
        in_pools=memory.hugepage_bytes,
        free_in_pools=sum(pool.free_bytes for pool in memory.pools),
    )


def _settings(machine: Machine) -> SettingsFacts:
    try:
        text = read_text(machine)
        found = parse_configuration(text or "")
    except ConfigurationError as error:
        if isinstance(error.__cause__, PermissionError):
            raise error.__cause__ from error
        place = error.path if error.line is None else f"{error.path}:{error.line}"
        return SettingsFacts(f"{place}: {error.problem}", error.cure)
    return SettingsFacts(
        overcommits=found.commit_ratio > WHOLE, path=None if text is None else PATH
    )


def _ledger(machine: Machine) -> LedgerFacts:
    """The ledger, as far as it can be read without its lock.

    Raises:
        OSError: This user may not read it.
    """
    try:
        ledger = state_of(machine).snapshot(guests.boot_id(machine))
        standing = standing_promises(machine, ledger)
    except StateError as error:
        if isinstance(error.__cause__, PermissionError):
            raise error.__cause__ from error
        return LedgerFacts(str(error))
    return LedgerFacts(
        fault=None,
        promises=len(standing),
        corrupt=tuple(
            f"{FOLDER}/{name}" for name in machine.names_in(FOLDER) if name.startswith(_CORRUPT)
        ),
        unpromised=_seen(lambda: _unpromised(machine, ledger)),
    )


def _unpromised(machine: Machine, ledger: Ledger) -> tuple[str, ...]:
    """The names of running guests that declare a guarantee and have no promise."""
    running, _ = running_promises(machine)
    return tuple(each.name for each in running if ledger.get(each.key) is None)
