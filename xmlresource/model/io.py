"""The input and output on block devices that one guest may do and must get."""

from xmlresource.record import record
from xmlresource.units import Amount


@record
class DevicePolicy:
    """The limits and guarantees of one guest on one block device of the host.

    The device is told in one of two ways: by the disk of the guest that lies on it, or by its path.

    Attributes:
        target: The target's name of a disk of the guest, such as ``vda``.
        path: The path of a block device of the host, such as ``/dev/sda``.
        read_bandwidth_hard_limit: The most bytes it may read in a second.
        write_bandwidth_hard_limit: The most bytes it may write in a second.
        read_iops_hard_limit: The most operations of reading in a second.
        write_iops_hard_limit: The most operations of writing in a second.
        bandwidth_soft_limit: The bytes in a second that it may move while others wait.
        bandwidth_percentage: What it is guaranteed of the device, in thousandths of a percent.
    """

    target: str | None = None
    path: str | None = None
    read_bandwidth_hard_limit: Amount | None = None
    write_bandwidth_hard_limit: Amount | None = None
    read_iops_hard_limit: Amount | None = None
    write_iops_hard_limit: Amount | None = None
    bandwidth_soft_limit: Amount | None = None
    bandwidth_percentage: int | None = None


@record
class IoPolicy:
    """The input and output on block devices that one guest may do and must get.

    Attributes:
        share: Its weight beside other guests, 1 to 10,000; 100 is usual.
        devices: What it may do on single devices.
    """

    share: int | None = None
    devices: tuple[DevicePolicy, ...] = ()

    def __bool__(self) -> bool:
        return self != IoPolicy()

    @property
    def is_guaranteed(self) -> bool:
        """Whether part of a device is guaranteed."""
        return any(each.bandwidth_percentage for each in self.devices)
