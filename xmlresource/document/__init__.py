"""Reading documents: bytes in, exact places and the policy out. Nothing here judges or writes."""

from xmlresource.document.document import Document
from xmlresource.document.errors import DocumentError

__all__ = ["Document", "DocumentError"]
