"""Running guests' definitions, read from libvirt's files, and read again when they change."""

from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, guarantee, uuid
from xmlresource.operations.guests.guest_definitions import GuestDefinitions
from xmlresource.system.machine import Machine

BALLOON = "<memballoon model='virtio'><stats period='7'/></memballoon>"


def definition(
    current: int = 100, *, balloon: str = BALLOON, memory: str = "", number: int = 1
) -> str:
    return (
        f"<domain type='qemu' id='1'><name>db1</name><uuid>{uuid(number)}</uuid>"
        "<metadata><xr:resource xmlns:xr='urn:xmlresource:1'>"
        f"<xr:memory{memory}>{guarantee(60)}</xr:memory></xr:resource></metadata>"
        f"<memory unit='MiB'>128</memory><currentMemory unit='MiB'>{current}</currentMemory>"
        f"<devices>{balloon}</devices></domain>\n"
    )


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    made = FakeHost(tmp_path)
    made.run("db1", 4242, definition().encode())
    return made


def persistent(host: FakeHost, text: str) -> None:
    host.write("/etc/libvirt/qemu/db1.xml", text)
    (host.root / "etc/libvirt/qemu/db1.xml").chmod(0o600)


def test_what_a_definition_says(host: FakeHost) -> None:
    (found,) = GuestDefinitions(host.machine).current()
    assert found.key == ("qemu", uuid(1))
    assert (found.ram, found.current, found.maximum) == (128 * MIB, 100 * MIB, 128 * MIB)
    assert (found.declared, found.balance, found.has_balloon) == (60 * MIB, None, True)
    assert found.reports_every == 7
    assert found.lack == 28 * MIB


def test_a_persistent_definition_says_how_much_it_has(host: FakeHost) -> None:
    persistent(host, definition(110))
    (found,) = GuestDefinitions(host.machine).current()
    assert (found.maximum, found.lack) == (110 * MIB, 10 * MIB)


@pytest.mark.parametrize(
    "text",
    ["nonsense", "<domain/>", definition(110, number=2), definition(110).replace("110<", "x<")],
)
def test_another_persistent_definition_says_nothing(host: FakeHost, text: str) -> None:
    persistent(host, text)
    (found,) = GuestDefinitions(host.machine).current()
    assert found.maximum == 128 * MIB


@pytest.mark.parametrize("balloon", ["", "<memballoon model='none'/>"])
def test_without_a_balloon_nothing_lacks(host: FakeHost, balloon: str) -> None:
    text = definition(balloon=balloon)
    host.write("/run/libvirt/qemu/db1.xml", f"<domstatus>{text}</domstatus>")
    (found,) = GuestDefinitions(host.machine).current()
    assert (found.has_balloon, found.lack, found.reports_every) == (False, 0, 0)


def test_a_guest_can_say_no(host: FakeHost) -> None:
    text = definition(memory=" balance='no'")
    host.write("/run/libvirt/qemu/db1.xml", f"<domstatus>{text}</domstatus>")
    (found,) = GuestDefinitions(host.machine).current()
    assert found.balance is False


class CountingMachine(Machine):
    """Counts how often the guest's definition is read."""

    reads = 0

    def read_beginning(self, path: str, most: int) -> bytes:
        if path.endswith("db1.xml"):
            type(self).reads += 1
        return super().read_beginning(path, most)


def test_it_is_read_again_when_it_changes(host: FakeHost) -> None:
    CountingMachine.reads = 0
    definitions = GuestDefinitions(CountingMachine(str(host.root)))
    first = definitions.current()
    assert definitions.current() == first
    assert CountingMachine.reads == 1
    host.write("/run/libvirt/qemu/db1.xml", f"<domstatus>{definition(90)} </domstatus>")
    (found,) = definitions.current()
    assert found.current == 90 * MIB
    persistent(host, definition(111))
    (found,) = definitions.current()
    assert found.maximum == 111 * MIB
    assert CountingMachine.reads == 3


def test_what_cant_be_read_is_named(host: FakeHost) -> None:
    definitions = GuestDefinitions(host.machine)
    host.write("/run/libvirt/qemu/db1.xml", "<domstatus><domain>")
    assert definitions.current() == ()
    assert [each.file_name for each in definitions.unreadable()] == ["db1"]
    host.end(4242)
    assert definitions.current() == ()
    assert definitions.unreadable() == ()
