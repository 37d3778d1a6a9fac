"""The rules of values (XR2): numbers, units, ranges and names."""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.diagnostics import Severity

_ERROR: Final = Severity.ERROR

VALUE_RULES: Final = (
    Code(
        "XR201",
        "bad-number",
        _ERROR,
        "libvirt's schema knows decimal digits only. Its parser lets some other spellings pass and "
        "reads them as something else. In <cpu> and <io>, CPUs and percentages may have up to "
        "three decimal places; all else is whole.",
        "<hard_limit unit='GiB'>1.5</hard_limit>",
        "Write a whole number, in a smaller unit if need be.",
    ),
    Code(
        "XR202",
        "bad-unit",
        _ERROR,
        "libvirt refuses units it does not know. CPU time is counted in cpu, millicpu or %.",
        "<hard_limit unit='gigs'>4</hard_limit>",
        "Use bytes, KiB, MiB, GiB, TiB, PiB, EiB (1024s) or KB, MB, GB … (1000s); for CPU time, "
        "cpu, millicpu or %.",
    ),
    Code(
        "XR203",
        "overflow",
        _ERROR,
        "libvirt counts in KiB up to 9007199254740991, which means `unlimited`; a larger value is "
        "an error. So is a limit of <cpu> or <io> beyond what the kernel holds.",
        "<hard_limit unit='EiB'>9</hard_limit>",
        "Write a smaller size; for no limit, leave the element out.",
    ),
    Code(
        "XR204",
        "unlimited-guarantee",
        _ERROR,
        "No host can promise an unlimited amount of memory.",
        "<memoryMinGuarantee>9007199254740991</memoryMinGuarantee>",
        "Write the memory that the guest needs.",
    ),
    Code(
        "XR205",
        "zero-limit",
        _ERROR,
        "For libvirt 0 is a limit of 0 bytes, not `unlimited`: the guest could not run. The same "
        "holds for limits of CPU time and IO.",
        "<hard_limit>0</hard_limit>",
        "For no limit, leave the element out.",
    ),
    Code(
        "XR206",
        "bad-priority",
        _ERROR,
        "A priority is a whole number of up to three digits; other values have no meaning.",
        "<memory priority='high'>",
        "Write a whole number from 0 to 999, or leave the attribute out.",
    ),
    Code(
        "XR207",
        "out-of-range",
        _ERROR,
        "A share is a whole number from 1 to 10000, as the kernel takes it (100 is what a guest "
        "has by default), and a percentage is at most 100.",
        "<cpuShare>0</cpuShare>",
        "Write a share from 1 to 10000, or a percentage from 0 to 100.",
    ),
    Code(
        "XR208",
        "too-fine",
        _ERROR,
        "CPU time is held in thousandths of a CPU; what is finer would be rounded unseen.",
        "<cpuHardLimit unit='millicpu'>0.5</cpuHardLimit>",
        "Write a whole number of thousandths of a CPU.",
    ),
    Code(
        "XR209",
        "bad-device-name",
        _ERROR,
        "A device of <io> is one of the guest's disks, by the name of its <target>, or a block "
        "device of the host, by its absolute path.",
        "<device path='dev/sda'>",
        "Write such as target='vda' or path='/dev/sda'.",
    ),
    Code(
        "XR210",
        "bad-balance",
        _ERROR,
        "`balance` says whether the balancing service may move the guest's memory: yes or no.",
        "<memory balance='off'>",
        "Write balance='no' to have the guest left alone, or leave the attribute out.",
    ),
)
