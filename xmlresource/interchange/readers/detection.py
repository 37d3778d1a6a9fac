"""Which format a source is in, told by its content alone, and its guests."""

import re
from collections.abc import Callable
from typing import Final, TypeAlias

from xmlresource.document.source import Source
from xmlresource.document.tree import Element, ReadLimits, parse
from xmlresource.interchange.allocation import SourceGuest
from xmlresource.interchange.errors import source_error
from xmlresource.interchange.readers.cim_xml import read_cim_xml
from xmlresource.interchange.readers.hyperv import read_hyperv
from xmlresource.interchange.readers.kubevirt import read_kubevirt
from xmlresource.interchange.readers.ovf import ENVELOPE, read_ovf
from xmlresource.interchange.readers.proxmox import read_proxmox
from xmlresource.interchange.readers.systemd_unit import read_systemd_unit
from xmlresource.interchange.readers.text_source import decoded
from xmlresource.interchange.readers.vmx import read_vmx
from xmlresource.interchange.readers.xl import read_xl
from xmlresource.limits import MOST_LEVELS, MOST_POLICY_ELEMENTS

Reader: TypeAlias = Callable[[bytes, str], SourceGuest | tuple[SourceGuest, ...]]

_LIMITS: Final = ReadLimits(MOST_LEVELS, MOST_POLICY_ELEMENTS)
_XML_BEGINS: Final = re.compile(rb"(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0]*<")
_TAR_SIGN: Final = slice(257, 262)

_KUBEVIRT: Final = re.compile(
    r"""(?:^|[ {,'"])apiVersion["']?[ \t]{0,9}:[ \t]{0,9}["']?kubevirt\.io/""", re.MULTILINE
)
_COMMENT: Final = re.compile(r"\s*(?:[#;].*)?")
_SECTION: Final = re.compile(r"\[[A-Za-z0-9-]+\]\s*")
_COLON: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*:(?:\s.*)?")
_EQUALS: Final = re.compile(r"\s*([.\w:-]+)\s*\+?=.*")
_VMX_KEYS: Final = frozenset(
    {".encoding", "config.version", "virtualhw.version", "displayname", "memsize", "guestos"}
)
_XL_KEYS: Final = frozenset({"name", "memory", "maxmem", "vcpus", "kernel", "bootloader", "disk"})
_CONF_KEYS: Final = frozenset({"memory", "cores", "sockets", "name", "ostype", "boot", "vmgenid"})


def is_archive(beginning: bytes) -> bool:
    """Whether a file begins as a tar archive does, which an .ova is (POSIX.1's ustar)."""
    return beginning[_TAR_SIGN] == b"ustar"


def guests_in(data: bytes, path: str, configuration: str | None = None) -> tuple[SourceGuest, ...]:
    """The guests that a source defines.

    Args:
        data: The source.
        path: Its name for messages.
        configuration: The deployment option of an OVF descriptor.

    Raises:
        DocumentError: It is XML, and can't be read.
        SourceError: It is of no known format (XR801), or not as its format has it.
    """
    if _XML_BEGINS.match(data):
        return _in_xml(parse(Source(data, path), _LIMITS), path, configuration)
    found = _reader_of(data, path)(data, path)
    return found if isinstance(found, tuple) else (found,)


def _in_xml(root: Element, path: str, configuration: str | None) -> tuple[SourceGuest, ...]:
    if root.local == "Envelope" and (root.namespace or "").startswith(ENVELOPE.rstrip("/")):
        guests = read_ovf(root, configuration)
        if not guests:
            message = "the descriptor has no virtual system"
            raise source_error("XR801", message, path, span=root.span)
        return guests
    guests = read_cim_xml(root) if root.local in {"CIM", "INSTANCE"} else ()
    if not guests:
        message = f"<{root.name}> is no OVF descriptor, and holds no allocation settings in CIM-XML"
        raise source_error("XR801", message, path, span=root.span)
    return guests


def _reader_of(data: bytes, path: str) -> Reader:
    source = decoded(data, path)
    text = source.text.lstrip()
    if _KUBEVIRT.search(source.text):
        return read_kubevirt
    if text.startswith(("{", "[\n", "[\r", "[{", "[ ", "[]")):
        return read_hyperv
    lines = [line for line in source.lines if not _COMMENT.fullmatch(line)]
    if lines and _SECTION.fullmatch(lines[0]):
        return read_systemd_unit
    keys = {found[1].lower() for line in lines if (found := _EQUALS.fullmatch(line))}
    colons = {line.partition(":")[0].lower() for line in lines if _COLON.fullmatch(line)}
    if keys & _VMX_KEYS:
        return read_vmx
    if colons & _CONF_KEYS and not keys & _XL_KEYS:
        return read_proxmox
    if keys & _XL_KEYS:
        return read_xl
    raise source_error("XR801", "the content is that of no format that is known", path)
