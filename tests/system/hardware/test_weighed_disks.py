from pathlib import Path

import pytest

from tests.fakes.controlled import SECOND, ControlledHost
from tests.fakes.controllers import DISK
from xmlresource.admission.weights.disks.disk_decision import WeighedDisk
from xmlresource.admission.weights.floor_weights import BFQ, IOCOST, V1_BFQ
from xmlresource.cgroup.hierarchy import Controller, NoPlace
from xmlresource.system.hardware.weighed_disks import io_controller, weighed_disks


def found(host: ControlledHost) -> tuple[WeighedDisk, ...]:
    controller = io_controller(host.machine)
    assert isinstance(controller, Controller)
    return weighed_disks(host.machine, controller, [DISK, SECOND, "9:9"])


@pytest.mark.parametrize(("version", "bfq"), [(1, V1_BFQ), (2, BFQ)])
def test_disks_on_which_cgroups_are_weighed(tmp_path: Path, version: int, bfq: object) -> None:
    host = ControlledHost(tmp_path, version)
    host.disk("vdb", SECOND)
    assert found(host) == ()
    host.scheduler("vda", "mq-deadline")
    assert found(host) == ()
    host.iocost(SECOND)
    of_iocost = () if version == 1 else (WeighedDisk(SECOND, "vdb", IOCOST),)
    assert found(host) == of_iocost
    host.scheduler("vda", "bfq")
    assert found(host) == (WeighedDisk(DISK, "vda", bfq), *of_iocost)  # type: ignore[arg-type]
    if version == 2:  # what bfq serves it weighs, whoever weighs above it
        host.iocost(DISK)
        assert found(host) == (WeighedDisk(DISK, "vda", BFQ),)


def test_a_controller_that_is_off(tmp_path: Path) -> None:
    host = ControlledHost(tmp_path, 2)
    host.write("/sys/fs/cgroup/cgroup.controllers", "cpu memory\n")
    controller = io_controller(host.machine)
    assert isinstance(controller, NoPlace)
    assert controller.reason == "the io controller is off in / (cgroup.controllers)"
