"""The bytes that tell, before anything is parsed, whether a document can hold a policy of ours.

A namespace stands in quotes and an element behind ``<``: a word in a description is neither. Only a
character reference could spell the namespace in another way, and only UTF-16 other bytes. libvirt
writes UTF-8 and namespaces as they are, but non-ASCII in other people's attributes as references
(libxml2's xmlNodeDump), so where one stands the parser is to look.

The script that ``xmlresource hook install`` puts in place knows the same signs.
"""

_NAMESPACE = b"urn:xmlresource:"
_CERTAIN = (b'"' + _NAMESPACE, b"'" + _NAMESPACE, b"<min_guarantee")
_UNCERTAIN = (b"&#", b"\0")


def may_declare(document: bytes) -> bool:
    """Whether a policy can be declared at all; where not, nothing of ours is to be done."""
    return any(sign in document for sign in (*_CERTAIN, *_UNCERTAIN))


def declares(document: bytes) -> bool:
    """Whether our namespace or libvirt's element stands in it: what holds when no parser can tell.

    A guest is kept from starting for a document that nobody could read only where this is so.
    """
    text = document.replace(b"\0", b"") if b"\0" in document else document
    return any(sign in text for sign in _CERTAIN)
