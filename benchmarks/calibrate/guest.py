"""The guest that runs while we measure: Debian's kernel, busybox, and the drivers it needs.

Its init loads the drivers, uses every device a little (reads each disk, brings each card up, draws
on the screen), keeps every vCPU busy for a moment, says READY on the serial port and then idles.
"""

import gzip
import io
import subprocess
from dataclasses import dataclass
from pathlib import Path

from xmlresource.model.domain import Domain

READY = "XR-READY"

INIT = """#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1 </dev/null
/bin/busybox --install -s /bin
while read -r m; do insmod $m || echo "no $m"; done </modules
sleep 1
mkdir -p /t /m
mount -t tmpfs -o size=60% tmpfs /t
cpus=$(grep -c ^processor /proc/cpuinfo)
kib=$(sed -n 's/MemAvailable: *//p' /proc/meminfo | cut -d' ' -f1)
fill=$((kib / 4 / 1024)); [ $fill -gt 256 ] && fill=256
dd if=/dev/zero of=/t/fill bs=1M count=$fill 2>/dev/null; rm -f /t/fill
for d in /sys/block/vd* /sys/block/sd* /sys/block/sr* /sys/block/nvme*; do
  [ -e "$d" ] || continue
  dd if=/dev/${d##*/} of=/dev/null bs=256k count=128 2>/dev/null
done
n=0
for i in /sys/class/net/e*; do
  [ -e "$i" ] || continue
  ifconfig ${i##*/} 10.0.$((2 + n)).15 up; n=$((n + 1))
done
[ $n -gt 0 ] && ping -c 2 -w 3 10.0.2.2 >/dev/null
for f in /dev/fb*; do [ -e $f ] && dd if=/dev/zero of=$f bs=64k count=64 2>/dev/null; done
for t in $(cat /tags); do
  mount -t 9p -o trans=virtio $t /m || mount -t virtiofs $t /m
  cat /m/* >/dev/null; umount /m
done
[ -e /dev/hwrng ] && dd if=/dev/hwrng of=/dev/null bs=64 count=4 2>/dev/null
c=0
while [ $c -lt $cpus ]; do
  (dd if=/dev/zero bs=64k count=48 2>/dev/null | md5sum >/dev/null) & c=$((c + 1))
done
wait
free
echo XR-READY
while true; do sleep 1000; done
"""

# The same work, and then as much memory, disk and processor as there is, a few times over.
HEAVY = INIT.replace(
    "free\n",
    """\
kib=$(sed -n 's/MemAvailable: *//p' /proc/meminfo | cut -d' ' -f1)
fill=$((kib * 8 / 10 / 1024))
mount -o remount,size=95% /t
for round in 1 2 3; do
  c=0
  while [ $c -lt $cpus ]; do
    dd if=/dev/zero of=/t/fill$c bs=1M count=$((fill / cpus)) 2>/dev/null &
    c=$((c + 1))
  done
  for d in /sys/block/vd*; do
    [ -e "$d" ] && dd if=/dev/${d##*/} of=/dev/null bs=1M count=128 2>/dev/null &
  done
  wait
  md5sum /t/fill* >/dev/null
  rm -f /t/fill*
done
free
""",
)

# A system that is used: what Debian's kernel loads on such a machine is there, programs of many
# kinds run, and a file system is made, filled and searched.
USED = INIT.replace(
    "free\n",
    """\
ifconfig lo 127.0.0.1 up
mkdir -p /t/a /t/b /m
dd if=/dev/zero of=/t/fs bs=1M count=16 2>/dev/null
mke2fs -F /t/fs >/dev/null 2>&1
mount -o loop /t/fs /m && cp -r /bin/busybox /lib /m/ 2>/dev/null
find /m /proc/sys /sys/class -type f 2>/dev/null | sort -r | awk -F/ '{ n[$NF]++ }
  END { for (k in n) print n[k], k }' >/t/a/names
sed 's/[aeiou]/x/g; s/^\\([0-9]*\\) \\(.*\\)/\\2 \\1/' /t/a/names | uniq -c >/t/b/names
diff /t/a/names /t/b/names >/t/a/diff
sha1sum /t/a/names /t/b/names >/dev/null; grep -c o /t/a/names >/dev/null
ping -c 1 127.0.0.1 >/dev/null; netstat -tn >/dev/null; ip addr >/dev/null; ip route >/dev/null
i=0; while [ $i -lt 20 ]; do ps >/dev/null; i=$((i + 1)); done
for a in date df du dmesg free uptime mount lsmod id uname vmstat iostat top; do
  $a -n 1 >/dev/null 2>&1 </dev/null || $a >/dev/null 2>&1 </dev/null
done
sync; umount /m
free
""",
)

# What Debian loads on such machines besides the drivers of the devices.
SYSTEM_MODULES = (
    *("loop", "ext4", "fuse", "configfs", "autofs4", "ip_tables", "nf_tables", "binfmt_misc"),
    *("dm_mod", "sg", "evdev", "psmouse", "serio_raw", "button", "pcspkr", "lpc_ich", "i2c_i801"),
    *("i2c_piix4", "qemu_fw_cfg", "ahci", "ata_generic", "ata_piix", "sr_mod", "floppy", "joydev"),
)

ALWAYS = ("virtio_pci",)
NEEDED = {
    ("disk", "virtio"): ("virtio_blk",),
    ("disk", "scsi"): ("virtio_scsi", "sd_mod"),
    ("disk", "sata"): ("ahci", "ata_piix", "sd_mod", "sr_mod"),
    ("disk", "ide"): ("ata_piix", "sd_mod", "sr_mod"),
    ("disk", "usb"): ("usb-storage", "uas", "sd_mod"),
    ("interface", "virtio"): ("virtio_net",),
    ("interface", "e1000"): ("e1000",),
    ("interface", "e1000e"): ("e1000e",),
    ("interface", "rtl8139"): ("8139cp",),
    ("interface", "vmxnet3"): ("vmxnet3",),
    ("interface", "pcnet"): ("pcnet32",),
    ("interface", "ne2k_pci"): ("ne2k-pci",),
    ("video", "vga"): ("bochs",),
    ("video", "bochs"): ("bochs",),
    ("video", "cirrus"): ("cirrus",),
    ("video", "qxl"): ("qxl",),
    ("video", "virtio"): ("virtio-gpu",),
    ("video", "vmvga"): ("vmwgfx",),
    ("rng", "virtio"): ("virtio-rng",),
    ("memballoon", "virtio"): ("virtio_balloon",),
    ("filesystem", "mount"): ("9pnet_virtio", "9p", "virtiofs"),
    ("input", "usb"): ("usbhid",),
    ("input", "virtio"): ("virtio_input",),
    ("controller", "usb"): ("xhci_pci", "uhci_hcd", "ehci_pci"),
    ("controller", "scsi"): ("virtio_scsi", "sym53c8xx"),
    ("controller", "virtio-serial"): ("virtio_console",),
    ("watchdog", "i6300esb"): ("i6300esb",),
}
WHICH = {
    "disk": "target/@bus",
    "interface": "model/@type",
    "video": "model/@type",
    "rng": "model",
    "memballoon": "model",
    "filesystem": "type",
    "input": "bus",
    "controller": "type",
    "watchdog": "model",
}


@dataclass(frozen=True, slots=True)
class Kernel:
    """Debian's kernel package, unpacked, with its modules indexed."""

    root: Path
    release: str

    @property
    def image(self) -> Path:
        """The kernel itself."""
        return self.root / "boot" / f"vmlinuz-{self.release}"

    def files_of(self, modules: list[str]) -> list[Path]:
        """The modules' files with all they depend on, in the order of loading."""
        base = self.root / "lib/modules" / self.release
        depends: dict[str, list[str]] = {}
        by_name: dict[str, str] = {}
        for line in (base / "modules.dep").read_text().splitlines():
            path, _, needs = line.partition(":")
            depends[path] = needs.split()
            by_name[Path(path).name.removesuffix(".ko").replace("-", "_")] = path
        order: list[str] = []

        def add(path: str) -> None:
            for need in depends[path]:
                add(need)
            if path not in order:
                order.append(path)

        for module in modules:
            path = by_name.get(module.replace("-", "_"))
            if path:
                add(path)
        return [base / path for path in order]


def unpack_kernel(work: Path) -> Kernel:
    """Fetch Debian's kernel package once, and index its modules."""
    root = work / "kernel"
    if not root.exists():
        depends = subprocess.run(
            ["/usr/bin/apt-cache", "depends", "linux-image-amd64"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        package = next(line.split()[1] for line in depends.splitlines() if "Depends:" in line)
        subprocess.run(["/usr/bin/apt-get", "download", package], cwd=work, check=True)
        (deb,) = work.glob("linux-image-*.deb")
        subprocess.run(["/usr/bin/dpkg-deb", "-x", deb, root], check=True)
    release = next((root / "lib/modules").iterdir()).name
    if not (root / "lib/modules" / release / "modules.dep").exists():
        subprocess.run(["/sbin/depmod", "-b", root, release], check=True)
    return Kernel(root, release)


def modules_for(domain: Domain) -> list[str]:
    """The drivers that the domain's devices need."""
    wanted = list(ALWAYS)
    for device in domain.devices:
        value = device.attributes.get(WHICH.get(device.kind, ""), "")
        if device.kind == "video" and value == "virtio":
            wanted.append("virtio-gpu")
        wanted += NEEDED.get((device.kind, value), ())
    if not any(device.attributes.get("type") == "usb" for device in domain.devices):
        wanted += NEEDED["controller", "usb"]
    return list(dict.fromkeys(wanted))


def write_initramfs(kernel: Kernel, domain: Domain, target: Path, init: str = INIT) -> None:
    """Make the initramfs for ``domain``, with a script to begin with."""
    more = SYSTEM_MODULES if init is USED else ()
    files = kernel.files_of([*modules_for(domain), *more])
    tags = [
        device.attributes["target/@dir"] for device in domain.devices if device.kind == "filesystem"
    ]
    archive = io.BytesIO()
    for folder in ("bin", "dev", "proc", "sys", "lib"):
        _entry(archive, folder, 0o040755, b"")
    _entry(archive, "dev/console", 0o020600, b"", (5, 1))
    _entry(archive, "bin/busybox", 0o100755, Path("/bin/busybox").read_bytes())
    _entry(archive, "init", 0o100755, init.encode())
    _entry(archive, "tags", 0o100644, (" ".join(tags) + "\n").encode())
    names = [f"lib/{place:03}-{file.name}" for place, file in enumerate(files)]
    for name, file in zip(names, files, strict=True):
        _entry(archive, name, 0o100644, file.read_bytes())
    _entry(archive, "modules", 0o100644, "".join(f"/{name}\n" for name in names).encode())
    _entry(archive, "TRAILER!!!", 0, b"")
    target.write_bytes(gzip.compress(archive.getvalue(), 1, mtime=0))


def _entry(
    archive: io.BytesIO, name: str, mode: int, content: bytes, device: tuple[int, int] = (0, 0)
) -> None:
    encoded = name.encode() + b"\0"
    fields = (0, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0)
    archive.write(b"070701" + b"".join(b"%08X" % value for value in fields) + encoded)
    archive.write(b"\0" * (-archive.tell() % 4))
    archive.write(content)
    archive.write(b"\0" * (-archive.tell() % 4))
