"""The kind of a document, told by its first bytes alone, without parsing it."""

import re
from typing import Final

from xmlresource.formats.document_kinds import KINDS, DocumentKind
from xmlresource.tunables import NAMESPACE

_FRAGMENTS: Final = frozenset({"resource", "memory", "cpu", "io", "memtune"})
# Their names are those of too much else.
_OF_OUR_NAMESPACE: Final = frozenset({"memory", "io"})

# Nothing in it is tried twice: a hostile prolog must not take time that doubles with each comment.
_PROLOG: Final = (
    rb"(?:\xef\xbb\xbf)?\s*+"
    rb"(?>(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?>\[.*?\]\s*+)?>)\s*+)*+"
)
_ROOT: Final = re.compile(_PROLOG + rb"<(?:([\w.-]+):)?([\w.-]+)([^>]*+)", re.DOTALL)
_DECLARATION: Final = rb"(?:^|\s)%s\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
_OF_LIBVIRT: Final = b"libvirt"
_MOST: Final = 1 << 20
_UTF16: Final = {
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}


def kind_of(data: bytes) -> DocumentKind | None:
    """The kind that the bytes of a document begin as; ``None`` for none of libvirt's.

    They are not parsed: it may turn out to be no XML.
    """
    match = _ROOT.match(data)
    if match is None or match[1] is not None or _is_default(NAMESPACE, match[3]):
        return None
    return KINDS.get(match[2].decode("utf-8", "replace"))


def seems_ours(data: bytes) -> bool:
    """Whether the bytes begin as a document of libvirt's or a fragment of ours.

    One in a namespace that has nothing to do with libvirt is somebody else's: many programs have a
    <domain> or an <interface>. One whose namespace is libvirt's, or ours, is meant to be checked.
    """
    text = _as_utf8(data)
    match = _ROOT.match(text)
    if match is None:  # no XML at all: a domain that was cut or spoilt must not pass for another's
        return not text.strip(b"\0 \t\r\n") or b"<domain" in text
    prefix, local, attributes = match[1], match[2].decode("utf-8", "replace"), match[3]
    if local not in KINDS and local not in _FRAGMENTS:
        return False
    namespace = _declared(b"xmlns" if prefix is None else b"xmlns:" + re.escape(prefix), attributes)
    if local in _OF_OUR_NAMESPACE:
        return namespace == NAMESPACE.encode()
    return namespace in {b"", NAMESPACE.encode()} or _OF_LIBVIRT in namespace


def _is_default(namespace: str, attributes: bytes) -> bool:
    """Whether it is the default namespace: libvirt has a <cpu> too, and no namespace of ours."""
    wanted = namespace.encode()
    return wanted in attributes and _declared(b"xmlns", attributes) == wanted


def _declared(name: bytes, attributes: bytes) -> bytes:
    """The value of a declaration among the attributes of a start tag; empty for none."""
    found = re.search(_DECLARATION % name, attributes) if b"xmlns" in attributes else None
    return b"" if found is None else found[1] or found[2] or b""


def _as_utf8(data: bytes) -> bytes:
    codec = _UTF16.get(data[:2])
    data = data if codec is None else data[:_MOST]
    return data if codec is None else data.decode(codec, "ignore").removeprefix("\ufeff").encode()
