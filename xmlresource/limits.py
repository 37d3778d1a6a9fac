"""How much of a document is read: no domain comes near, and a hostile one must not cost more."""

from typing import Final

MOST_BYTES: Final = 32 * 1024 * 1024
"""The size of a document."""

MOST_LEVELS: Final = 256
"""Elements open at the same time: xmlParserMaxDepth of libxml2, with which libvirt parses."""
