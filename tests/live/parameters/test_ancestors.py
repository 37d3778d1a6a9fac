"""On v2 the cgroups above a guest follow what it is given live: its scope, and machine.slice."""

import sys
from collections.abc import Iterator

import pytest

from tests.fakes.bus import FakeBus
from tests.fakes.host import MIB
from tests.fakes.libvirt import CONFIG, LIVE, FakeDomain, FakeLibvirtError, module
from tests.fakes.systemd import LIBVIRTD, SLICE, Systemd
from xmlresource.live import set_memory_parameters
from xmlresource.operations.administration.status import status
from xmlresource.operations.guest import RefusalError
from xmlresource.operations.guests.apply import apply
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system.state.state_folder import StateError
from xmlresource.units import UNLIMITED_KIB

FILES = ("memory.min", "memory.low")
Sizes = tuple[int, int]


@pytest.fixture
def domain(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeDomain]:
    monkeypatch.setattr("tests.fakes.libvirt.FILES", {})
    bus = FakeBus()
    made = FakeDomain(Systemd(bus))
    monkeypatch.setitem(sys.modules, "libvirt", module(made))
    yield made
    bus.close()


def change(domain: FakeDomain, flags: int = LIVE, **mebibytes: int) -> None:
    params = {name: size << 10 for name, size in mebibytes.items()}
    if params.get("soft_limit") == 0:
        params["soft_limit"] = UNLIMITED_KIB
    set_memory_parameters(domain, params, flags, domain.host.machine)


def protection(domain: FakeDomain, folder: str) -> Sizes:
    guarantee, soft = (int(domain.host.read(f"{folder}/{file}")) // MIB for file in FILES)
    return guarantee, soft


def chain(domain: FakeDomain) -> list[Sizes]:
    """memory.min and memory.low in MiB of the guest, its scope, and machine.slice."""
    scope = domain.folder.removesuffix("/libvirt")
    return [protection(domain, folder) for folder in (domain.folder, scope, SLICE)]


def transaction(domain: FakeDomain) -> list[Sizes]:
    promises = [each.held.promise for each in status(domain.host.machine).guests]
    return [(promise.size // MIB, promise.soft // MIB) for promise in promises]


def booked_for(domain: FakeDomain) -> Sizes:
    return (transaction(domain) or [(0, 0)])[0]


def end(domain: FakeDomain) -> None:
    xml = domain.XMLDesc(0).encode()
    domain.host.end(domain.pid or 0)
    (domain.host.root / "run/libvirt/qemu/db1.pid").unlink()
    assert answer("db1", "stopped", xml, LIBVIRTD, domain.host.machine) == (0, "")


STEPS = [
    {"min_guarantee": 64},
    {"soft_limit": 96},
    {"soft_limit": 128},
    {"min_guarantee": 128},
    {"min_guarantee": 32},
    {"soft_limit": 48},
    {"min_guarantee": 16, "soft_limit": 80},
    {"min_guarantee": 0},
    {"min_guarantee": 24},
    {"soft_limit": 0},
    {"soft_limit": 32},
    {"min_guarantee": 0, "soft_limit": 0},
    {"soft_limit": 64},
    {"soft_limit": 40},
    {"soft_limit": 0},
]


def test_up_and_down_all_the_way(domain: FakeDomain) -> None:
    now = {"min_guarantee": 0, "soft_limit": 0}
    for step in STEPS:
        change(domain, **step)
        now |= step
        wanted = (now["min_guarantee"], now["soft_limit"])
        assert chain(domain) == [wanted] * 3, step
        assert transaction(domain) == ([wanted] if any(wanted) else []), step
        assert [each.drift for each in status(domain.host.machine).guests] in ([()], []), step


@pytest.mark.parametrize("left", [{"min_guarantee": 0}, {"soft_limit": 0}, {}])
def test_what_remains_is_taken_back_when_the_guest_ends(
    domain: FakeDomain, left: dict[str, int]
) -> None:
    change(domain, min_guarantee=64, soft_limit=96)
    if left:
        change(domain, **left)
    end(domain)
    assert protection(domain, SLICE) == (0, 0)
    assert transaction(domain) == []


@pytest.mark.parametrize("before", [{}, {"min_guarantee": 64}, {"soft_limit": 96},
                                    {"min_guarantee": 64, "soft_limit": 96}])  # fmt: skip
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("how", ["libvirt", "book", "later book"])
def test_what_fails_leaves_all_as_it_was(
    domain: FakeDomain, before: dict[str, int], step: dict[str, int], how: str
) -> None:
    if before:
        change(domain, LIVE | CONFIG, **before)
    found, booked = (chain(domain), domain.XMLDesc(0)), booked_for(domain)
    persistent = domain.XMLDesc(2)
    in_the_way = domain.host.root / "run/xmlresource/ledger.new"

    def fail(_name: str, side: int) -> None:
        if how == "later book":
            in_the_way.mkdir(exist_ok=True)
        elif side == CONFIG:
            domain.before_call = lambda _name, _side: None
            raise FakeLibvirtError("no", 1)

    domain.before_call = fail
    if how == "book":
        in_the_way.parent.mkdir(mode=0o700, exist_ok=True)
        in_the_way.mkdir()
    try:
        change(domain, LIVE | CONFIG if how == "libvirt" else LIVE, **step)
    except (RefusalError, StateError):
        pass
    else:  # there was nothing to tell, or to book
        assert how != "libvirt" or domain.XMLDesc(2) == persistent
        return
    if in_the_way.exists():
        in_the_way.rmdir()
    assert (chain(domain), domain.XMLDesc(0)) == found
    if how == "later book":  # which can't be put back either: it holds too much, never too little
        assert all(now >= then for now, then in zip(booked_for(domain), booked, strict=True))
    else:
        assert booked_for(domain) == booked


def test_where_the_book_cant_be_opened_again_the_guest_itself_is_put_back(
    domain: FakeDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(domain, min_guarantee=64)
    ledger = domain.host.root / "run/xmlresource/ledger"

    def fail(*_: object) -> None:
        ledger.chmod(0o666)
        raise StateError("no")

    monkeypatch.setattr("xmlresource.promises.ledger.Ledger.chunks", fail)
    with pytest.raises(StateError, match="no"):
        change(domain, min_guarantee=128)
    assert protection(domain, domain.folder) == (64, 0)


def test_what_the_administrator_gave_the_scope_is_left_alone(domain: FakeDomain) -> None:
    scope = domain.folder.removesuffix("/libvirt")
    domain.host.write(f"{scope}/memory.low", f"{8 * MIB}\n")
    change(domain, min_guarantee=64)
    change(domain, min_guarantee=0)
    assert protection(domain, scope) == (0, 8)


def test_apply_follows_a_live_definition_that_was_edited(domain: FakeDomain) -> None:
    change(domain, min_guarantee=64, soft_limit=96)
    guarantee = "<memoryMinGuarantee unit='MiB'>64</memoryMinGuarantee>"
    for soft in (128, 80, 0):
        element = f"<memorySoftLimit unit='MiB'>{soft}</memorySoftLimit>"
        domain.declare(guarantee + element * bool(soft), LIVE)
        apply("db1", domain.host.machine)
        assert chain(domain)[1:] == [(64, soft)] * 2
        assert transaction(domain) == [(64, soft)]
