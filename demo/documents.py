"""The demo's guests, sized for the machine it runs on."""

_DOMAIN = """\
<domain type='kvm'>
  <name>{name}</name>
  <uuid>{uuid}</uuid>
  <memory unit='MiB'>{ram}</memory>
  <vcpu>4</vcpu>
  <metadata>
    <xr:resource xmlns:xr='urn:xmlresource:1'>
      <xr:memory>
        <xr:memoryHardLimit unit='MiB'>{limit}</xr:memoryHardLimit>
        <xr:memoryMinGuarantee unit='MiB'>{guarantee}</xr:memoryMinGuarantee>
        <xr:swapHardLimit unit='MiB'>{swap}</xr:swapHardLimit>
      </xr:memory>
    </xr:resource>
  </metadata>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
  </os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='/var/lib/libvirt/images/{name}.qcow2'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <interface type='network'>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
    <graphics type='vnc' port='-1'/>
    <video>
      <model type='vga' vram='16384' heads='1'/>
    </video>
  </devices>
</domain>
"""

_ROOM_FOR_QEMU = 320  # MiB that the limit leaves above RAM
_SWAP = 1024  # MiB that memory and swap together may exceed RAM


def guest(name: str, number: int, ram: int) -> str:
    """A guest of ``ram`` MiB that is guaranteed all of it."""
    uuid = f"00000000-0000-4000-8000-{number:012d}"
    return _DOMAIN.format(
        name=name, uuid=uuid, ram=ram, limit=ram + _ROOM_FOR_QEMU, guarantee=ram, swap=ram + _SWAP
    )


def with_faults(document: str) -> str:
    """The same with three faults that are easily made and that libvirt would not tell."""
    broken = document.replace("memoryHardLimit unit='MiB'", "memoryHardLimit unit='Mb '")
    broken = broken.replace("xr:memoryMinGuarantee", "xr:memoryMinGaurantee")
    return broken.replace(
        "      </xr:memory>",
        "        <xr:memorySoftLimt unit='GiB'>1</xr:memorySoftLimt>\n      </xr:memory>",
    )
