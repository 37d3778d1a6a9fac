"""KubeVirt's resources of a guest, as a manifest that is also a merge patch.

``kubectl patch vm web --type merge --patch-file web.yaml`` applies it. KubeVirt adds its estimate
of the overhead to request and limit itself, so both are guest RAM.
"""

from typing import Final

from xmlresource.interchange.writers.exported import Exported, ram_figures
from xmlresource.interchange.writers.processor_words import Words, processor_values
from xmlresource.model.cpu import CpuPolicy
from xmlresource.model.domain import Domain
from xmlresource.model.io import IoPolicy
from xmlresource.model.policy import MemoryPolicy
from xmlresource.units import KIB, Amount

_WORDS: Final[Words] = {
    "cpu_hard_limit": lambda amount: f"limits.cpu {amount}m",
    "cpu_min_guarantee": lambda amount: f"requests.cpu {amount}m",
}
_REASONS: Final = {"cpu_share": "KubeVirt makes the share of the request"}
_NO_CPU: Final = CpuPolicy()
_NO_IO: Final = IoPolicy()


def write_resources_block(
    policy: MemoryPolicy, domain: Domain, cpu: CpuPolicy = _NO_CPU, io: IoPolicy = _NO_IO
) -> Exported:
    """The resources of a guest."""
    figures = ram_figures(policy, domain, ("requests.memory", "limits.memory"), 1, limit_binds=True)
    lines = [
        "apiVersion: kubevirt.io/v1",
        "kind: VirtualMachine",
        "metadata:",
        f"  name: {_quoted(domain.name)}",
        "spec:",
        "  template:",
        "    spec:",
        "      domain:",
        "        memory:",
        f"          guest: {_quantity(figures.ram)}",
    ]
    requests = _amounts(figures.reservation, cpu.min_guarantee)
    limits = _amounts(figures.limit, cpu.hard_limit)
    lines += ["        resources:"] if requests or limits else []
    lines += ["          requests:", *requests] if requests else []
    lines += ["          limits:", *limits] if limits else []
    values = (*figures.values, *processor_values(cpu, io, _WORDS, _REASONS))
    return Exported("".join(f"{line}\n" for line in lines), values)


def _amounts(memory: int | None, cpus: Amount | None) -> list[str]:
    """The lines of a request or a limit."""
    lines = [] if memory is None else [f"            memory: {_quantity(memory)}"]
    return [*lines, f"            cpu: {cpus}m"] if isinstance(cpus, int) else lines


def _quoted(text: str) -> str:
    """The text as YAML in double quotes, with what is not ASCII as escapes.

    So is ``#``: runners of CI obey a line with two of them.
    """
    characters = (f"\\{one}" if one in {'"', "\\"} else one for one in text)
    return '"' + "".join(map(_escaped, characters)) + '"'


def _escaped(piece: str) -> str:
    return piece if " " <= piece[0] <= "~" and piece != "#" else f"\\U{ord(piece):08X}"


def _quantity(size: int) -> str:
    """The shortest exact quantity of Kubernetes."""
    for power, suffix in ((3, "Gi"), (2, "Mi"), (1, "Ki")):
        number, rest = divmod(size, KIB**power)
        if number and not rest:
            return f"{number}{suffix}"
    return str(size)
