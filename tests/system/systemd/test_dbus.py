"""Our few lines of D-Bus, held against jeepney's."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jeepney import DBusAddress, Message, MessageType, new_error, new_method_call, new_method_return
from jeepney.low_level import Parser as JeepneyParser

from tests.fakes.bus import FakeBus, refuse
from xmlresource.system.machine import Machine
from xmlresource.system.systemd import dbus, unit_properties
from xmlresource.system.systemd.dbus import BusError
from xmlresource.units import UNLIMITED

MANAGER = DBusAddress(
    "/org/freedesktop/systemd1",
    bus_name="org.freedesktop.systemd1",
    interface="org.freedesktop.systemd1.Manager",
)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=80)


@pytest.fixture
def bus() -> Iterator[FakeBus]:
    made = FakeBus()
    yield made
    made.close()


@given(TEXTS, TEXTS, st.integers(0, 2**64 - 1))
def test_a_call_has_the_bytes_that_jeepney_makes(unit: str, name: str, value: int) -> None:
    body = unit_properties.body_of(unit, name, UNLIMITED if value == 2**64 - 1 else value)
    made = dbus.message(unit_properties.METHOD, body, 7)
    (message,) = JeepneyParser().feed(made)
    assert message.header.message_type is MessageType.method_call
    assert message.header.serial == 7
    assert message.body == (unit, True, [(name, ("t", value))])
    theirs = new_method_call(MANAGER, "SetUnitProperties", "sba(sv)", message.body)
    assert message.header.fields == theirs.header.fields
    assert len(made) == len(theirs.serialise(serial=7))


def test_a_call_arrives(bus: FakeBus) -> None:
    unit_properties.set_property(Machine(str(bus.root)), "machine.slice", "MemoryMin", 4096)
    assert bus.calls == [("machine.slice", True, [("MemoryMin", ("t", 4096))])]


def test_unlimited_is_the_largest_number(bus: FakeBus) -> None:
    unit_properties.set_property(Machine(str(bus.root)), "machine.slice", "MemoryMin", UNLIMITED)
    assert bus.calls == [("machine.slice", True, [("MemoryMin", ("t", 2**64 - 1))])]


def test_an_error_says_who_what_and_why(bus: FakeBus) -> None:
    bus.answer = refuse("org.freedesktop.systemd1.NoSuchUnit", "Unit a.slice not loaded.")
    with pytest.raises(OSError, match=r"MemoryMin of a\.slice: Unit a\.slice not loaded\."):
        unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)


def test_an_error_without_words(bus: FakeBus) -> None:
    bus.answer = lambda message: new_error(message, "org.example.No", "u", (7,))
    with pytest.raises(OSError, match=r"no reason given \(org\.example\.No\)"):
        unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)


@pytest.mark.parametrize("name", ["ServiceUnknown", "NoReply", None])
def test_systemd_may_be_away_for_a_moment(bus: FakeBus, name: str | None) -> None:
    def once(message: Message) -> Message | None:
        bus.answer = new_method_return
        return name and new_error(message, f"org.freedesktop.DBus.Error.{name}", "s", ("gone",))

    bus.answer = once
    unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)
    assert len(bus.calls) == 2


def test_it_does_not_wait_for_ever(bus: FakeBus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit_properties, "PATIENCE", 0)
    bus.answer = refuse("org.freedesktop.DBus.Error.ServiceUnknown", "gone")
    with pytest.raises(OSError, match="gone"):
        unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)
    bus.answer = lambda _: None
    with pytest.raises(OSError, match="no way to systemd: the system bus hung up"):
        unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)


def test_no_bus_at_all(tmp_path: object) -> None:
    with pytest.raises(OSError, match=r"MemoryMin of a\.slice can't be set: no way to systemd"):
        unit_properties.set_property(Machine(str(tmp_path)), "a.slice", "MemoryMin", 0)


def test_a_bus_that_does_not_let_us_in(bus: FakeBus) -> None:
    bus.welcome = b"REJECTED EXTERNAL\r\n"
    with pytest.raises(OSError, match="does not let us in"):
        unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)


def answer_with(data: bytes, bus: FakeBus) -> None:
    class Raw:
        def serialise(self, serial: int) -> bytes:
            del serial
            return data

    bus.answer = lambda _: Raw()  # type: ignore[assignment,return-value] # what no bus sends


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"B" + bytes(15), "big-endian"),
        (b"l\2\0\1" + b"\xff" * 12, "more than can be meant"),
        (b"l\2\0\1" + bytes(8) + b"\x02\0\0\0" + b"\x05\x01" + bytes(6), "less than it announced"),
        (
            b"l\2\0\1" + bytes(8) + b"\x05\0\0\0" + b"\x05\x01d\0\0" + bytes(3),
            "header field of type 'd'",
        ),
    ],
)
def test_what_is_no_answer(bus: FakeBus, data: bytes, reason: str) -> None:
    answer_with(data, bus)
    with pytest.raises(OSError, match=reason):
        unit_properties.set_property(Machine(str(bus.root)), "a.slice", "MemoryMin", 0)


def test_the_error_is_an_oserror_with_its_name() -> None:
    error = BusError("org.example.No", "why")
    assert isinstance(error, OSError)
    assert error.name == "org.example.No"
    assert error.errno is None


@given(st.lists(TEXTS))
def test_the_strings_of_a_property(texts: list[str]) -> None:
    assert dbus.strings(body_of_variant("as", texts)) == tuple(texts)
    for text in texts:
        assert dbus.strings(body_of_variant("s", text)) == (text,)


def test_a_property_that_is_no_string() -> None:
    with pytest.raises(OSError, match="a value of type 't'"):
        dbus.strings(body_of_variant("t", 7))
    with pytest.raises(OSError, match="less than it announced"):
        dbus.strings(body_of_variant("as", ["a", "b"])[:-2])


def body_of_variant(kind: str, value: object) -> bytes:
    call = new_method_call(MANAGER, "Get", "ss", ("", ""))
    call.header.serial = 1
    message = new_method_return(call, "v", ((kind, value),))
    whole = message.serialise(serial=1)
    return whole[-int.from_bytes(whole[4:8], "little") :]
