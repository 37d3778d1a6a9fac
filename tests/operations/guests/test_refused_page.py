"""docs/refused.md shows the first line of every kind of refusal, as the program writes it."""

import errno
import fcntl
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.fakes.host import GIB, FakeHost, cpu_guarantee, domain, guarantee, hard_limit
from xmlresource.admission.reckoning import Rule
from xmlresource.errors import ExitStatus
from xmlresource.operations.guest import RefusalError
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system.libvirt import guests
from xmlresource.system.machine import Machine

PAGE: Final = Path(__file__).parents[3] / "docs" / "refused.md"
HOOK: Final = Path(__file__).parents[3] / "xmlresource/system/libvirt-hook.sh"
_BLOCK: Final = re.compile(r"<!-- refusal: (.+?) -->\n```text\n(.*?)```\n", re.DOTALL)


def first_line(answered: tuple[int, str], host: FakeHost) -> str:
    """The first line as on a host whose files lie below ``/``: a longer path would cut more off."""
    status, text = answered
    first, _, rest = text.rstrip("\n").partition("\n")
    if first.endswith("…"):  # below it stands the whole of it
        first = rest.partition("\n")[0]
    whole = first.replace(str(host.root), "")
    return str(RefusalError(ExitStatus(status), whole)).partition("\n")[0]


class Scene:
    """A host on which one guest is refused."""

    def __init__(self, folder: Path) -> None:
        self.host = FakeHost(folder, version=2, cpus=4)

    def start(self, xml: bytes, name: str = "web1", operation: str = "prepare") -> str:
        """The first line that libvirt shows of a start."""
        return first_line(answer(name, operation, xml, None, self.host.machine), self.host)

    def promised(self, *guests: bytes) -> None:
        """Give promises to others."""
        for number, xml in enumerate(guests):
            assert self.start(xml, f"db{number + 1}") == ""

    def settings(self, text: str) -> None:
        self.host.write("/etc/xmlresource.toml", text)


def db(number: int, mib: int, **more: str) -> bytes:
    return domain(f"db{number}", number + 10, guarantee(mib), ram=mib, **more)


def web(mib: int = 4096, **more: str) -> bytes:
    return domain("web1", 1, guarantee(mib), ram=mib, **more)


def cpus(number: str, more: str = "<vcpu>4</vcpu>", policy: str = "") -> bytes:
    return domain("web1", 1, "", cpu=policy or cpu_guarantee(number), more=more)


def commitment(scene: Scene) -> str:
    scene.promised(db(1, 4096), db(2, 1024))
    return scene.start(web())


def physical(scene: Scene) -> str:
    scene.host.memory(8 * GIB, 3 * GIB)
    scene.promised(db(1, 1024))
    return scene.start(web(2560))


def ancestors(scene: Scene) -> str:
    scene.host.write("/sys/fs/cgroup/machine/memory.max", f"{2 * GIB}\n")
    return scene.start(web())


def partitions(scene: Scene) -> str:
    scene.settings('[partitions]\n"/machine/prod" = "5GiB"\n')
    inside = "<resource><partition>/machine/prod</partition></resource>"
    scene.host.group("/machine/prod.partition")
    scene.promised(db(1, 2048, more=inside))
    return scene.start(web(more=inside))


def nodes(scene: Scene) -> str:
    for number in (0, 1):
        size = 4 * GIB >> 10
        lines = [f"Node {number} {name}: {size} kB\n" for name in ("MemTotal", "MemFree")]
        scene.host.write(f"/sys/devices/system/node/node{number}/meminfo", "".join(lines))
    return scene.start(web(more="<numatune><memory mode='strict' nodeset='1'/></numatune>"))


def hugepages(scene: Scene) -> str:
    for name, count in (("nr", 512), ("free", 512), ("resv", 0)):
        folder = "/sys/kernel/mm/hugepages/hugepages-2048kB"
        scene.host.write(f"{folder}/{name}_hugepages", f"{count}\n")
    backing = "<memoryBacking><hugepages><page size='2048'/></hugepages></memoryBacking>"
    return scene.start(domain("web1", 1, guarantee(256), ram=2048, more=backing))


def pinned(scene: Scene) -> str:
    device = "<devices><hostdev mode='subsystem' type='pci'/></devices>"
    return scene.start(domain("web1", 1, guarantee(1024), ram=9000, more=device))


def priority(scene: Scene) -> str:
    scene.settings("boot_priority = true\n")
    first = db(1, 5120).replace(b"<xr:memory>", b"<xr:memory priority='10'>")
    scene.host.write("/etc/libvirt/qemu/db1.xml", first.decode())
    folder = scene.host.root / "etc/libvirt/qemu/autostart"
    folder.mkdir()
    (folder / "db1.xml").symlink_to(scene.host.root / "etc/libvirt/qemu/db1.xml")
    return scene.start(web())


def cpu_commitment(scene: Scene) -> str:
    scene.promised(domain("db1", 11, "", cpu=cpu_guarantee("2"), more="<vcpu>4</vcpu>"))
    return scene.start(cpus("2"))


def vcpus(scene: Scene) -> str:
    pins = "".join(f"<vcpupin vcpu='{each}' cpuset='0'/>" for each in (0, 1))
    return scene.start(cpus("2.5", f"<vcpu>3</vcpu><cputune>{pins}</cputune>"))


def cpu_hard_limit(scene: Scene) -> str:
    policy = "<xr:cpuHardLimit>1.5</xr:cpuHardLimit><xr:cpuPercentage>50</xr:cpuPercentage>"
    return scene.start(cpus("", policy=policy))


def bound_cpus(scene: Scene) -> str:
    bound = "<vcpu cpuset='0-1'>2</vcpu>"
    scene.promised(domain("db1", 11, "", cpu=cpu_guarantee("1"), more=bound))
    return scene.start(cpus("1.5", bound))


def weights(scene: Scene) -> str:
    for number in range(30):
        name, pid = f"n{number}", 200 + number
        scene.host.run(name, pid, domain(name, 50 + number, ""))
        group = f"/sys/fs/cgroup/machine/qemu-{pid}-{name}.libvirt-qemu"
        scene.host.write(f"{group}/cpu.weight", "10000\n")
    return scene.start(cpus("1"))


def no_cpu_controller(scene: Scene) -> str:
    scene.host.write("/sys/fs/cgroup/cgroup.controllers", "memory\n")
    return scene.start(cpus("1"))


def fault(scene: Scene) -> str:
    return scene.start(domain("web1", 1, guarantee(2048) + hard_limit(1024)))


def equal_on_v2(scene: Scene) -> str:
    return scene.start(domain("web1", 1, guarantee(1024) + hard_limit(1024)))


def settings(scene: Scene) -> str:
    scene.settings('host_reserv = "4GiB"\n')
    return scene.start(web(64))


def state_folder(scene: Scene) -> str:
    scene.promised(db(1, 64))
    (scene.host.root / "run/xmlresource").chmod(0o755)
    return scene.start(web(64))


def lock(scene: Scene) -> str:
    scene.promised(db(1, 64))
    scene.settings("lock_timeout = 0.1\n")
    with (scene.host.root / "run/xmlresource/lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        return scene.start(web(64))


class BusyMachine(Machine):
    """A machine whose kernel (v1) can't reclaim enough for a limit."""

    def write_value(self, path: str, value: str) -> None:
        if path.endswith("/memory.limit_in_bytes"):
            raise OSError(errno.EBUSY, "Device or resource busy")
        super().write_value(path, value)


def failed_write(scene: Scene) -> str:
    xml = domain("web1", 1, hard_limit(128))
    (scene.host.root / "v1").mkdir()
    host = FakeHost(scene.host.root / "v1", version=1)
    host.run("web1", 101, xml)
    answered = answer("web1", "started", xml, None, BusyMachine(str(host.root)))
    return first_line(answered, host)


def no_cgroup(scene: Scene) -> str:
    xml = web(64)
    scene.promised(xml)
    scene.host.run("web1", 101, xml)
    scene.host.process(101, cgroup="/system.slice/libvirtd.service")
    return scene.start(xml, operation="started")


def not_run(_scene: Scene) -> str:
    found = re.search(r'echo "(xmlresource: .*?)" \\\n +"(.*?)"', HOOK.read_text(), re.DOTALL)
    assert found is not None
    return f"{found[1]} {found[2]}".replace("$0", "/etc/libvirt/hooks/qemu.d/50-xmlresource")


SCENES: dict[str, Callable[[Scene], str]] = {
    "commitment": commitment,
    "physical": physical,
    "ancestors": ancestors,
    "partitions": partitions,
    "nodes": nodes,
    "hugepages": hugepages,
    "pinned": pinned,
    "priority": priority,
    "CPU commitment": cpu_commitment,
    "vcpus": vcpus,
    "hard limit": cpu_hard_limit,
    "cpus": bound_cpus,
    "weights": weights,
    "no cpu controller": no_cpu_controller,
    "a fault": fault,
    "a limit like the guarantee": equal_on_v2,
    "settings": settings,
    "state folder": state_folder,
    "lock": lock,
    "a failed write": failed_write,
    "no cgroup": no_cgroup,
    "not run": not_run,
}


@pytest.mark.parametrize("name", SCENES)
def test_the_page_shows_what_the_program_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guests, "seconds_since_boot", lambda: 60)
    said = SCENES[name](Scene(tmp_path))
    for word in ("user", "chown"):  # hooks run as root
        said = said.replace(f"{word} {os.getuid()} ", f"{word} 0 ")
    assert said.startswith("xmlresource: ")
    page = PAGE.read_text()
    if os.environ.get("XMLRESOURCE_WRITE_DOCS"):
        made = f"<!-- refusal: {name} -->\n```text\n{said}\n```\n"
        page = _BLOCK.sub(lambda block: made if block[1] == name else block[0], page)
        PAGE.write_text(page)
    shown = {block[1]: block[2] for block in _BLOCK.finditer(page)}
    assert shown.get(name) == f"{said}\n", "run this file with XMLRESOURCE_WRITE_DOCS=1"


def test_the_page_shows_nothing_else() -> None:
    found = [block[1] for block in _BLOCK.finditer(PAGE.read_text())]
    assert sorted(found) == sorted(SCENES)


@pytest.mark.parametrize("rule", Rule, ids=lambda rule: rule.value)
def test_every_rule_of_admission_has_its_section(rule: Rule) -> None:
    assert rule.value in SCENES
    assert f"`{rule.value}`" in PAGE.read_text()
