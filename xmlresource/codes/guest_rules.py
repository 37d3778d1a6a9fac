"""The rules of libvirt (XR4) and of sizes (XR5): what drivers, disks and QEMU make of a policy."""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.diagnostics import Severity

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING

GUEST_RULES: Final = (
    Code(
        "XR401",
        "guarantee-refused-by-driver",
        _ERROR,
        "libvirt's QEMU driver refuses to define a guest with min_guarantee in <memtune>.",
        "<domain type='kvm'>…<memtune><min_guarantee>1</min_guarantee></memtune>",
        "Move it into the metadata form; `xmlresource convert --to metadata` does.",
    ),
    Code(
        "XR402",
        "not-for-libvirt",
        _WARNING,
        "libvirt has a <resource> of its own and knows no <memory>, <cpu> or <io> in it: with "
        "<partition> beside it the limits are dropped silently, without it the guest can't be "
        "defined.",
        "<domain>…<resource><memory>…</memory></resource></domain>",
        "Convert before you define: `xmlresource convert --to metadata`.",
    ),
    Code(
        "XR403",
        "hard-limit-below-locked",
        _WARNING,
        "libvirt makes a hard limit in <memtune> QEMU's limit of locked memory, too. Devices that "
        "are passed through pin all RAM, once in each address space; with <locked/> all that QEMU "
        "maps counts. With less the guest does not start, or a device fails later.",
        "<memtune><hard_limit>…</hard_limit></memtune> with <hostdev type='pci'>",
        "Raise the hard limit, or declare it in <metadata>; `xmlresource overhead` says what is "
        "locked.",
    ),
    Code(
        "XR404",
        "driver-without-enforcement",
        _WARNING,
        "Only libvirt's QEMU and LXC drivers call the hook and use memory cgroups.",
        "<domain type='vmware'> with our element in <metadata>",
        "Remove the policy, or run the guest under QEMU or LXC.",
    ),
    Code(
        "XR405",
        "locked-memory-unseen",
        _WARNING,
        "Without a hard limit libvirt reckons by itself how much QEMU may lock, from what it knows "
        "of the guest. It doesn't read <qemu:commandline>, and counts one NVMe disk for a backing "
        "chain.",
        "<qemu:arg value='intel-iommu'/> with two <hostdev type='pci'>",
        "Declare it to libvirt (<iommu model='intel'>), or set a hard limit in <memtune>.",
    ),
    Code(
        "XR406",
        "metadata-dropped",
        _WARNING,
        "Of <metadata> libvirt keeps the first element of each namespace, and deletes what has "
        "none, without a word.",
        "<metadata><owner>me</owner></metadata>",
        "Give each element a namespace of its own.",
    ),
    Code(
        "XR407",
        "no-such-disk",
        _ERROR,
        "The guest has no disk with that target, so nothing would be limited.",
        "<device target='vdb'> in a domain with <target dev='vda'/> alone",
        "Write the target of one of its disks.",
    ),
    Code(
        "XR408",
        "disk-without-block-device",
        _ERROR,
        "The kernel limits IO on block devices. A network disk has none on this host, nor have "
        "disks that another program or QEMU itself serves: the limit would never act.",
        "<device target='vda'> with <disk type='network'>",
        "Use libvirt's <iotune> in the <disk>, which QEMU keeps itself.",
    ),
    Code(
        "XR409",
        "not-enforceable",
        _WARNING,
        "No kernel has a limit of CPU time or IO that acts only while others wait. It is read and "
        "kept, and nobody enforces it.",
        "<cpuSoftLimit>1</cpuSoftLimit>",
        "Give the guest a share, or others a guarantee.",
    ),
    Code(
        "XR411",
        "soft-limit-throttles",
        _WARNING,
        "On cgroup v2 libvirt writes soft_limit into memory.high. Above that the kernel reclaims "
        "at every charge and slows the guest down, even while the host has memory to spare; on v1 "
        "a soft limit acts only while it has none.",
        "<memory unit='GiB'>4</memory> with <soft_limit unit='GiB'>4</soft_limit> in <memtune>",
        "Declare it in <metadata>, where it becomes memory.low: `xmlresource convert --to "
        "metadata`.",
    ),
    Code(
        "XR412",
        "swap-limit-unsubtracted",
        _WARNING,
        "swap_hard_limit is about memory and swap together. On cgroup v2 libvirt writes it into "
        "memory.swap.max, which is about swap alone, without taking the memory off.",
        "<memtune>: hard_limit 3 GiB, swap_hard_limit 4 GiB",
        "Declare it in <metadata>, where it means the same on v1 and v2: `xmlresource convert --to "
        "metadata`.",
    ),
    Code(
        "XR413",
        "cpu-shares-unconverted",
        _WARNING,
        "libvirt writes shares, made for cgroup v1 (2 to 262144, 1024 by default), into cpu.weight "
        "of v2 (1 to 10000, 100 by default) as they are.",
        "<cputune><shares>1024</shares></cputune>",
        "Write shares for the hosts that you have: on v2 a tenth of those of v1, on no host above "
        "10000.",
    ),
    Code(
        "XR414",
        "block-weight-out-of-range",
        _WARNING,
        "libvirt writes the weight as it is, and controllers take different ranges: the guest "
        "starts on one host and not on another.",
        "<blkiotune><weight>5000</weight></blkiotune>",
        "Write a weight from 10 to 1000, which all take (libvirt's documentation says from 100).",
    ),
    Code(
        "XR501",
        "hard-limit-too-near",
        _WARNING,
        "QEMU itself needs memory besides the guest's RAM, and all of it is charged to the guest: "
        "a limit too near RAM ends in an OOM kill of the whole guest.",
        "<memory unit='GiB'>4</memory> with hard_limit 4 GiB",
        "Raise the hard limit; `xmlresource overhead` says what the guest may need.",
    ),
    Code(
        "XR502",
        "guarantee-beyond-use",
        _WARNING,
        "The guest can never use that much: the host would reserve memory that no guest uses.",
        "<memory unit='GiB'>1</memory> with min_guarantee 8 GiB",
        "Lower the guarantee to RAM plus overhead.",
    ),
    Code(
        "XR503",
        "hard-limit-impossible",
        _ERROR,
        "An idle QEMU takes more: the guest would be killed before it runs. Without a unit the "
        "number counts KiB.",
        "<hard_limit>6</hard_limit>",
        "Write the unit that is meant, such as unit='GiB'.",
    ),
    Code(
        "XR504",
        "current-memory-above-memory",
        _WARNING,
        "A guest can't have more memory than it has: libvirt lowers <currentMemory> to <memory> "
        "without a word.",
        "<memory unit='GB'>8</memory> with <currentMemory unit='GiB'>8</currentMemory>",
        "Raise <memory>, or lower <currentMemory>.",
    ),
)
