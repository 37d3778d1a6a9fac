"""Find the block devices of this host on which an IO policy limits a guest, or weighs it."""

from xmlresource.cgroup.cpu_and_io.throttled_devices import (
    IOTUNE,
    LocatedDisks,
    ThrottledDevice,
    Unthrottled,
    path_of,
    throttled_device,
)
from xmlresource.cgroup.hierarchy import Controller, NoPlace
from xmlresource.model.domain import Device, Domain
from xmlresource.model.io import DevicePolicy, IoPolicy
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.control_files import IO
from xmlresource.system.hardware.block_devices import block_devices, device_path
from xmlresource.system.machine import Machine


def locate_disks(machine: Machine, policy: IoPolicy, domain: Domain) -> LocatedDisks:
    """Find the block devices that an IO policy is about.

    It looks at files that the definition names, which may lie on a network that is away: nothing
    that others wait for may be locked meanwhile.
    """
    controller = places.host_controller(machine, IO)
    disks = [device for device in domain.devices if device.kind == "disk"]
    everywhere: list[ThrottledDevice] = []
    if policy.share is not None:
        for disk in disks:
            wanted = DevicePolicy(target=disk.attributes.get("target/@dev"))
            found = _located(machine, wanted, disks, controller)
            if isinstance(found, ThrottledDevice):
                everywhere.append(found)
    return LocatedDisks(
        tuple(_located(machine, device, disks, controller) for device in policy.devices),
        tuple(everywhere),
    )


def _located(
    machine: Machine,
    policy: DevicePolicy,
    disks: list[Device],
    controller: Controller | NoPlace,
) -> ThrottledDevice | Unthrottled:
    path = path_of(policy, disks)
    if isinstance(path, Unthrottled):
        return path
    try:
        at = device_path(machine, path)
        blocks = {} if at is None else block_devices(machine, at.number, controller)
    except OSError as error:
        return Unthrottled(f"'{path}' can't be looked at: {error.strerror}; {IOTUNE}")
    return throttled_device(policy, disks, at, blocks)
