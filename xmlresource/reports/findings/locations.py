"""Places and fingerprints of findings, as the machines that read reports want them."""

from typing import Final

from xmlresource.diagnostics import Diagnostic, Span
from xmlresource.system.files.document_files import below

_BEGINNING: Final = Span(1, 1, 1, 1, 0, 0)


def span_of(found: Diagnostic) -> Span:
    """Its place; the beginning of the file where it is about the file as a whole."""
    return found.span or _BEGINNING


def fingerprints(diagnostics: tuple[Diagnostic, ...], folder: str) -> list[str]:
    """A name for each finding that no other has, and that stays when lines move.

    Two findings alike in one file are told apart by their order.
    """
    from hashlib import sha256  # noqa: PLC0415 -- only two formats need it

    seen: dict[str, int] = {}
    names = []
    for found in diagnostics:
        parts = (found.code, below(found.path, folder), found.xpath or "")
        key = "\0".join(parts)
        seen[key] = seen.get(key, 0) + 1
        text = f"{key}\0{seen[key]}".encode("utf-8", "surrogatepass")
        names.append(sha256(text).hexdigest()[:32])
    return names
