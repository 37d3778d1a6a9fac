"""The rules of input (XR0) and structure (XR1): what can be read, and what stands where."""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.diagnostics import Severity

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING

FORM_RULES: Final = (
    Code(
        "XR001",
        "unreadable",
        _ERROR,
        "A file that can't be read can't be checked, and CI must not pass without a check.",
        "xmlresource validate missing.xml",
        "Check the path and its permissions.",
    ),
    Code(
        "XR002",
        "not-well-formed",
        _ERROR,
        "The document is not XML: libvirt would refuse it as a whole.",
        "<memtune><hard_limit>1</memtune>",
        "Mend the XML at the place named.",
    ),
    Code(
        "XR003",
        "doctype",
        _ERROR,
        "A document type can define entities that grow without bound or read files. No domain "
        "needs one.",
        '<!DOCTYPE domain [<!ENTITY a "…">]>',
        "Remove the DOCTYPE.",
    ),
    Code(
        "XR004",
        "too-large",
        _ERROR,
        "A document beyond 32 MiB is no domain definition; reading it would only cost memory.",
        "a document of 100 MB",
        "Split it, or check that it is the file you meant.",
    ),
    Code(
        "XR005",
        "too-deep",
        _ERROR,
        "libxml2, and so libvirt, refuses elements nested deeper than 256.",
        "<a><a><a>… 300 levels",
        "Remove the nesting.",
    ),
    Code(
        "XR006",
        "encoding",
        _ERROR,
        "The bytes are not what the XML declaration or the byte order mark says.",
        '<?xml version="1.0" encoding="UTF-16"?> in a file of single bytes',
        "Save the file as UTF-8 and declare no other encoding.",
    ),
    Code(
        "XR007",
        "utf-16",
        _WARNING,
        "XML may be in UTF-16, but libvirt takes a document as a string that ends at the first "
        "zero byte: of UTF-16 it reads one character.",
        '<?xml version="1.0" encoding="UTF-16"?>',
        "Save the file as UTF-8.",
    ),
    Code(
        "XR010",
        "unknown-document",
        _ERROR,
        "The root element is none of libvirt's documents (a <domain>, a <network>, a <pool> …), "
        "and no bare <resource>, <memory> in the namespace urn:xmlresource:1, or <memtune>. In a "
        "folder such files are skipped; this one was named.",
        "<project>…</project>",
        "Give a document of libvirt's, or leave the file out of the check.",
    ),
    Code(
        "XR011",
        "policy-too-large",
        _ERROR,
        "What a guest with a policy asks for is decided while other starts wait, so a host reads "
        "only so much of it: 4 MiB, 50000 elements, 4096 devices, 256 memory devices (QEMU's "
        "most), 1024 devices in <io>, and sets of nodes that name 2048 numbers together. Such a "
        "guest is refused.",
        "<numatune><memory mode='strict' nodeset='0-4095'/></numatune> in a domain with a "
        "guarantee",
        "Leave out devices and metadata that the guest does not need; name only nodes that hosts "
        "have.",
    ),
    Code(
        "XR101",
        "unknown-element",
        _ERROR,
        "The element would be ignored: a misspelt limit is no limit.",
        "<memtune><hard_limitt>1</hard_limitt></memtune>",
        "Use a name from the table of tunables.",
    ),
    Code(
        "XR102",
        "duplicate-tunable",
        _ERROR,
        "libvirt takes the first and silently drops the others; its schema refuses them.",
        "<memtune><hard_limit>1</hard_limit><hard_limit>2</hard_limit></memtune>",
        "Keep one.",
    ),
    Code(
        "XR103",
        "unknown-attribute",
        _ERROR,
        "Only `unit` has a meaning here, and `priority` and `balance` in <memory>; with a misspelt "
        "`unit` the value would be read as KiB. In <io>, limits have `read` and `write`, and a "
        "<device> has `target` or `path`.",
        "<hard_limit units='GiB'>4</hard_limit>",
        "Write `unit`, or remove the attribute.",
    ),
    Code(
        "XR104",
        "rfc-spelling",
        _WARNING,
        "The proposal of 2010 spelt the name memoryMinGaurantee. It is read as memoryMinGuarantee, "
        "but the schemas know only the right spelling.",
        "<memoryMinGaurantee unit='GiB'>2</memoryMinGaurantee>",
        "Write memoryMinGuarantee.",
    ),
    Code(
        "XR105",
        "misplaced-element",
        _ERROR,
        "The element has a meaning in another place, but would be ignored here.",
        "<memtune><memoryHardLimit>1</memoryHardLimit></memtune>",
        "Move it, or use the name that it has here.",
    ),
    Code(
        "XR106",
        "stray-text",
        _ERROR,
        "Text between the tunables belongs to none of them.",
        "<memtune>4194304</memtune>",
        "Put the text into an element, or remove it.",
    ),
    Code(
        "XR107",
        "element-in-value",
        _ERROR,
        "A value is a number; elements inside it are not read.",
        "<hard_limit><value>1</value></hard_limit>",
        "Write the number right between the tags.",
    ),
    Code(
        "XR108",
        "duplicate-block",
        _ERROR,
        "Only the first block is read, and of metadata libvirt keeps only the first element of a "
        "namespace.",
        "<memtune>…</memtune><memtune>…</memtune>",
        "Merge the blocks into one.",
    ),
    Code(
        "XR109",
        "device-not-named",
        _ERROR,
        "A <device> of <io> is told by `target` or by `path`: without either nobody knows what is "
        "limited, and with both they may be two devices.",
        "<device><iopsHardLimit read='500'/></device>",
        "Write target='vda' for the device that a disk of the guest lies on, or path='/dev/sda'.",
    ),
    Code(
        "XR110",
        "limit-without-value",
        _ERROR,
        "A limit of IO has its values in the attributes `read` and `write`; without either it "
        "limits nothing.",
        "<iopsHardLimit unit='KiB'/>",
        "Write read='…', write='…' or both, or remove the element.",
    ),
    Code(
        "XR111",
        "duplicate-device",
        _ERROR,
        "Of a device that is named twice nobody knows which limits count.",
        "<device target='vda'>…</device><device target='vda'>…</device>",
        "Merge the two into one <device>.",
    ),
)
