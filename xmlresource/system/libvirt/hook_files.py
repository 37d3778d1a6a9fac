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
PACKAGE: Final = "/usr/lib/xmlresource"
"""Where a distribution's package has the program."""

# Those that run hooks, and whose: the one of old, and the modular ones.
_DAEMONS: Final = {"libvirtd": DRIVERS, "virtqemud": ("qemu",), "virtlxcd": ("lxc",)}
# Included by the profile of each daemon (/etc/apparmor.d/local/README).
_ADDITIONS: Final = "/etc/apparmor.d/local"
_MODE: Final = 0o755
_PROGRAMS: Final = "/usr/bin:/bin:/run/current-system/sw/bin"  # the last is NixOS's


@record
class Daemon:
    """A running libvirt daemon.

    Attributes:
        name: The program.
        pid: Its process.
        sees_hook: Whether it finds in its own root the hooks that are in ours; ``None`` where that
            can't be told.
    """

    name: str
    pid: int
    sees_hook: bool | None = True


def path_of(driver: str) -> str:
    """The path of the driver's hook."""
    return f"{FOLDER}/{driver}.d/{NAME}"


def script(python: str, folder: str | None = None) -> str:
    """The hook, run by the interpreter ``python``.

    Args:
        python: The interpreter's path.
        folder: Where it finds the package; the place of this one where not given.
    """
    template = files("xmlresource.system").joinpath("libvirt-hook.sh").read_text("utf-8")
    found = folder or own_folder()
    # By its full path, or the daemon's PATH would choose it.
    cat = shutil.which("cat", path=_PROGRAMS) or "/bin/cat"
    words = {"@PYTHON@": python, "@FOLDER@": found, "@CAT@": cat}
    return re.sub("@[A-Z]+@", lambda match: shlex.quote(words[match[0]]), template)


def own_folder() -> str:
    """The folder that holds the package that runs now."""
    return os.path.dirname(os.path.dirname(xmlresource.__file__))


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
    """The running libvirt daemons, also those that see other files than this process.

    A mount namespace of its own does not keep a daemon from seeing the hook (systemd's
    PrivateMounts=), and another root does (a container).
    """
    found = []
    for name in machine.names_in("/proc"):
        if not name.isdigit():
            continue
        command = (machine.read_if_there(f"/proc/{name}/comm") or "").strip()
        if command in _DAEMONS:
            seen = [is_seen(machine, name, path_of(driver)) for driver in _DAEMONS[command]]
            # One that is not seen outweighs one that nobody knows of.
            sees = False if False in seen else None if None in seen else True
            found.append(Daemon(command, int(name), sees))
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

    The profile lets daemons run what is in ``/usr/bin``, by the path that links end at, and what
    the administrator has added to it.
    """
    if not apparmor_enabled(machine):
        return False
    program = os.path.realpath(python)
    return os.path.dirname(program) not in {"/usr/bin", "/bin"} and not _is_added(machine, program)


def _is_added(machine: Machine, program: str) -> bool:
    """Whether a line that was added to a profile lets a daemon execute just this file."""
    # apparmor.d(5): a rule ends with a comma, and each mode of execution has an x.
    rule = re.compile(
        rf'^\s*"?{re.escape(program)}"?\s+[rwmklaPpCcUui]*x[rwmkl]*\s*,', re.MULTILINE
    )
    added = (machine.read_if_there(f"{_ADDITIONS}/usr.sbin.{daemon}") for daemon in _DAEMONS)
    return any(rule.search(text) for text in added if text is not None)


def apparmor_enabled(machine: Machine) -> bool:
    """Whether the kernel has AppArmor, and it is on."""
    enabled = machine.read_if_there("/sys/module/apparmor/parameters/enabled")
    return enabled is not None and enabled.strip() == "Y"


def is_seen(machine: Machine, process: str, path: str) -> bool | None:
    """Whether a process finds the same file at ``path``, or the same folder where we have none."""
    own = None
    while own is None:
        try:
            own = os.stat(machine.path(path))
        except FileNotFoundError:
            path = os.path.dirname(path)
        except OSError:
            return None
    try:
        theirs = os.stat(machine.path(f"/proc/{process}/root{path}"))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return None
    return (own.st_dev, own.st_ino) == (theirs.st_dev, theirs.st_ino)
