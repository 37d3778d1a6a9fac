"""Hostile sources through the command: a clear answer, within bounds of processor and memory."""

import os
import resource
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

OVF = "http://schemas.dmtf.org/ovf/envelope/1"

# Of the processor: a machine that is shared takes any time for it. All together take some ten.
MOST_SECONDS = 120
MOST_MEMORY = 900 << 20

HOSTILE = {
    "blank lines": b"\n" * 90_000 + b"x",
    "blanks": b" " * (4 << 20),
    "equals": b"a=" * (2 << 20),
    "xl with blanks": b"name = 1\nmemory = " + b" " * (1 << 20) + b"'",
    "quotes": b'memsize = "' + b'" ' * (1 << 20),
    "brackets": b"[" * (1 << 20),
    "continued": b"[Slice]\n" + b"a=b\\\n" * 90_000,
    "devices": b"[Slice]\n" + b"IOReadIOPSMax=/dev/a 1\n" * 20_000,
    "settings": b"[" + b'{"Startup":1,"VMName":"a"},' * 19_000 + b'{"Startup":1}]',
    "commas": b"memory: 1\nscsi0: " + b"a=b," * (1 << 19),
    "disks": b'memsize = "1"\n'
    + b"".join(b'sched.scsi0:%d.shares = "%d"\n' % (place, place) for place in range(10_000)),
    "items": (
        f"<Envelope xmlns='{OVF}'><VirtualSystem><VirtualHardwareSection>"
        + "<Item><ResourceType>17</ResourceType><Weight>7</Weight></Item>" * 5_000
        + "</VirtualHardwareSection></VirtualSystem></Envelope>"
    ).encode(),
}


def archive(*members: tuple[str, bytes, bytes]) -> bytes:
    """A tar archive of members: name, type, content."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content)
            info.linkname = "/etc/passwd" if kind != tarfile.REGTYPE else ""
            tar.addfile(info, BytesIO(content))
    return packed.getvalue()


def test_bounds_hold(tmp_path: Path) -> None:
    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))

    for name, data in HOSTILE.items():
        (tmp_path / f"{name}.cfg").write_bytes(data)
    done = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "xmlresource", "import", tmp_path],
        capture_output=True,
        text=True,
        timeout=600,  # one that waits for something uses no processor
        check=False,
        preexec_fn=bound,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == 1, done.stderr
    assert " lost\n" in done.stdout


def test_an_archive_writes_nothing_and_follows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "evil.ova"
    members = (
        ("../../escaped.ovf", tarfile.SYMTYPE, b""),
        ("/etc/absolute.ovf", tarfile.LNKTYPE, b""),
        ("../outside.ovf", tarfile.REGTYPE, f"<Envelope xmlns='{OVF}'/>".encode()),
    )
    path.write_bytes(archive(*members))
    done = subprocess.run(  # noqa: S603 -- ourselves
        [sys.executable, "-m", "xmlresource", "import", path],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 1
    assert "evil.ova/../outside.ovf:1:1: XR801 error" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["evil.ova"]
