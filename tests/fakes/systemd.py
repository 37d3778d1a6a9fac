"""A host under systemd: units whose properties are kernel files, set over a fake bus."""

from pathlib import Path

from jeepney import HeaderFields, Message, new_method_return

from tests.fakes.bus import FakeBus
from tests.fakes.host import FakeHost
from xmlresource.system.systemd.unit_properties import CONTROL, DROP_INS

LIBVIRTD = 77
SLICE = "/sys/fs/cgroup/machine.slice"
FRAGMENT = "/usr/lib/systemd/system/machine.slice"
FILES = {
    "MemoryMin": "memory.min",
    "MemoryLow": "memory.low",
    "CPUWeight": "cpu.weight",
    "IOWeight": "io.weight",
}

__all__ = ["CONTROL", "LIBVIRTD", "SLICE", "Systemd"]


class Systemd(FakeHost):
    """v2 with a systemd that does as it is told, and leaves the file that it leaves."""

    def __init__(self, bus: FakeBus, cpus: int = 0) -> None:
        super().__init__(bus.root, version=2, cpus=cpus)
        self.process(LIBVIRTD)
        self.write("/run/systemd/system/.keep", "")
        self.group("/machine.slice")
        self.bus = bus
        bus.answer = self.set

    def set(self, message: Message) -> Message:
        if message.header.fields[HeaderFields.member] == "Get":
            return told(self.root, message)
        unit, _, ((name, (_, value)),) = message.body
        folder = SLICE if unit == "machine.slice" else f"{SLICE}/{unit}"
        file = FILES[name]
        text = "max" if value == 2**64 - 1 else str(value)
        self.write(f"{folder}/{file}", f"default {text}\n" if file == "io.weight" else f"{text}\n")
        self.write(f"{CONTROL}/{unit}.d/50-{name}.conf", f"[Unit]\n{name}={value}\n")
        return new_method_return(message)

    def run(self, name: str, pid: int, definition: bytes, driver: str = "qemu") -> str:
        folder = super().run(name, pid, definition, driver)
        scope = f"/machine.slice/machine-qemu\\x2d{pid}\\x2d{name}.scope"
        self.group(scope)
        folder = self.group(f"{scope}/libvirt")
        self.process(pid, cgroup=f"{scope}/libvirt/emulator")
        return folder

    def exists(self, path: str) -> bool:
        return (self.root / path.lstrip("/")).exists()


def told(root: Path, message: Message) -> Message:
    """FragmentPath and DropInPaths of machine.slice, which alone is asked about."""
    assert message.header.fields[HeaderFields.path].endswith("/unit/machine_2eslice")
    if message.body[1] == "FragmentPath":
        return new_method_return(message, "v", (("s", FRAGMENT),))
    names = {
        file.name: f"/{file.relative_to(root)}"
        for folder in (DROP_INS, "/etc/systemd/system", CONTROL)
        for file in (root / folder[1:]).glob("machine.slice.d/*.conf")
    }
    paths = [names[name] for name in sorted(names)]
    return new_method_return(message, "v", (("as", paths),))
