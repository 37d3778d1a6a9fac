from pathlib import Path

import pytest

from tests.fakes.controlled import SECOND, ControlledHost
from tests.fakes.controllers import DISK
from xmlresource.admission.weights.floor_weights import BFQ, IOCOST, SHARES
from xmlresource.cgroup.hierarchy import Controller
from xmlresource.system.cgroups import places
from xmlresource.system.cgroups.control_files import IO
from xmlresource.system.cgroups.weighing import Weighing


@pytest.fixture
def host(tmp_path: Path) -> ControlledHost:
    return ControlledHost(tmp_path, 2)


def weighing(host: ControlledHost, disk: str = DISK) -> Weighing:
    controller = places.host_controller(host.machine, IO)
    assert isinstance(controller, Controller)
    return Weighing(controller, IOCOST, disk)


def test_a_cgroup_has_a_weight_for_all_disks_and_for_one(host: ControlledHost) -> None:
    host.write("/sys/fs/cgroup/machine/io.weight", f"default 70\n{DISK} 300\n")
    one, other = weighing(host), weighing(host, SECOND)
    assert (one.label, other.label) == (f"io.weight {DISK}", f"io.weight {SECOND}")
    assert [each.weight(host.machine, "/machine") for each in (one, other)] == [300, 70]
    assert [each.line(host.machine, "/machine") for each in (one, other)] == [300, 0]
    assert [each.usual(host.machine, "/machine") for each in (one, other)] == [70, 70]
    assert (one.text_of(5), one.text_of(0)) == (f"{DISK} 5", f"{DISK} default")
    folder = one.folder(host.machine, "/", lambda _: None)
    assert folder is not None
    assert folder.children == {"machine": 300}


def test_a_cgroup_that_is_not_there(host: ControlledHost) -> None:
    one = weighing(host)
    assert one.weight(host.machine, "/gone") is None
    assert one.line(host.machine, "/gone") is None
    assert one.usual(host.machine, "/gone") == 100


def test_cpu_time_has_one_weight(host: ControlledHost) -> None:
    one = Weighing(weighing(host).controller, SHARES)
    assert one.label == "cpu.weight"
    assert one.line(host.machine, "/machine") == one.weight(host.machine, "/machine") == 100
    assert one.text_of(300) == "300"


def test_of_bfq_and_iocost_each_has_its_own_file(host: ControlledHost) -> None:
    host.write("/sys/fs/cgroup/machine/io.bfq.weight", f"default 100\n{DISK} 900\n")
    bfq = Weighing(weighing(host).controller, BFQ, DISK)
    assert bfq.weight(host.machine, "/machine") == 900
    assert weighing(host).weight(host.machine, "/machine") == 100
