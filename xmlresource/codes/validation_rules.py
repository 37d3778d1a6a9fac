"""The rules that only ``validate`` has: schemas of whole domains (XR6), suppressions (XR7)."""

from typing import Final

from xmlresource.codes.code import Code
from xmlresource.diagnostics import Severity

_ERROR: Final = Severity.ERROR
_WARNING: Final = Severity.WARNING

VALIDATION_RULES: Final = (
    Code(
        "XR601",
        "schema-unknown-element",
        _ERROR,
        "libvirt's schema knows no such element there. Without validation libvirt drops "
        "it silently, and the guest runs without it.",
        "<devices><dsik type='file'/></devices>",
        "Use a name that libvirt's schema allows there.",
    ),
    Code(
        "XR602",
        "schema-misplaced-element",
        _ERROR,
        "libvirt knows the element, but not in that place, or not after the elements before it.",
        "<domain>…<disk type='file'/></domain>",
        "Move it to where it belongs.",
    ),
    Code(
        "XR603",
        "schema-duplicate-element",
        _ERROR,
        "libvirt reads one of them and silently drops the others.",
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
        "libvirt ignores such an attribute there, so the default value applies.",
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
        "Without this attribute the element has no meaning to libvirt.",
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
        "The value is allowed by itself, but not together with the attributes and elements "
        "around it.",
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
        "libvirt validates with libxml2, which checks a value before it trims its "
        "blanks, and so refuses a value that the schema by its specification allows.",
        "<memory> 1048576 </memory>",
        "Remove the blanks around the value.",
    ),
    Code(
        "XR613",
        "order-refused-by-libxml2",
        _WARNING,
        "libvirt validates with libxml2, which fails if elements that belong together "
        "stand apart, although the schema by its specification allows them in any order.",
        "<on_poweroff>, <name> and <on_crash>, with <uuid> further down",
        "Keep together what belongs together, such as <name> and <uuid>, <memory> and <vcpu>, or "
        "<on_poweroff> and <on_crash>: in the order of `virsh dumpxml` they are.",
    ),
    Code(
        "XR701",
        "unused-suppression",
        _WARNING,
        "The line has no such finding any more, and the comment would hide a new one.",
        "<!-- xmlresource: ignore=XR501 --> above a line without that finding",
        "Remove the code from the comment, or the comment.",
    ),
    Code(
        "XR702",
        "bad-suppression",
        _WARNING,
        "A misspelt suppression comment suppresses nothing.",
        "<!-- xmlresource: ingore=XR501 -->",
        "Write `xmlresource: ignore=CODE,…` or `xmlresource: ignore-file=CODE,…`.",
    ),
)
