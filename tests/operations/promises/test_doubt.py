"""Not knowing is no sign of death: what can't be read keeps its promise, and is told."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fakes.host import MIB, FakeHost, domain, guarantee, uuid
from tests.faults import scenes
from xmlresource.operations.guests.apply import apply
from xmlresource.operations.guests.hook_events import answer
from xmlresource.operations.promises.ledger_upkeep import current_promises
from xmlresource.promises.promise import Promise
from xmlresource.system import log
from xmlresource.system.state.state_folder import StateFolder

XML = domain("a", 1, guarantee(300), ram=200)
STATUS = "run/libvirt/qemu/a.xml"
PID = "run/libvirt/qemu/a.pid"
DEEP = b"<a:x xmlns:a='http://a'>" + b"<b>" * 253 + b"</b>" * 253 + b"</a:x></metadata>"


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(log, "_write", lambda _, event, **__: found.append(event.message))
    return found


@pytest.fixture(params=[1, 2])
def host(request: pytest.FixtureRequest, tmp_path: Path, said: list[str]) -> FakeHost:
    """A guest runs, with 100 MiB charged to it."""
    made = FakeHost(tmp_path, request.param)
    assert answer("a", "prepare", XML, None, made.machine) == (0, "")
    folder = made.run("a", 77, XML)
    assert answer("a", "started", XML, None, made.machine) == (0, "")
    usage = "memory.usage_in_bytes" if made.version == 1 else "memory.current"
    made.write(f"{folder}/{usage}", f"{100 * MIB}\n")
    said.clear()
    return made


def spoil(host: FakeHost, name: str, change: Callable[[bytes], bytes]) -> None:
    file = host.root / name
    file.write_bytes(change(file.read_bytes()))


def promises(host: FakeHost) -> tuple[Promise, ...]:
    """What the ledger has once another guest has stopped."""
    other = domain("other", 9, guarantee(1))
    assert answer("other", "stopped", other, None, host.machine) == (0, "")
    return scenes.ledger(host).all()


def lose(host: FakeHost) -> None:
    scenes.ledger_file(host).unlink()


CHANGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "cut in the policy": (STATUS, lambda text: text.partition(b"300")[0]),
    "cut behind the policy": (STATUS, lambda text: text.partition(b"</metadata>")[0]),
    "empty": (STATUS, lambda _: b""),
    "not XML": (STATUS, lambda _: b"\0\xff"),
    "no domain": (STATUS, lambda _: b"<domstatus pid='77'/>"),
    "as deep as libvirt takes it": (STATUS, lambda text: text.replace(b"</metadata>", DEEP)),
    "deeper": (STATUS, lambda text: text.replace(b"</metadata>", b"<c>" * 300)),
    "too large": (
        STATUS,
        lambda text: text.replace(b"</metadata>", b"<!--" + b"x" * (6 << 20) + b"--></metadata>"),
    ),
    "large before the policy": (
        STATUS,
        lambda text: text.replace(b"<metadata>", b"<metadata><!--" + b"x" * (6 << 20) + b"-->"),
    ),
    "too many elements": (
        STATUS,
        lambda text: text.replace(b"</metadata>", b"<b/>" * 60_000 + b"</metadata>"),
    ),
    "a garbage pid": (PID, lambda _: b"x\n"),
    "an empty pid file": (PID, lambda _: b""),
    "a large pid file": (PID, lambda _: b"7" * (1 << 20)),
}
KNOWN = {
    "cut behind the policy",
    "as deep as libvirt takes it",
    "deeper",
    "too large",
    "too many elements",
    "a garbage pid",
    "an empty pid file",
    "a large pid file",
}
"""Where what was promised can be read all the same."""


@pytest.mark.parametrize("change", CHANGES)
def test_a_promise_stands(host: FakeHost, change: str) -> None:
    spoil(host, *CHANGES[change])
    (promise,) = promises(host)
    assert (promise.uuid, promise.size) == (uuid(1), 300 * MIB)


@pytest.mark.parametrize("change", CHANGES)
def test_a_start_goes_on(host: FakeHost, change: str) -> None:
    """The daemon that asked for it is gone, the guest is there, and nothing can be read of it."""
    lose(host)
    host.process(55)
    assert answer("a", "prepare", XML, 55, host.machine)[0] == 0
    host.end(55)
    spoil(host, *CHANGES[change])
    assert [each.uuid for each in promises(host)] == [uuid(1)]


@pytest.mark.parametrize("change", CHANGES)
def test_after_a_lost_ledger(host: FakeHost, said: list[str], change: str) -> None:
    spoil(host, *CHANGES[change])
    lose(host)
    if change == "no domain":
        assert promises(host) == (), "what was read to its end says that there is no policy"
        return
    (promise,) = promises(host)
    assert promise.process is not None
    assert promise.process.pid == 77
    if change in KNOWN:
        assert (promise.uuid, promise.size) == (uuid(1), 300 * MIB)
        return
    # On v2 the kernel tells what it protects; on v1 there is its RAM, or else what it uses.
    on_v1 = 200 if change in {"cut in the policy", "large before the policy"} else 100
    assert promise.size == (300 if host.version == 2 else on_v1) * MIB
    assert [each for each in said if "may have been promised memory" in each]


def test_nothing_tells_the_process(host: FakeHost, said: list[str]) -> None:
    spoil(host, PID, lambda _: b"x")
    spoil(host, STATUS, lambda text: text.replace(b" pid='77'", b""))
    (promise,) = promises(host)
    assert promise.size == 300 * MIB
    lose(host)
    (promise,) = promises(host)
    assert promise.process is None
    assert promise.size == 200 * MIB, "its RAM"
    assert "may have been promised memory" in "".join(said)
    assert promises(host) == (promise,), "it stands as long as libvirt shows the guest"
    (host.root / PID).unlink()
    assert promises(host) == ()


def test_a_guest_without_a_policy_is_promised_nothing(host: FakeHost) -> None:
    plain = domain("plain", 5, "", more="<metadata><broken></metadata>")
    host.run("plain", 78, plain)
    lose(host)
    assert [each.name for each in promises(host)] == ["a"]


def test_what_is_in_doubt_ends_with_the_process_or_by_apply(host: FakeHost) -> None:
    whole = (host.root / STATUS).read_bytes()
    spoil(host, STATUS, lambda _: b"")
    lose(host)
    (doubtful,) = promises(host)
    assert doubtful.uuid != uuid(1)
    state = StateFolder(str(host.root / "run/xmlresource"))
    assert current_promises(host.machine, state) == (doubtful,)
    spoil(host, STATUS, lambda _: whole)
    apply("a", host.machine)
    assert [each.size for each in promises(host) if each.uuid == uuid(1)] == [300 * MIB]
    host.end(77)
    assert promises(host) == ()
