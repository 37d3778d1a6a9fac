"""The hook's files below ``/etc/libvirt/hooks``, and the daemons that have to notice them."""

import contextlib
import os
import re
import shlex
import shutil
import signal
from importlib.resources import files
from typing import Final

import xmlresource
from xmlresource.record import record
from xmlresource.system.machine import Machine

DRIVERS: Final = ("qemu", "lxc")
FOLDER: Final = "/etc/libvirt/hooks"
NAME: Final = "50-xmlresource"

# Those that run hooks: the one of old, and the modular ones.
_DAEMONS: Final = frozenset({"libvirtd", "virtqemud", "virtlxcd"})
_MODE: Final = 0o755
_PROGRAMS: Final = "/usr/bin:/bin:/run/current-system/sw/bin"  # the last is NixOS's


@record
class Daemon:
    """A running libvirt daemon."""

    name: str
    pid: int


def path_of(driver: str) -> str:
    """Where the driver's hook belongs."""
    return f"{FOLDER}/{driver}.d/{NAME}"


def script(python: str, folder: str | None = None) -> str:
    """The hook, run by the interpreter ``python``.

    Args:
        python: The interpreter's path.
        folder: Where it finds the package; the place of this one where not given.
    """
    template = files("xmlresource.system").joinpath("libvirt-hook.sh").read_text("utf-8")
    found = folder or os.path.dirname(os.path.dirname(xmlresource.__file__))
    # By its full path, or the daemon's PATH would choose it.
    cat = shutil.which("cat", path=_PROGRAMS) or "/bin/cat"
    words = {"@PYTHON@": python, "@FOLDER@": found, "@CAT@": cat}
    return re.sub("@[A-Z]+@", lambda match: shlex.quote(words[match[0]]), template)


def installed_script(machine: Machine, driver: str) -> str | None:
    """The hook that is there, ``None`` for none.

    Raises:
        OSError: It can't be read.
    """
    return machine.read_if_there(path_of(driver))


def install(machine: Machine, driver: str, content: str) -> None:
    """Put the hook in its place, at once: no daemon ever sees half of it.

    Raises:
        OSError: It can't be written.
    """
    path = machine.path(path_of(driver))
    os.makedirs(os.path.dirname(path), mode=_MODE, exist_ok=True)
    # libvirt runs whatever is executable there, so the file becomes so only in its own place.
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        rest = content.encode("utf-8")
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.rename(temporary, path)
    os.chmod(path, _MODE)


def uninstall(machine: Machine, driver: str) -> bool:
    """Remove the hook, and its folder where that is left empty; whether there was one.

    Raises:
        OSError: It can't be removed.
    """
    path = machine.path(path_of(driver))
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    with contextlib.suppress(OSError):  # other hooks are in it
        os.rmdir(os.path.dirname(path))
    return True


def daemons(machine: Machine) -> list[Daemon]:
    """The running libvirt daemons that see the same files as this process."""
    own = _namespace(machine, "self")
    found = []
    for name in machine.names_in("/proc"):
        if not name.isdigit():
            continue
        command = (machine.read_if_there(f"/proc/{name}/comm") or "").strip()
        if command in _DAEMONS and _namespace(machine, name) == own:
            found.append(Daemon(command, int(name)))
    return found


def notify(daemon: Daemon) -> bool:
    """Have a daemon look for hooks again; whether it could be told.

    libvirt looks for them when it starts and on SIGHUP (virHookInitialize).
    """
    try:
        os.kill(daemon.pid, signal.SIGHUP)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def apparmor_denies(machine: Machine, python: str) -> bool:
    """Whether AppArmor's profile of libvirtd would keep it from running ``python``.

    The profile lets daemons run what is in ``/usr/bin``, by the path that links end at.
    """
    enabled = machine.read_if_there("/sys/module/apparmor/parameters/enabled")
    if enabled is None or enabled.strip() != "Y":
        return False
    return os.path.dirname(os.path.realpath(python)) not in {"/usr/bin", "/bin"}


def _namespace(machine: Machine, process: str) -> str | None:
    try:
        return os.readlink(machine.path(f"/proc/{process}/ns/mnt"))
    except OSError:
        return None
