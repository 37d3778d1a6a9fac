"""A second, naive implementation to compare with: Clark's derivatives as his paper has them.

Patterns are tuples, nothing is shared or remembered, and the whole document is a tree. Slow, short
and close to "An algorithm for RELAX NG validation"; it shares no code with the engine.
"""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

Pattern = tuple[Any, ...]

EMPTY: Pattern = ("empty",)
NOT_ALLOWED: Pattern = ("notAllowed",)
TEXT: Pattern = ("text",)


def nullable(p: Pattern) -> bool:
    match p[0]:
        case "group" | "interleave":
            return nullable(p[1]) and nullable(p[2])
        case "choice":
            return nullable(p[1]) or nullable(p[2])
        case "oneOrMore":
            return nullable(p[1])
        case kind:
            return kind in ("empty", "text")


def choice(a: Pattern, b: Pattern) -> Pattern:
    if a == NOT_ALLOWED:
        return b
    return a if b in (NOT_ALLOWED, a) else ("choice", a, b)


def both(kind: str, a: Pattern, b: Pattern) -> Pattern:
    if NOT_ALLOWED in (a, b):
        return NOT_ALLOWED
    if a == EMPTY:
        return b
    return a if b == EMPTY else (kind, a, b)


def after(a: Pattern, b: Pattern) -> Pattern:
    return NOT_ALLOWED if NOT_ALLOWED in (a, b) else ("after", a, b)


def apply_after(f: Any, p: Pattern) -> Pattern:
    match p[0]:
        case "after":
            return after(p[1], f(p[2]))
        case "choice":
            return choice(apply_after(f, p[1]), apply_after(f, p[2]))
        case _:
            return NOT_ALLOWED


def again(p: Pattern) -> Pattern:
    return choice(("oneOrMore", p), EMPTY)


def start_open(p: Pattern, name: str) -> Pattern:  # noqa: PLR0911  # a case per kind
    match p[0]:
        case "choice":
            return choice(start_open(p[1], name), start_open(p[2], name))
        case "element":
            return after(p[2], EMPTY) if p[1] in (name, "*") else NOT_ALLOWED
        case "interleave":
            left = apply_after(lambda x: both("interleave", x, p[2]), start_open(p[1], name))
            right = apply_after(lambda x: both("interleave", p[1], x), start_open(p[2], name))
            return choice(left, right)
        case "oneOrMore":
            return apply_after(lambda x: both("group", x, again(p[1])), start_open(p[1], name))
        case "group":
            left = apply_after(lambda x: both("group", x, p[2]), start_open(p[1], name))
            return choice(left, start_open(p[2], name)) if nullable(p[1]) else left
        case "after":
            return apply_after(lambda x: after(x, p[2]), start_open(p[1], name))
        case _:
            return NOT_ALLOWED


def attribute(p: Pattern, name: str, value: str) -> Pattern:
    match p[0]:
        case "after":
            return after(attribute(p[1], name, value), p[2])
        case "choice":
            return choice(attribute(p[1], name, value), attribute(p[2], name, value))
        case "group" | "interleave":
            return choice(
                both(p[0], attribute(p[1], name, value), p[2]),
                both(p[0], p[1], attribute(p[2], name, value)),
            )
        case "oneOrMore":
            return both("group", attribute(p[1], name, value), again(p[1]))
        case "attribute":
            fits = p[1] in (name, "*") and matches(p[2], value)
            return EMPTY if fits else NOT_ALLOWED
        case _:
            return NOT_ALLOWED


def matches(p: Pattern, value: str) -> bool:
    return (nullable(p) and not value.strip()) or nullable(text(p, value))


def close(p: Pattern) -> Pattern:
    match p[0]:
        case "after":
            return after(close(p[1]), p[2])
        case "choice":
            return choice(close(p[1]), close(p[2]))
        case "group" | "interleave":
            return both(p[0], close(p[1]), close(p[2]))
        case "oneOrMore":
            inner = close(p[1])
            return NOT_ALLOWED if inner == NOT_ALLOWED else ("oneOrMore", inner)
        case "attribute":
            return NOT_ALLOWED
        case _:
            return p


def text(p: Pattern, value: str) -> Pattern:  # noqa: PLR0911  # a case per kind
    match p[0]:
        case "choice":
            return choice(text(p[1], value), text(p[2], value))
        case "interleave":
            return choice(
                both("interleave", text(p[1], value), p[2]),
                both("interleave", p[1], text(p[2], value)),
            )
        case "group":
            left = both("group", text(p[1], value), p[2])
            return choice(left, text(p[2], value)) if nullable(p[1]) else left
        case "after":
            return after(text(p[1], value), p[2])
        case "oneOrMore":
            return both("group", text(p[1], value), again(p[1]))
        case "text":
            return p
        case "value":
            return EMPTY if " ".join(value.split()) == p[1] else NOT_ALLOWED
        case _:
            return NOT_ALLOWED


def end(p: Pattern) -> Pattern:
    match p[0]:
        case "choice":
            return choice(end(p[1]), end(p[2]))
        case "after":
            return p[2] if nullable(p[1]) else NOT_ALLOWED
        case _:
            return NOT_ALLOWED


def element(p: Pattern, node: ET.Element) -> Pattern:
    p = start_open(p, node.tag)
    for name, value in node.attrib.items():
        p = attribute(p, name, value)
    p = close(p)
    if len(node) == 0:
        whole = node.text or ""
        read = text(p, whole)
        return end(choice(p, read) if not whole.strip() else read)
    for index, child in enumerate(node):
        before = node.text if index == 0 else node[index - 1].tail
        p = element(_between(p, before), child)
    return end(_between(p, node[-1].tail))


def _between(p: Pattern, value: str | None) -> Pattern:
    return text(p, value) if value and value.strip() else p


def is_valid(p: Pattern, document: str) -> bool:
    return nullable(element(p, ET.fromstring(document)))  # noqa: S314  # our own documents


def to_xml(p: Pattern) -> str:
    """Return the pattern in RELAX NG's XML syntax, without namespace."""
    match p[0]:
        case "empty" | "text" | "notAllowed":
            return f"<{p[0]}/>"
        case "value":
            return f"<value>{p[1]}</value>"
        case "oneOrMore":
            return f"<oneOrMore>{to_xml(p[1])}</oneOrMore>"
        case "element" | "attribute":
            name = "<anyName/>" if p[1] == "*" else f"<name>{p[1]}</name>"
            return f"<{p[0]}>{name}{to_xml(p[2])}</{p[0]}>"
        case _:
            return f"<{p[0]}>{to_xml(p[1])}{to_xml(p[2])}</{p[0]}>"
