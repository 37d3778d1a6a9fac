"""The rules of relations (XR3): what a value must be beside others of the same guest."""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.diagnostics import Severity

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING

RELATION_RULES: Final = (
    Code(
        "XR301",
        "guarantee-above-hard-limit",
        _ERROR,
        "The guest would be promised memory that its own limit does not let it use.",
        "hard_limit 1 GiB, min_guarantee 2 GiB",
        "Raise hard_limit or lower min_guarantee.",
    ),
    Code(
        "XR302",
        "soft-limit-above-hard-limit",
        _ERROR,
        "A soft limit above the hard limit never acts.",
        "hard_limit 1 GiB, soft_limit 2 GiB",
        "Raise hard_limit or lower soft_limit.",
    ),
    Code(
        "XR303",
        "swap-limit-below-hard-limit",
        _ERROR,
        "swap_hard_limit counts memory and swap together, so it can't be less than memory alone; "
        "the kernel refuses it.",
        "hard_limit 2 GiB, swap_hard_limit 1 GiB",
        "Write memory plus swap as swap_hard_limit.",
    ),
    Code(
        "XR304",
        "swap-limit-without-hard-limit",
        _ERROR,
        "Without a limit on memory alone the kernel (v1) refuses one on memory plus swap, and on "
        "v2 there is nothing to subtract.",
        "swap_hard_limit 2 GiB, no hard_limit",
        "Set hard_limit too.",
    ),
    Code(
        "XR305",
        "guarantee-above-soft-limit",
        _ERROR,
        "Under memory pressure the kernel would reclaim memory that the guest was promised.",
        "soft_limit 1 GiB, min_guarantee 2 GiB",
        "Raise soft_limit or lower min_guarantee.",
    ),
    Code(
        "XR306",
        "forms-disagree",
        _ERROR,
        "The same tunable is in two forms with different values: which one counts would depend "
        "on the program that reads it.",
        "<hard_limit> in <memtune> says 1 GiB, <memoryHardLimit> says 2 GiB",
        "Give both the same value, or remove one.",
    ),
    Code(
        "XR307",
        "soft-limit-above-swap-soft-limit",
        _ERROR,
        "swap_soft_limit counts memory and swap together, so it can't be less than memory alone.",
        "soft_limit 2 GiB, swap_soft_limit 1 GiB",
        "Write memory plus swap as swap_soft_limit.",
    ),
    Code(
        "XR308",
        "swap-soft-limit-above-swap-hard-limit",
        _ERROR,
        "A soft limit above the hard limit never acts.",
        "swap_soft_limit 3 GiB, swap_hard_limit 2 GiB",
        "Raise swap_hard_limit or lower swap_soft_limit.",
    ),
    Code(
        "XR309",
        "guarantee-equals-hard-limit",
        _WARNING,
        "On cgroup v2 memory.min equal to memory.max makes the guest's page cache unreclaimable "
        "and ends in an OOM kill; such a guest is refused there.",
        "hard_limit 2 GiB, min_guarantee 2 GiB",
        "Leave the hard limit some room above the guarantee.",
    ),
    Code(
        "XR310",
        "priority-without-guarantee",
        _WARNING,
        "A priority decides whose guarantee comes first: without a guarantee it has no effect.",
        "<memory priority='10'> with a hard limit alone",
        "Declare min_guarantee, or leave the priority out.",
    ),
    Code(
        "XR311",
        "guarantee-above-container-memory",
        _ERROR,
        "Without a hard limit libvirt's LXC driver limits a container to <memory>: it would be "
        "promised more than it could ever have.",
        "<domain type='lxc'> with <memory unit='GiB'>1</memory> and min_guarantee 2 GiB",
        "Raise <memory>, set hard_limit, or lower min_guarantee.",
    ),
    Code(
        "XR312",
        "cpu-guarantee-above-vcpus",
        _ERROR,
        "A vCPU can't use more than one CPU, so a guarantee above the number of vCPUs would keep "
        "CPU time from others that the guest can't use.",
        "<vcpu>2</vcpu> with <cpuMinGuarantee>3</cpuMinGuarantee>",
        "Lower cpu_min_guarantee, or give the guest more vCPUs.",
    ),
    Code(
        "XR313",
        "cpu-guarantee-above-hard-limit",
        _ERROR,
        "The guest would be promised CPU time that its own limit does not let it use.",
        "cpu_hard_limit 1, cpu_min_guarantee 2",
        "Raise cpu_hard_limit or lower cpu_min_guarantee.",
    ),
    Code(
        "XR314",
        "two-cpu-guarantees",
        _ERROR,
        "cpu_percentage and cpu_min_guarantee are two ways to say one guarantee, and which of them "
        "is more depends on the host.",
        "cpu_percentage 25, cpu_min_guarantee 1",
        "Keep one of them.",
    ),
    Code(
        "XR315",
        "cpu-limit-throttles-emulator",
        _WARNING,
        "The limit counts vCPUs and emulator together, and a guest with one vCPU was seen to use "
        "1.13 CPUs while it was busy with IO. Below the vCPUs and 0.15, a busy guest waits for its "
        "own emulator.",
        "<vcpu>2</vcpu> with <cpuHardLimit>2</cpuHardLimit>",
        "Add 0.15 CPUs for the emulator, unless the guest is meant to be held back.",
    ),
    Code(
        "XR316",
        "disagrees-with-libvirts-own",
        _ERROR,
        "libvirt's <cputune>, <blkiotune> or <iotune> says something else of the same thing: which "
        "one counts would depend on who writes last.",
        "<cpuHardLimit>2</cpuHardLimit> and <global_quota>100000</global_quota>",
        "Give both the same value, or remove one.",
    ),
)
