"""A domain as a QEMU command line, shaped as libvirt shapes it, and the helpers it needs."""

from dataclasses import dataclass, field
from pathlib import Path

from xmlresource.model.domain import Device, Domain
from xmlresource.overhead.subjects import MIB, device_size, subjects_of

BINARY = "/usr/bin/qemu-system-x86_64"
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"
FUNCTIONS = 8  # of a slot


@dataclass(slots=True)
class Place:
    """Where things lie while one guest is measured."""

    folder: Path  # its own
    images: Path  # the disks, shared by all, read-only


@dataclass(slots=True)
class Line:
    """What is built up while the devices are walked."""

    domain: Domain
    place: Place
    arguments: list[str] = field(default_factory=list)
    helpers: list[list[str]] = field(default_factory=list)
    sockets: list[Path] = field(default_factory=list)
    ports: int = 0
    legacy: int = 0

    @property
    def is_pcie(self) -> bool:
        """Whether the machine has PCIe."""
        return (self.domain.machine or "").startswith(("q35", "pc-q35"))

    def add(self, *arguments: str) -> None:
        """Append arguments."""
        self.arguments += arguments

    def pci(self, device: str) -> None:
        """A device on PCI: behind a root port of its own on q35."""
        if not self.is_pcie:
            self.add("-device", device)
            return
        number, slot, function = self.ports, 2 + self.ports // FUNCTIONS, self.ports % FUNCTIONS
        more = ",multifunction=on" if function == 0 else ""
        self.add(
            "-device",
            f"pcie-root-port,id=rp{number},port={number},chassis={number + 1},bus=pcie.0"
            f",addr={slot:#x}.{function}{more}",
        )
        self.add("-device", f"{device},bus=rp{number}")
        self.ports += 1

    def old_pci(self, device: str) -> None:
        """A device on conventional PCI: behind a bridge on q35."""
        if not self.is_pcie:
            self.add("-device", device)
            return
        if not self.legacy:
            self.pci("pcie-pci-bridge,id=old")
        self.legacy += 1
        self.add("-device", f"{device},bus=old,addr={self.legacy:#x}")


def command_line(
    domain: Domain, place: Place, kernel: Path | None, initramfs: Path | None
) -> tuple[list[str], list[list[str]], list[Path]]:
    """The emulator's arguments, the helpers to start before it, and the sockets they make."""
    line = Line(domain, place)
    _base(line)
    controllers = [device for device in domain.devices if device.kind == "controller"]
    implied = [
        Device("controller", dict(subject.facts))
        for subject in subjects_of(domain)
        if subject.kind == "controller"
        and subject.facts.get("implied")
        and subject.facts["type"] != "pci"  # ports come with their devices
    ]
    for number, device in enumerate([*controllers, *implied]):
        _controller(line, number, device)
    for number, device in enumerate(domain.devices):
        builder = BUILDERS.get(device.kind)
        if builder is not None:
            builder(line, number, device)
    if not any(device.kind == "memballoon" for device in domain.devices):
        line.pci("virtio-balloon-pci,id=balloon0")
    if kernel is not None:
        line.add("-kernel", str(kernel), "-initrd", str(initramfs))
        line.add("-append", "console=ttyS0 quiet panic=-1")
    return [BINARY, *line.arguments], line.helpers, line.sockets


def _base(line: Line) -> None:
    domain, folder = line.domain, line.place.folder
    machine = f"{domain.machine or 'pc'},usb=off,dump-guest-core=off,memory-backend=ram0"
    if domain.firmware in {"efi", "pflash"}:
        machine += ",pflash0=fw0,pflash1=fw1"
        code, variables = "/usr/share/OVMF/OVMF_CODE_4M.fd", folder / "vars.fd"
        variables.write_bytes(Path("/usr/share/OVMF/OVMF_VARS_4M.fd").read_bytes())
        for name, path, mode in (("fw0", code, "on"), ("fw1", variables, "off")):
            line.add(
                "-blockdev", f"driver=file,filename={path},node-name={name}f,auto-read-only=on"
            )
            line.add("-blockdev", f"node-name={name},read-only={mode},driver=raw,file={name}f")
    accelerator = "kvm" if domain.type == "kvm" else "tcg"
    if accelerator == "tcg" and domain.tb_cache:
        accelerator += f",tb-size={domain.tb_cache // MIB}"
    ram = (domain.memory or 0) - sum(device_size(device) for device in domain.devices)
    memory = f"{ram // MIB}M"
    if domain.max_memory:
        memory += f",slots={domain.max_memory_slots},maxmem={domain.max_memory // MIB}M"
    shared = domain.backing.shared or domain.backing.source == "memfd"
    kind = "memory-backend-memfd,share=on" if shared else "memory-backend-ram"
    line.add("-name", "guest=calibrate,debug-threads=on", "-S", "-machine", machine)
    line.add("-accel", accelerator, "-m", memory)
    line.add("-object", f"{kind},id=ram0,size={ram},prealloc=on")
    line.add("-overcommit", "mem-lock=off", "-smp", f"{domain.vcpus},sockets={domain.vcpus}")
    for number in range(domain.iothreads):
        line.add("-object", f"iothread,id=iothread{number + 1}")
    line.add("-no-user-config", "-nodefaults", "-display", "none", "-no-reboot")
    line.add("-chardev", f"socket,id=mon,path={folder}/qmp,server=on,wait=off")
    line.add("-mon", "chardev=mon,id=monitor,mode=control", "-rtc", "base=utc")
    if accelerator.startswith("tcg"):
        line.add("-cpu", "Nehalem")
    if domain.max_memory:
        line.add("-numa", f"node,nodeid=0,cpus=0-{domain.vcpus - 1},memdev=ram0")
        at = line.arguments.index("-machine") + 1
        line.arguments[at] = line.arguments[at].replace(",memory-backend=ram0", "")


def _controller(line: Line, number: int, device: Device) -> None:
    given = device.attributes
    kind, model = given.get("type"), given.get("model", "")
    if kind == "usb":
        _usb_controller(line, model)
    elif kind == "virtio-serial":
        line.pci("virtio-serial-pci,id=serial-bus")
    elif kind == "scsi":
        queues = given.get("driver/@queues")
        more = f",num_queues={queues}" if queues else ""
        names = {"lsilogic": "lsi", "lsisas1068": "mptsas1068", "vmpvscsi": "pvscsi"}
        if model in names:
            line.old_pci(f"{names[model]},id=scsi{number}")
        else:
            line.pci(f"virtio-scsi-pci,id=scsi{number}{more}")
    elif kind == "pci" and model == "pcie-root-port":
        line.ports += 1
        line.add("-device", f"pcie-root-port,id=x{number},chassis={100 + number},port={number}")


def _usb_controller(line: Line, model: str) -> None:
    if model in {"qemu-xhci", "nec-xhci"}:
        line.pci(f"{model.replace('nec', 'nec-usb')},id=usb")
    elif model == "ich9-ehci1":
        line.add("-device", "ich9-usb-ehci1,id=usb,multifunction=on,addr=0x1d.7")
        for place in (1, 2, 3):
            line.add(
                "-device",
                f"ich9-usb-uhci{place},masterbus=usb.0,firstport={2 * place - 2}"
                f",multifunction=on,addr=0x1d.{place - 1}",
            )
    elif model != "none":
        line.old_pci("piix3-usb-uhci,id=usb")


def _disk(line: Line, number: int, device: Device) -> None:
    given = device.attributes
    layer_format = given.get("driver/@type", "raw")
    bus = given["target/@bus"]
    image = line.place.images / f"{number % 16}.{layer_format}"
    direct = "on" if given.get("driver/@cache") == "none" else "off"
    line.add(
        "-blockdev",
        f"driver=file,filename={image},node-name=d{number}f,auto-read-only=on,discard=unmap"
        f",cache.direct={direct},locking=off",
    )
    line.add(
        "-blockdev",
        f"node-name=d{number},read-only=on,cache.direct={direct},cache.no-flush=off"
        f",driver={layer_format},file=d{number}f",
    )
    thread = given.get("driver/@iothread")
    queues = given.get("driver/@queues")
    if bus == "virtio":
        more = (f",iothread=iothread{thread}" if thread else "") + (
            f",num-queues={queues}" if queues else ""
        )
        line.pci(f"virtio-blk-pci,drive=d{number},id=disk{number}{more},write-cache=on")
    elif bus == "scsi":
        line.add("-device", f"scsi-hd,drive=d{number},id=disk{number},channel=0,lun={number}")
    elif bus in {"sata", "ide"}:
        before = sum(
            1
            for other in line.domain.devices[:number]
            if other.attributes.get("target/@bus") in {"sata", "ide"}
        )
        where = f"ide.{before}" if line.is_pcie else f"ide.{before // 2},unit={before % 2}"
        line.add("-device", f"ide-cd,drive=d{number},bus={where},id=disk{number}")
    elif bus == "usb":
        line.add("-device", f"usb-storage,drive=d{number},id=disk{number},bus=usb.0")


def _interface(line: Line, number: int, device: Device) -> None:
    given = device.attributes
    model = given.get("model/@type", "rtl8139")
    queues = int(given.get("driver/@queues", "1"))
    mac = f"mac=52:54:00:00:{number // 256:02x}:{number % 256:02x}"
    more = ""
    if given["type"] == "user":
        line.add("-netdev", f"user,id=n{number},net=10.0.{2 + number}.0/24")
    else:
        name = f"xr{line.place.folder.name[-6:]}{number}"
        text = f"tap,id=n{number},ifname={name},script=no,downscript=no"
        if queues > 1:
            text += f",queues={queues}"
            more = f",mq=on,vectors={2 * queues + 2}"
        line.add("-netdev", text)
    full = f"netdev=n{number},id=net{number},{mac}{more}"
    if model == "virtio":
        line.pci(f"virtio-net-pci,{full}")
    elif model in {"e1000e", "vmxnet3"}:
        line.pci(f"{model},{full}")
    else:
        line.old_pci(f"{model},{full}")


def _video(line: Line, number: int, device: Device) -> None:
    given = device.attributes
    model = given["model/@type"]
    heads = given.get("model/@heads", "1")
    vgamem = int(given.get("model/@vgamem", 16384)) // 1024
    first = not any(other.kind == "video" for other in line.domain.devices[:number])
    at = ",bus=pcie.0,addr=0x1" if line.is_pcie else ""
    if model == "qxl":
        ram = int(given.get("model/@ram", 65536)) * 1024
        vram = int(given.get("model/@vram", 65536)) * 1024
        kind = "qxl-vga" if first else "qxl"
        line.add(
            "-device",
            f"{kind},id=video{number},max_outputs={heads},ram_size={ram},vram_size={vram}"
            f",vram64_size_mb=0,vgamem_mb={vgamem}{at if first else ''}",
        )
    elif model == "virtio":
        kind = "virtio-vga" if first else "virtio-gpu-pci"
        line.add("-device", f"{kind},id=video{number},max_outputs={heads}{at if first else ''}")
    elif model == "bochs":
        line.add("-device", f"bochs-display,id=video{number},vgamem={vgamem}M{at}")
    elif model == "ramfb":
        line.add("-device", f"ramfb,id=video{number}")
    elif model != "none":
        name = {"vga": "VGA", "cirrus": "cirrus-vga", "vmvga": "vmware-svga"}[model]
        line.add("-device", f"{name},id=video{number},vgamem_mb={vgamem}{at}")


def _graphics(line: Line, number: int, device: Device) -> None:
    del number
    kind = device.attributes["type"]
    if kind == "vnc":
        line.add("-vnc", f"unix:{line.place.folder}/vnc")
    else:
        line.add("-spice", f"unix=on,addr={line.place.folder}/spice,disable-ticketing=on")


def _sound(line: Line, number: int, device: Device) -> None:
    model = device.attributes["model"]
    line.add("-audiodev", f"id=audio{number},driver=none")
    if model in {"ich6", "ich9"}:
        name = "intel-hda" if model == "ich6" else "ich9-intel-hda"
        line.old_pci(f"{name},id=sound{number}")
        line.add("-device", f"hda-duplex,bus=sound{number}.0,cad=0,audiodev=audio{number}")
    elif model == "usb":
        line.add("-device", f"usb-audio,audiodev=audio{number},bus=usb.0")
    elif model == "sb16":
        line.add("-device", f"sb16,audiodev=audio{number}")
    else:
        name = {"ac97": "AC97", "es1370": "ES1370"}[model]
        line.old_pci(f"{name},audiodev=audio{number}")


def _tpm(line: Line, number: int, device: Device) -> None:
    del number
    state = line.place.folder / "tpm"
    state.mkdir()
    socket = line.place.folder / "tpm.sock"
    line.helpers.append(
        [
            *("/usr/bin/swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}"),
            *("--ctrl", f"type=unixio,path={socket}"),
        ]
    )
    line.sockets.append(socket)
    line.add("-chardev", f"socket,id=chrtpm,path={socket}")
    line.add("-tpmdev", "emulator,id=tpm0,chardev=chrtpm")
    line.add("-device", f"{device.attributes['model']},tpmdev=tpm0,id=tpm")


def _input(line: Line, number: int, device: Device) -> None:
    kind, bus = device.attributes["type"], device.attributes.get("bus", "ps2")
    if bus == "usb":
        name = {"keyboard": "kbd"}.get(kind, kind)
        line.add("-device", f"usb-{name},id=input{number},bus=usb.0")
    elif bus == "virtio":
        line.pci(f"virtio-{kind}-pci,id=input{number}")


def _balloon(line: Line, number: int, device: Device) -> None:
    del number
    if device.attributes.get("model") != "none":
        line.pci("virtio-balloon-pci,id=balloon0")


def _rng(line: Line, number: int, device: Device) -> None:
    del device
    line.add("-object", f"rng-random,id=rng{number},filename=/dev/urandom")
    line.pci(f"virtio-rng-pci,rng=rng{number}")


def _serial(line: Line, number: int, device: Device) -> None:
    del device
    first = not any(other.kind == "serial" for other in line.domain.devices[:number])
    path = f"{line.place.folder}/serial{'' if first else number}"
    line.add("-chardev", f"file,id=char{number},path={path}")
    line.add("-device", f"isa-serial,chardev=char{number}")


def _channel(line: Line, number: int, device: Device) -> None:
    if device.attributes.get("type") == "spicevmc":
        line.add("-chardev", f"spicevmc,id=ch{number},name=vdagent")
        name = "com.redhat.spice.0"
    else:
        path = line.place.folder / f"ch{number}"
        line.add("-chardev", f"socket,id=ch{number},path={path},server=on,wait=off")
        name = f"org.qemu.guest_agent.{number}"
    line.add("-device", f"virtserialport,chardev=ch{number},name={name}")


def _filesystem(line: Line, number: int, device: Device) -> None:
    tag = device.attributes["target/@dir"]
    folder = line.place.images / "share"
    if device.attributes.get("driver/@type") == "virtiofs":
        socket = line.place.folder / f"fs{number}.sock"
        line.helpers.append([VIRTIOFSD, f"--socket-path={socket}", "-o", f"source={folder}"])
        line.sockets.append(socket)
        line.add("-chardev", f"socket,id=fs{number},path={socket}")
        line.pci(f"vhost-user-fs-pci,chardev=fs{number},tag={tag},queue-size=1024")
    else:
        line.add("-fsdev", f"local,security_model=none,id=fs{number},path={folder},readonly=on")
        line.pci(f"virtio-9p-pci,fsdev=fs{number},mount_tag={tag}")


def _watchdog(line: Line, number: int, device: Device) -> None:
    del number
    if device.attributes["model"] == "i6300esb":
        line.old_pci("i6300esb,id=watchdog0")


def _hub(line: Line, number: int, device: Device) -> None:
    del device
    line.add("-device", f"usb-hub,id=hub{number},bus=usb.0")


def _redirdev(line: Line, number: int, device: Device) -> None:
    del device
    line.add("-chardev", f"spicevmc,id=redir{number},name=usbredir")
    line.add("-device", f"usb-redir,chardev=redir{number},id=r{number},bus=usb.0")


def _shmem(line: Line, number: int, device: Device) -> None:
    del device
    line.add("-object", f"memory-backend-ram,id=shm{number},size=4M,share=on")
    line.pci(f"ivshmem-plain,memdev=shm{number}")


def _memory(line: Line, number: int, device: Device) -> None:
    size = device_size(device)
    line.add("-object", f"memory-backend-ram,id=mem{number},size={size},prealloc=on")
    if device.attributes["model"] == "dimm":
        line.add("-device", f"pc-dimm,memdev=mem{number},id=dimm{number}")


def _iommu(line: Line, number: int, device: Device) -> None:
    del number, device
    line.add("-device", "intel-iommu,id=iommu0")


def _panic(line: Line, number: int, device: Device) -> None:
    del number, device
    line.add("-device", "pvpanic")


BUILDERS = {
    "disk": _disk,
    "interface": _interface,
    "video": _video,
    "graphics": _graphics,
    "sound": _sound,
    "tpm": _tpm,
    "input": _input,
    "memballoon": _balloon,
    "rng": _rng,
    "serial": _serial,
    "channel": _channel,
    "filesystem": _filesystem,
    "watchdog": _watchdog,
    "hub": _hub,
    "redirdev": _redirdev,
    "shmem": _shmem,
    "memory": _memory,
    "iommu": _iommu,
    "panic": _panic,
}
