"""KubeVirt's VirtualMachine and VirtualMachineInstance, as YAML or JSON.

``resources.requests.memory`` is guest RAM: KubeVirt adds its estimate of the overhead to the pod's
request itself. Reading YAML takes the extra ``yaml``; only nodes are made, no objects, and anchors
are refused, so that nothing multiplies.
"""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from xmlresource.errors import XmlresourceError
from xmlresource.interchange.allocation import (
    Allocation,
    Basis,
    LeftOut,
    Number,
    ResourceType,
    SourceGuest,
    SourceValue,
    Unit,
)
from xmlresource.interchange.readers.text_source import TextSource, decoded, exact_number

MOST_YAML: Final = 2**20
MOST_NODES: Final = 20_000
MOST_YAML_LEVELS: Final = 64

_KINDS: Final = frozenset({"VirtualMachine", "VirtualMachineInstance"})
_QUANTITY: Final = re.compile(
    r"([0-9.]{1,25})(?:([KMGTPE]i)|([numkMGTPE])|[eE]([0-9]{1,2}))?", re.ASCII
)
_DECIMAL: Final = {"n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY: Final = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_TOPOLOGY: Final = ("cores", "sockets", "threads")


class MissingYamlError(XmlresourceError):
    """PyYAML is not installed."""


def read_kubevirt(data: bytes, path: str) -> tuple[SourceGuest, ...]:
    """The virtual machines of a manifest.

    Raises:
        SourceError: It is no YAML (XR802), too large (XR804), or a value can't be read (XR803).
        MissingYamlError: PyYAML is not installed.
    """
    source = decoded(data, path)
    if len(data) > MOST_YAML:
        raise source.fault("XR804", f"the YAML has more than {MOST_YAML} bytes", 1)
    guests = []
    for document in _documents(source):
        root = _mapping(document)
        kind = root.get("kind")
        if kind is not None and kind.value in _KINDS:
            guests.append(_MachineReader(source, root).guest())
    if not guests:
        hint = "give the manifest of a VirtualMachine"
        raise source.fault("XR801", "the YAML has no VirtualMachine", 1, hint)
    return tuple(guests)


def _library() -> Any:
    try:
        import yaml  # noqa: PLC0415 -- an extra
    except ImportError:
        raise MissingYamlError(
            "reading KubeVirt's YAML needs PyYAML: pip install 'xmlresource[yaml]'"
        ) from None
    return yaml


def _documents(source: TextSource) -> Iterator[Any]:
    """The documents of the YAML as trees of nodes, bounded."""
    library = _library()
    try:
        loader = _bounded_loader(source, library)(source.text)
        while loader.check_node():
            yield loader.get_node()
    except library.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line + 1, len(source.lines)) if mark is not None else 1
        problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise source.fault("XR802", f"not YAML: {problem}", line) from None


def _bounded_loader(source: TextSource, library: Any) -> Any:
    """A safe loader that refuses anchors, too many nodes and too deep ones."""

    class _BoundedLoader(library.SafeLoader):  # type: ignore[misc] # a module at run time
        nodes = 0
        levels = 0

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            line = event.start_mark.line + 1
            if getattr(event, "anchor", None) is not None:
                raise source.fault("XR804", "anchors and aliases are not read", line)
            self.nodes += 1
            self.levels += 1
            if self.nodes > MOST_NODES or self.levels > MOST_YAML_LEVELS:
                what = f"more than {MOST_NODES} nodes, or deeper than {MOST_YAML_LEVELS} levels"
                raise source.fault("XR804", f"the YAML has {what}", line)
            try:
                return super().compose_node(parent, index)
            finally:
                self.levels -= 1

    return _BoundedLoader


def _mapping(node: Any) -> dict[str, Any]:
    """The nodes of a mapping by key; none where it is no mapping. Of a key twice, the last."""
    if node is None or node.id != "mapping":
        return {}
    return {str(key.value): value for key, value in node.value if key.id == "scalar"}


def _inner(node: dict[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        node = _mapping(node.get(key))
    return node


class _MachineReader:
    """The reader of one VirtualMachine."""

    def __init__(self, source: TextSource, root: dict[str, Any]) -> None:
        self._source = source
        self._root = root
        spec = _inner(root, "spec")
        self._domain = _inner(spec, "domain") or _inner(spec, "template", "spec", "domain")

    def guest(self) -> SourceGuest:
        name = _inner(self._root, "metadata").get("name")
        requests = _inner(self._domain, "resources", "requests")
        limits = _inner(self._domain, "resources", "limits")
        guest = _inner(self._domain, "memory").get("guest")
        ram = self._size("memory.guest", guest)
        request = self._size("requests.memory", requests.get("memory"))
        limit = self._size("limits.memory", limits.get("memory"))
        return SourceGuest(
            name="" if name is None else str(name.value),
            product="KubeVirt",
            path=self._source.path,
            basis=Basis.GUEST_RAM,
            memory=Allocation(
                ResourceType.MEMORY,
                quantity=ram or request or limit,
                reservation=request,
                limit=limit,
                limit_binds=True,
            ),
            processor=Allocation(
                ResourceType.PROCESSOR,
                quantity=self._vcpus(),
                reservation=self._made("requests.cpu", requests.get("cpu"), Unit.CPU),
                limit=self._made("limits.cpu", limits.get("cpu"), Unit.CPU),
            ),
            left_out=tuple(self._dedicated()),
        )

    def _vcpus(self) -> SourceValue | None:
        cpu = _inner(self._domain, "cpu")
        parts = [self._made(f"cpu.{name}", cpu.get(name), Unit.COUNT) for name in _TOPOLOGY]
        given = [one for one in parts if one is not None]
        if not given:
            return None
        count = Fraction(1)
        for one in given:
            count *= one.number or 1
        return SourceValue("cpu", f"{count} vCPUs", given[0].line, count, Unit.COUNT)

    def _dedicated(self) -> Iterator[LeftOut]:
        node = _inner(self._domain, "cpu").get("dedicatedCpuPlacement")
        if node is not None and node.value == "true":
            reason = "it pins vCPUs to CPUs of their own: <cputune><vcpupin> in libvirt"
            yield LeftOut("cpu.dedicatedCpuPlacement", "true", _line(node), reason)

    def _size(self, name: str, node: Any) -> SourceValue | None:
        return self._made(name, node, Unit.BYTE)

    def _made(self, name: str, node: Any, unit: Unit) -> SourceValue | None:
        if node is None or node.id != "scalar" or node.value in {"", "null", "~"}:
            return None
        amount = _quantity(node.value)
        if amount is None:
            cure = "write a quantity of Kubernetes, such as 4Gi or 500m"
            self._source.bad_value(name, node.value, _line(node), cure)
        return SourceValue(name, node.value, _line(node), amount, unit)


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _quantity(text: str) -> Number | None:
    """A quantity of Kubernetes: a number with a suffix of tens, of 1024s, or an exponent."""
    found = _QUANTITY.fullmatch(text.strip())
    number = None if found is None else exact_number(found[1])
    if found is None or number is None:
        return None
    if found[2]:
        return number * Fraction(2) ** _BINARY[found[2]]
    power = _DECIMAL[found[3]] if found[3] else int(found[4] or 0)
    return number * Fraction(10) ** power
