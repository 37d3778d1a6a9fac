"""What each operation of the hook loads: a module that makes a guest wait longer is added here.

``XMLRESOURCE_WRITE_EXPECTED=1 pytest tests/operations/guests/test_loaded_modules.py`` writes the
lists anew; read the diff.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.host import FakeHost, domain, guarantee
from xmlresource.operations.guests.hook_events import answer

REPOSITORY = Path(__file__).parents[3]
LISTS = Path(__file__).parent / "loaded"
OPERATIONS = {
    "prepare": "a start on a host with room",
    "started": "the policy is written",
    "stopped": "the promise is dropped",
    "reconnect": "a guest that runs is taken in",
}
PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
from xmlresource import hook
from xmlresource.operations.guests.hook_events import answer
from xmlresource.system.machine import Machine
status, text = answer("db1", sys.argv[3], sys.stdin.buffer.read(), None, Machine(sys.argv[2]))
assert status == 0, text
print(*sorted(name for name in sys.modules if name.partition(".")[0] == "xmlresource"), sep="\\n")
"""


@pytest.fixture
def host(tmp_path: Path) -> FakeHost:
    """One guest has a promise already, so that the ledger is there."""
    made = FakeHost(tmp_path)
    other = domain("web1", 2, guarantee(64))
    made.run("web1", 102, other)
    assert answer("web1", "prepare", other, None, made.machine) == (0, "")
    assert answer("web1", "started", other, None, made.machine) == (0, "")
    return made


def loaded(host: FakeHost, operation: str, xml: bytes) -> str:
    done = subprocess.run(  # noqa: S603 -- this Python
        [sys.executable, "-I", "-c", PROGRAM, str(REPOSITORY), str(host.root), operation],
        input=xml,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def test_a_start_that_fits_knows_nothing_of_asking_for_room(host: FakeHost) -> None:
    """Where the balancing service is set up, too, it pays for reading that and no more."""
    host.write("/etc/xmlresource.toml", '[balance]\nmode = "balloon"\nmake_room = "60s"\n')
    before = set((LISTS / "prepare.txt").read_text().split())
    more = set(loaded(host, "prepare", domain("db1", 1, guarantee(64))).split()) - before
    assert not {each for each in more if "room" in each or ".live" in each or ".balance." in each}
    assert "xmlresource.configuration.balance_settings" in more


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_loads_what_is_listed(host: FakeHost, operation: str) -> None:
    xml = domain("db1", 1, guarantee(64))
    if operation != "prepare":
        assert answer("db1", "prepare", xml, None, host.machine) == (0, "")
        host.run("db1", 101, xml)
    expected = LISTS / f"{operation}.txt"
    found = loaded(host, operation, xml)
    if os.environ.get("XMLRESOURCE_WRITE_EXPECTED"):
        expected.write_text(found)
    assert found == expected.read_text(), OPERATIONS[operation]
