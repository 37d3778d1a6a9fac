"""The full syntax (§3): which elements and attributes a schema is made of.

One table says it all; a schema that departs from it is refused before anything is made of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.xsd.blanks import is_blank

if TYPE_CHECKING:
    from xmlresource.relaxng.loading.node import Node

PATTERNS = frozenset((
    "element", "attribute", "group", "interleave", "choice", "optional", "zeroOrMore", "oneOrMore",
    "list", "mixed", "ref", "parentRef", "empty", "value", "data", "text", "notAllowed",
    "externalRef", "grammar",
))  # fmt: skip
NAME_CLASSES = frozenset(("name", "anyName", "nsName", "choice"))
_COMPONENTS = frozenset(("start", "define", "div", "include"))
_OVERRIDES = frozenset(("start", "define", "div"))
_EXCEPT = frozenset(("except",))
_MANY = 1 << 30


@dataclass(frozen=True, slots=True)
class _Rule:
    """The rule for an element: how many children of which names, and which attributes."""

    children: frozenset[str] = frozenset()
    least: int = 0
    most: int = _MANY
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    text: bool = False


_SOME = _Rule(PATTERNS, least=1)
_NONE = _Rule(most=0)

_RULES = {
    **dict.fromkeys(("group", "interleave", "optional", "zeroOrMore", "oneOrMore", "list",
                     "mixed"), _SOME),
    **dict.fromkeys(("empty", "text", "notAllowed"), _NONE),
    **dict.fromkeys(("ref", "parentRef"), _Rule(most=0, required=("name",))),
    "choice": _SOME,
    "element": _Rule(PATTERNS, least=1, optional=("name",)),
    "attribute": _Rule(PATTERNS, most=1, optional=("name",)),
    "value": _Rule(most=0, optional=("type",), text=True),
    "data": _Rule(frozenset(("param", "except")), required=("type",)),
    "param": _Rule(most=0, required=("name",), text=True),
    "externalRef": _Rule(most=0, required=("href",)),
    "include": _Rule(_OVERRIDES, required=("href",)),
    "grammar": _Rule(_COMPONENTS),
    "div": _Rule(_COMPONENTS),
    "start": _Rule(PATTERNS, least=1, most=1, optional=("combine",)),
    "define": _Rule(PATTERNS, least=1, required=("name",), optional=("combine",)),
    "name": _Rule(most=0, text=True),
    "anyName": _Rule(_EXCEPT, most=1),
    "nsName": _Rule(_EXCEPT, most=1),
    "except": _SOME,
}  # fmt: skip
_NAME_RULES = {
    "choice": _Rule(NAME_CLASSES, least=1),
    "except": _Rule(NAME_CLASSES, least=1),
}
_DIV_IN_INCLUDE = _Rule(_OVERRIDES)
_EVERYWHERE = ("ns", "datatypeLibrary")
_ABSOLUTE_URI = r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[^#%]|%[0-9A-Fa-f]{2})+"  # §4.3


def fail(node: Node, message: str) -> NoReturn:
    """Refuse the schema, at the place of a node.

    Raises:
        SchemaError: always.
    """
    raise SchemaError(message, *node.place)


def check(root: Node) -> None:
    """Check that a file of a schema has the form of RELAX NG.

    Raises:
        SchemaError: it has not.
    """
    if root.tag not in PATTERNS:
        fail(root, f"<{root.tag}> cannot be the root of a schema")
    todo = [(root, _RULES[root.tag])]
    while todo:
        node, rule = todo.pop()
        _check_attributes(node, rule)
        _check_text(node, rule)
        children = _pattern_children(node)
        if len(children) < rule.least:
            fail(node, f"<{node.tag}> is empty")
        if len(children) > rule.most:
            fail(children[rule.most], f"<{node.tag}> can hold {rule.most or 'no'} child"
                 + ("ren" if rule.most != 1 else ""))  # fmt: skip
        for child in children:
            if child.tag not in rule.children:
                fail(child, f"<{child.tag}> is not allowed in <{node.tag}>")
            todo.append((child, _rule_for(child, rule)))
        if node.tag == "data":
            _check_data(node)
        todo += [(child, _name_rule(child)) for child in node.children if child not in children]


def _rule_for(child: Node, parent: _Rule) -> _Rule:
    if parent.children in (NAME_CLASSES, _EXCEPT):
        return _name_rule(child)
    if child.tag == "div" and parent.children == _OVERRIDES:
        return _DIV_IN_INCLUDE
    return _RULES[child.tag]


def _name_rule(node: Node) -> _Rule:
    return _NAME_RULES.get(node.tag) or _RULES[node.tag]


def _pattern_children(node: Node) -> list[Node]:
    """Return the children but the name class that an element or attribute may begin with."""
    children = node.children
    if node.tag not in ("element", "attribute") or "name" in node.attributes:
        return children
    if not children or children[0].tag not in NAME_CLASSES:
        fail(node, f"<{node.tag}> has no name")
    return children[1:]


def _check_attributes(node: Node, rule: _Rule) -> None:
    for name in rule.required:
        if name not in node.attributes:
            fail(node, f"<{node.tag}> needs the attribute '{name}'")
    for name in node.attributes:
        if name not in rule.required and name not in rule.optional and name not in _EVERYWHERE:
            fail(node, f"<{node.tag}> has no attribute '{name}'")
    if node.attributes.get("combine", "choice").strip() not in ("choice", "interleave"):
        fail(node, "combine is 'choice' or 'interleave'")
    library = node.attributes.get("datatypeLibrary", "")
    if library and re.fullmatch(_ABSOLUTE_URI, library) is None:
        fail(node, "datatypeLibrary must be empty or an absolute URI without a fragment")


def _check_text(node: Node, rule: _Rule) -> None:
    if not rule.text and not is_blank(node.text):
        fail(node, f"text is not allowed in <{node.tag}>")


def _check_data(node: Node) -> None:
    tags = [child.tag for child in node.children]
    if "except" in tags[:-1]:
        fail(node, "<except> must be the last child of <data>, and there can be only one")
