"""The bounds on reading a document: no domain comes near, and a hostile one must not cost more."""

from typing import Final

MOST_BYTES: Final = 32 * 1024 * 1024
"""The size of a document."""

MOST_LEVELS: Final = 256
"""Elements open at the same time: xmlParserMaxDepth of libxml2, with which libvirt parses."""

# A document that declares a policy decides what others wait for, so less of it is read.

MOST_POLICY_BYTES: Final = 4 * 1024 * 1024
"""The size of a document with a policy: VIR_NET_MESSAGE_STRING_MAX, what libvirt's clients can send
it as one string."""

MOST_POLICY_ELEMENTS: Final = 50_000
"""Its elements."""

MOST_DEVICES: Final = 4096
"""Its devices of any kind."""

MOST_IO_DEVICES: Final = 1024
"""The ``<device>`` elements of its ``<io>``: no host has more than a few hundred block devices."""

MOST_MEMORY_DEVICES: Final = 256
"""Its memory devices: QEMU's ACPI_MAX_RAM_SLOTS."""

MOST_NODES_NAMED: Final = 2048
"""The numbers of nodes in all its sets together, each as often as it is named."""
