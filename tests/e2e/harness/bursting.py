"""A small guest that needs its memory again once some of it was taken: it bursts."""

from __future__ import annotations

import subprocess
from pathlib import Path

CACHE = Path("/var/cache/xmlresource-e2e")  # of guest/build.sh
INIT = Path(__file__).parents[1] / "guest" / "init"

_WHOLE = CACHE / "initrd-that-bursts"
_WORDS = "balloon=no) balloon=no ;;"
_MORE_WORDS = """balloon=no) balloon=no ;;
    burst=*) burst=${word#burst=} ;;
    taken=*) taken=${word#taken=} ;;"""
_IDLE = "while :; do $b sleep 3600; done"
# It never takes its last MiB: a guest that runs out of memory kills what it runs, and has lost.
_BURST = """\
field() {
    while read -r name size rest; do
        [ "$name" != "$1:" ] || echo "$size"
    done </proc/meminfo
}
had=$(field MemTotal)
while [ "$(field MemTotal)" -gt $((had - taken * 1024)) ]; do $b sleep 0.2; done
echo 'the guest bursts'
written=0
while [ "$written" -lt "$burst" ]; do
    if [ "$(field MemAvailable)" -gt 10240 ]; then
        $b dd if=/dev/zero of="/mem/burst$written" bs=1M count=1 2>/dev/null
        written=$((written + 1))
    else
        $b sleep 0.2
    fi
done
echo 'the guest has what it needs'
"""


def initrd() -> Path:
    """The small guest's initial RAM disk, with an ``init`` that bursts.

    The kernel unpacks one archive after the other, and of files of a name the last stands.
    """
    if _WHOLE.exists():
        return _WHOLE
    script = INIT.read_text()
    assert _WORDS in script
    assert _IDLE in script
    folder = CACHE / "bursting"
    folder.mkdir(exist_ok=True)
    init = folder / "init"
    init.write_text(script.replace(_WORDS, _MORE_WORDS).replace(_IDLE, _BURST + _IDLE))
    init.chmod(0o755)
    archive = subprocess.run(
        ["/bin/busybox", "cpio", "-o", "-H", "newc"],
        cwd=folder,
        input=b"init\n",
        capture_output=True,
        check=True,
    ).stdout
    init.unlink()
    folder.rmdir()
    compressed = (CACHE / "initrd").read_bytes()
    # The kernel takes an archive at multiples of 4 alone (init/initramfs.c, unpack_to_rootfs).
    _WHOLE.write_bytes(compressed + bytes(-len(compressed) % 4) + archive)
    _WHOLE.chmod(0o644)
    return _WHOLE


def remove() -> None:
    """Leave nothing of it in the cache."""
    _WHOLE.unlink(missing_ok=True)
