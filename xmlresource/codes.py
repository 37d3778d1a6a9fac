"""The registry of rule codes: what each means, why it is a rule, and how to mend it.

One row a code. ``validate`` reports them, ``explain`` prints a row, the docs page is made from all.
The hundreds group them: 0 input, 1 structure, 2 values, 3 relations, 4 libvirt, 5 sizing, 6 the
schema of whole domains, 7 suppressions.
"""

from typing import Final

from xmlresource.diagnostics import Diagnostic, Edit, Severity, Span
from xmlresource.record import record

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING


@record
class Code:
    """One rule.

    Attributes:
        code: ``XR`` and three digits; never used again for something else.
        name: A short name.
        severity: What a finding counts as.
        reason: Why it is a rule.
        example: A fragment that breaks it.
        cure: What to do.
    """

    code: str
    name: str
    severity: Severity
    reason: str
    example: str
    cure: str

    def diagnostic(
        self,
        message: str,
        path: str,
        *,
        span: Span | None = None,
        xpath: str | None = None,
        hint: str | None = None,
        fix: tuple[Edit, ...] = (),
    ) -> Diagnostic:
        """A finding of this rule."""
        return Diagnostic(self.code, self.severity, message, path, span, xpath, hint, fix)


_ROWS: Final = (
    Code(
        "XR001",
        "unreadable",
        _ERROR,
        "A file that can't be read can't be checked, and CI must not pass for want of a look.",
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
        "XR010",
        "unknown-document",
        _ERROR,
        "Only a <domain>, a bare <resource>, a bare <memory> in the namespace urn:xmlresource:1 "
        "and a bare <memtune> hold tunables.",
        "<network>…</network>",
        "Give a domain, or leave the file out of the check.",
    ),
    Code(
        "XR101",
        "unknown-element",
        _ERROR,
        "Nothing would be read from it: a misspelt limit is no limit.",
        "<memtune><hard_limitt>1</hard_limitt></memtune>",
        "Use a name from the table of tunables.",
    ),
    Code(
        "XR102",
        "duplicate-tunable",
        _ERROR,
        "libvirt takes the first and drops the others without a word; its schema refuses them.",
        "<memtune><hard_limit>1</hard_limit><hard_limit>2</hard_limit></memtune>",
        "Keep one.",
    ),
    Code(
        "XR103",
        "unknown-attribute",
        _ERROR,
        "Only `unit` means something here, and `priority` in <memory>; a misspelt unit would be "
        "read as KiB.",
        "<hard_limit units='GiB'>4</hard_limit>",
        "Write `unit`, or remove the attribute.",
    ),
    Code(
        "XR104",
        "rfc-spelling",
        _WARNING,
        "The proposal of 2010 spelt it memoryMinGaurantee. It is read as memoryMinGuarantee, but "
        "the schemas know only the right spelling.",
        "<memoryMinGaurantee unit='GiB'>2</memoryMinGaurantee>",
        "Write memoryMinGuarantee.",
    ),
    Code(
        "XR105",
        "misplaced-element",
        _ERROR,
        "The element is known, but not here: it would not be read.",
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
        "XR201",
        "bad-number",
        _ERROR,
        "libvirt's schema knows decimal digits only. Its parser lets some other spellings pass and "
        "reads them as something else.",
        "<hard_limit unit='GiB'>1.5</hard_limit>",
        "Write a whole number, in a smaller unit if need be.",
    ),
    Code(
        "XR202",
        "bad-unit",
        _ERROR,
        "libvirt refuses units it does not know.",
        "<hard_limit unit='gigs'>4</hard_limit>",
        "Use bytes, KiB, MiB, GiB, TiB, PiB, EiB (1024s) or KB, MB, GB … (1000s).",
    ),
    Code(
        "XR203",
        "overflow",
        _ERROR,
        "libvirt counts in KiB up to 9007199254740991, which it takes for `unlimited`; more is an "
        "error to it.",
        "<hard_limit unit='EiB'>9</hard_limit>",
        "Write a smaller size; for no limit, leave the element out.",
    ),
    Code(
        "XR204",
        "unlimited-guarantee",
        _ERROR,
        "No host can promise memory without bound.",
        "<memoryMinGuarantee>9007199254740991</memoryMinGuarantee>",
        "Write the memory that the guest needs.",
    ),
    Code(
        "XR205",
        "zero-limit",
        _ERROR,
        "0 is a real limit of nothing to libvirt: the guest could not run. It is not `unlimited`.",
        "<hard_limit>0</hard_limit>",
        "For no limit, leave the element out.",
    ),
    Code(
        "XR206",
        "bad-priority",
        _ERROR,
        "The schemas know whole numbers of up to three digits; anything else says nothing.",
        "<memory priority='high'>",
        "Write a whole number from 0 to 999, or leave the attribute out.",
    ),
    Code(
        "XR301",
        "guarantee-above-hard-limit",
        _ERROR,
        "The guest would be promised memory that its own limit keeps from it.",
        "hard_limit 1 GiB, min_guarantee 2 GiB",
        "Raise hard_limit or lower min_guarantee.",
    ),
    Code(
        "XR302",
        "soft-limit-above-hard-limit",
        _ERROR,
        "A soft limit above the hard limit never acts.",
        "hard_limit 1 GiB, soft_limit 2 GiB",
        "Raise hard_limit or lower soft_limit.",
    ),
    Code(
        "XR303",
        "swap-limit-below-hard-limit",
        _ERROR,
        "swap_hard_limit counts memory and swap together, so it can't be less than memory alone; "
        "the kernel refuses it.",
        "hard_limit 2 GiB, swap_hard_limit 1 GiB",
        "Write memory plus swap as swap_hard_limit.",
    ),
    Code(
        "XR304",
        "swap-limit-without-hard-limit",
        _ERROR,
        "Without a limit on memory alone the kernel (v1) refuses one on memory plus swap, and on "
        "v2 there is nothing to subtract.",
        "swap_hard_limit 2 GiB, no hard_limit",
        "Set hard_limit too.",
    ),
    Code(
        "XR305",
        "guarantee-above-soft-limit",
        _ERROR,
        "Under pressure the guest would be pushed below what it was promised.",
        "soft_limit 1 GiB, min_guarantee 2 GiB",
        "Raise soft_limit or lower min_guarantee.",
    ),
    Code(
        "XR306",
        "forms-disagree",
        _ERROR,
        "The same tunable stands in two forms with different values: which one counts would depend "
        "on who reads it.",
        "<hard_limit> in <memtune> says 1 GiB, <memoryHardLimit> says 2 GiB",
        "Give both the same value, or remove one.",
    ),
    Code(
        "XR307",
        "soft-limit-above-swap-soft-limit",
        _ERROR,
        "swap_soft_limit counts memory and swap together, so it can't be less than memory alone.",
        "soft_limit 2 GiB, swap_soft_limit 1 GiB",
        "Write memory plus swap as swap_soft_limit.",
    ),
    Code(
        "XR308",
        "swap-soft-limit-above-swap-hard-limit",
        _ERROR,
        "A soft limit above the hard limit never acts.",
        "swap_soft_limit 3 GiB, swap_hard_limit 2 GiB",
        "Raise swap_hard_limit or lower swap_soft_limit.",
    ),
    Code(
        "XR309",
        "guarantee-equals-hard-limit",
        _WARNING,
        "On cgroup v2 memory.min equal to memory.max makes the guest's page cache unreclaimable "
        "and ends in an OOM kill; such a guest is refused there.",
        "hard_limit 2 GiB, min_guarantee 2 GiB",
        "Leave the hard limit some room above the guarantee.",
    ),
    Code(
        "XR310",
        "priority-without-guarantee",
        _WARNING,
        "A priority decides whose guarantee comes first: without a guarantee it decides nothing.",
        "<memory priority='10'> with a hard limit alone",
        "Declare min_guarantee, or leave the priority out.",
    ),
    Code(
        "XR401",
        "guarantee-refused-by-driver",
        _ERROR,
        "libvirt's QEMU driver refuses to define a guest with min_guarantee in <memtune>.",
        "<domain type='kvm'>…<memtune><min_guarantee>1</min_guarantee></memtune>",
        "Move it into the metadata form; `xmlresource convert --to metadata` does.",
    ),
    Code(
        "XR402",
        "not-for-libvirt",
        _WARNING,
        "libvirt has a <resource> of its own and knows no <memory> in it: with <partition> beside "
        "it the limits are dropped silently, without it the guest can't be defined.",
        "<domain>…<resource><memory>…</memory></resource></domain>",
        "Convert before you define: `xmlresource convert --to metadata`.",
    ),
    Code(
        "XR403",
        "hard-limit-with-passthrough",
        _WARNING,
        "A hard limit also becomes QEMU's limit of locked memory, and a passed-through device pins "
        "all RAM: a hard limit below RAM + 1 GiB breaks its DMA mapping.",
        "<memtune><hard_limit>…</hard_limit></memtune> with <hostdev type='pci'>",
        "Raise the hard limit to RAM + 1 GiB at least, or remove it.",
    ),
    Code(
        "XR404",
        "driver-without-enforcement",
        _WARNING,
        "Only libvirt's QEMU and LXC drivers call the hook and use memory cgroups.",
        "<domain type='vmware'> with our element in <metadata>",
        "Remove the policy, or run the guest under QEMU or LXC.",
    ),
    Code(
        "XR501",
        "hard-limit-too-near",
        _WARNING,
        "QEMU itself needs memory besides the guest's RAM, and all of it is charged to the guest: "
        "a limit too near RAM ends in an OOM kill of the whole guest.",
        "<memory unit='GiB'>4</memory> with hard_limit 4 GiB",
        "Raise the hard limit; `xmlresource overhead` says what the guest may need.",
    ),
    Code(
        "XR502",
        "guarantee-beyond-use",
        _WARNING,
        "The guest can never use that much: the host would promise memory to nobody.",
        "<memory unit='GiB'>1</memory> with min_guarantee 8 GiB",
        "Lower the guarantee to RAM plus overhead.",
    ),
    Code(
        "XR601",
        "schema-unknown-element",
        _ERROR,
        "libvirt's schema knows no such element there. Without validation libvirt drops "
        "it in silence, and the guest runs without what it asked for.",
        "<devices><dsik type='file'/></devices>",
        "Use a name that libvirt's schema allows there.",
    ),
    Code(
        "XR602",
        "schema-misplaced-element",
        _ERROR,
        "libvirt knows the element, but not there, or not after what stands before it.",
        "<domain>…<disk type='file'/></domain>",
        "Move it to where it belongs.",
    ),
    Code(
        "XR603",
        "schema-duplicate-element",
        _ERROR,
        "libvirt reads one of them and drops the others in silence.",
        "<domain><name>a</name><name>b</name>…</domain>",
        "Keep one.",
    ),
    Code(
        "XR604",
        "schema-missing-element",
        _ERROR,
        "libvirt refuses a domain without it.",
        "<domain type='kvm'><memory>1048576</memory>…</domain> without <name>",
        "Add the element.",
    ),
    Code(
        "XR605",
        "schema-unknown-attribute",
        _ERROR,
        "libvirt reads no such attribute there, so that the default counts.",
        "<vcpu currnet='1'>2</vcpu>",
        "Use a name that libvirt's schema allows there.",
    ),
    Code(
        "XR606",
        "schema-conflicting-attribute",
        _ERROR,
        "The attribute is allowed on that element, but not together with its other attributes.",
        "<disk type='block'><source file='/a'/></disk>",
        "Change one of them.",
    ),
    Code(
        "XR607",
        "schema-missing-attribute",
        _ERROR,
        "The element means nothing to libvirt without it.",
        "<domain><name>a</name>…</domain> without type",
        "Add the attribute.",
    ),
    Code(
        "XR608",
        "schema-bad-value",
        _ERROR,
        "libvirt refuses the value, or reads something else.",
        "<disk type='fiel'>…</disk>",
        "Write a value that libvirt's schema allows there.",
    ),
    Code(
        "XR609",
        "schema-conflicting-value",
        _ERROR,
        "The value is allowed by itself, but not together with what stands around it.",
        "<hostdev mode='subsystem' type='misc'>…</hostdev>",
        "Change one of them.",
    ),
    Code(
        "XR610",
        "schema-missing-value",
        _ERROR,
        "The element has to hold a value.",
        "<name/>",
        "Write the value.",
    ),
    Code(
        "XR611",
        "schema-stray-text",
        _ERROR,
        "Text has no meaning between these elements.",
        "<devices>disk<disk type='file'>…</disk></devices>",
        "Remove the text.",
    ),
    Code(
        "XR612",
        "refused-by-libxml2",
        _WARNING,
        "libvirt validates with libxml2, which looks at a value before it trims its "
        "blanks, and so refuses what the schema by its specification allows.",
        "<memory> 1048576 </memory>",
        "Remove the blanks around the value.",
    ),
    Code(
        "XR613",
        "order-refused-by-libxml2",
        _WARNING,
        "libvirt validates with libxml2, which loses its way where elements that belong together "
        "stand apart, although the schema by its specification allows them in any order.",
        "<on_poweroff>, <name> and <on_crash>, with <uuid> further down",
        "Keep together what belongs together, such as <name> and <uuid>, <memory> and <vcpu>, or "
        "<on_poweroff> and <on_crash>: in the order of `virsh dumpxml` they are.",
    ),
    Code(
        "XR701",
        "unused-suppression",
        _WARNING,
        "The finding is gone, and the comment would hide the next one.",
        "<!-- xmlresource: ignore=XR501 --> above a line without that finding",
        "Remove the code from the comment, or the comment.",
    ),
    Code(
        "XR702",
        "bad-suppression",
        _WARNING,
        "A comment that means to suppress a finding and is misspelt suppresses nothing.",
        "<!-- xmlresource: ingore=XR501 -->",
        "Write `xmlresource: ignore=CODE,…` or `xmlresource: ignore-file=CODE,…`.",
    ),
)

CODES: Final = {row.code: row for row in _ROWS}
"""All rules by code."""
