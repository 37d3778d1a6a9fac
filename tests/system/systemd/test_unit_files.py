"""What is asked of systemd about a slice, and how its answers are read."""

from collections.abc import Iterator

import pytest
from jeepney import HeaderFields, Message, new_method_return

from tests.fakes.bus import FakeBus
from tests.fakes.host import GIB, MIB, FakeHost
from xmlresource.system.systemd.unit_files import configured, with_our_drop_in
from xmlresource.system.systemd.unit_properties import DROP_IN, DROP_INS

UNIT = r"machine-prod\x2d1.slice"
PATH = "/org/freedesktop/systemd1/unit/machine_2dprod_5cx2d1_2eslice"
FRAGMENT = f"/etc/systemd/system/{UNIT}"
HIS = f"{FRAGMENT}.d/10-his.conf"


@pytest.fixture
def bus() -> Iterator[FakeBus]:
    made = FakeBus()
    yield made
    made.close()


def answering(bus: FakeBus, fragment: str, *drop_ins: str) -> FakeHost:
    def answer(message: Message) -> Message:
        assert message.header.fields[HeaderFields.path] == PATH
        if message.body[1] == "FragmentPath":
            return new_method_return(message, "v", (("s", fragment),))
        return new_method_return(message, "v", (("as", list(drop_ins)),))

    bus.answer = answer
    host = FakeHost(bus.root, version=2)
    host.memory(8 * GIB, 8 * GIB)
    return host


def test_a_drop_in_comes_after_the_unit_and_ours_does_not_count(bus: FakeBus) -> None:
    ours = f"{DROP_INS}/{UNIT}.d/{DROP_IN}"
    host = answering(bus, FRAGMENT, HIS, ours)
    host.write(FRAGMENT, "[Slice]\nMemoryMin=64M\nMemoryLow=96M\n")
    host.write(HIS, "[Slice]\nMemoryMin=32M\n")
    host.write(ours, "[Slice]\nMemoryMin=1G\n")
    found = configured(host.machine, UNIT)
    assert (found["memory.min"], found["memory.low"]) == (32 * MIB, 96 * MIB)


def test_a_slice_without_a_file_of_its_own(bus: FakeBus) -> None:
    host = answering(bus, "", HIS)
    host.write(HIS, "[Slice]\nMemoryMin=32M\n")
    assert configured(host.machine, UNIT)["memory.min"] == 32 * MIB


def test_slices_with_a_drop_in_of_ours_alone_are_found(bus: FakeBus) -> None:
    host = answering(bus, "")
    host.write(f"{DROP_INS}/{UNIT}.d/{DROP_IN}", "")
    host.write(f"{DROP_INS}/machine.slice.d/10-his.conf", "")
    host.write(f"{DROP_INS}/machine-a.scope.d/{DROP_IN}", "")
    assert with_our_drop_in(host.machine) == [UNIT]
