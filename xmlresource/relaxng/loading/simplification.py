"""From the full syntax to the simple one (§4): files, includes, overrides, references, names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xmlresource.relaxng.errors import SchemaError
from xmlresource.relaxng.loading import grammar
from xmlresource.relaxng.loading.grammar import EMPTY, NOT_ALLOWED, TEXT, Grammar
from xmlresource.relaxng.loading.node import Node, parse
from xmlresource.relaxng.loading.sources import join
from xmlresource.relaxng.loading.syntax import check, fail
from xmlresource.relaxng.xsd import datatypes
from xmlresource.relaxng.xsd.blanks import collapse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from xmlresource.relaxng.core.names import NameClass
    from xmlresource.relaxng.loading.grammar import Form
    from xmlresource.relaxng.loading.sources import Sources

_IS_NCNAME = datatypes.Datatype(datatypes.XSD, "NCName", ()).accepts
_XMLNS = "http://www.w3.org/2000/xmlns"
#: The name under which a grammar keeps its start; no define can have it.
_START = ""


def simplify(sources: Sources, location: str) -> Grammar:
    """Load a schema and all that it includes.

    Raises:
        SchemaError: a file cannot be read, or breaks a rule of §3 or §4.
    """
    return _Simplifier(sources).load(location)


@dataclass(slots=True)
class _Definition:
    """All components of one name in a grammar, to be combined (§4.17)."""

    nodes: list[Node] = field(default_factory=list)
    form: Form | None = None
    busy: bool = False


class _Scope:
    """The definitions of one ``grammar`` element."""

    __slots__ = ("definitions", "parent")

    def __init__(self, parent: _Scope | None) -> None:
        self.parent = parent
        self.definitions: dict[str, _Definition] = {}


@dataclass(frozen=True, slots=True)
class _Pending:
    """An element whose content is still to be simplified, and where that was met."""

    number: int
    content: list[Node]
    scope: _Scope | None
    open: tuple[str, ...]


class _Simplifier:
    """Turns nodes into forms. Element contents wait in a queue, so that recursion ends there."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._files: dict[tuple[str, str], Node] = {}
        # The files that lead to where we are, to find one that leads to itself.
        self._open: tuple[str, ...] = ()
        self._elements: list[tuple[NameClass, Form, int]] = []
        self._queue: list[_Pending] = []
        self._numbers: dict[tuple[Node, _Scope | None], int] = {}
        self._places: list[tuple[str, int, int]] = []

    def load(self, location: str) -> Grammar:
        self._place(self._parse(location, "", None))  # the first place: that of the whole
        start = self._file(location, "", None, None)
        while self._queue:
            pending = self._queue.pop()
            names, _, place = self._elements[pending.number]
            self._open = pending.open
            content = self._group(pending.content, pending.scope, "")
            self._elements[pending.number] = (names, content, place)
        return Grammar(start, self._elements, self._places)

    # Files (§4.5-4.7)

    def _parse(self, location: str, ns: str, referrer: Node | None) -> Node:
        if location in self._open and referrer is not None:
            fail(referrer, f"'{location}' includes itself")
        root = self._files.get((location, ns))
        if root is None:
            try:
                root = parse(self._sources, location, ns)
            except SchemaError as error:
                if referrer is not None and not error.line:
                    fail(referrer, f"'{location}' {error.message}")
                raise
            check(root)
            self._files[location, ns] = root
        return root

    def _file(
        self, location: str, ns: str, referrer: Node | None, scope: _Scope | None
    ) -> Form:  # fmt: skip
        """Return the form of a file that is a pattern: the schema itself, or an externalRef.

        An externalRef is as good as the pattern in its place (§4.6), so that references in it may
        be to the grammar around it.
        """
        root = self._parse(location, ns, referrer)
        before = self._open
        self._open = (*before, location)
        form = self._pattern(root, scope, "")
        self._open = before
        return form

    def _external(self, node: Node, scope: _Scope | None, _: str) -> Form:
        return self._file(self._referred(node), node.ns, node, scope)

    def _referred(self, node: Node) -> str:
        href = collapse(node.attributes["href"])
        if "#" in href:
            fail(node, "href must not have a fragment")  # §4.5
        return join(node.base, href)

    # Grammars (§4.7, §4.17-4.19)

    def _grammar(self, node: Node, parent: _Scope | None, _: str) -> Form:
        scope = _Scope(parent)
        for name, component in self._components(node):
            scope.definitions.setdefault(name, _Definition()).nodes.append(component)
        for name, definition in scope.definitions.items():
            _check_combine(name, definition.nodes)
        if _START not in scope.definitions:
            fail(node, "the grammar has no <start>")
        for name in scope.definitions:
            self._resolve(scope, name)
        form = scope.definitions[_START].form
        return NOT_ALLOWED if form is None else form

    def _components(self, node: Node) -> Iterator[tuple[str, Node]]:
        for child in node.children:
            if child.tag == "start":
                yield _START, child
            elif child.tag == "define":
                yield _ncname(child, child.attributes["name"]), child
            elif child.tag == "div":
                yield from self._components(child)
            else:
                yield from self._included(child)

    def _included(self, node: Node) -> list[tuple[str, Node]]:
        location = self._referred(node)
        root = self._parse(location, node.ns, node)
        if root.tag != "grammar":
            fail(node, f"'{location}' is not a grammar")
        before = self._open
        self._open = (*before, location)
        theirs = list(self._components(root))
        self._open = before
        own = list(self._components(node))
        known = {name for name, _ in theirs}
        for name, component in own:
            if name not in known:  # §4.7
                what = f"define '{name}'" if name else "start"
                fail(component, f"overrides no {what} of '{location}'")
        overridden = {name for name, _ in own}
        return [item for item in theirs if item[0] not in overridden] + own

    def _resolve(self, scope: _Scope, name: str) -> Form:
        definition = scope.definitions[name]
        if definition.form is not None:
            return definition.form
        first = definition.nodes[0]
        if definition.busy:
            fail(first, f"'{name}' refers to itself without an element between")  # §4.19
        definition.busy = True
        forms = [self._group(node.children, scope, name) for node in definition.nodes]
        if any(collapse(n.attributes.get("combine", "")) == "interleave" for n in definition.nodes):
            form = grammar.sequence("interleave", forms)
        else:
            form = grammar.choice(forms)
        definition.busy = False
        definition.form = form
        return form

    # Patterns (§4.12-4.16)

    def _group(self, nodes: Iterable[Node], scope: _Scope | None, label: str) -> Form:
        return grammar.sequence("group", [self._pattern(node, scope, label) for node in nodes])

    def _place(self, node: Node) -> int:
        self._places.append(node.place)
        return len(self._places) - 1

    def _pattern(self, node: Node, scope: _Scope | None, label: str) -> Form:
        leaf = _LEAVES.get(node.tag)
        if leaf is not None:
            return leaf
        read = _READERS.get(node.tag)
        if read is not None:
            return read(self, node, scope, label)
        forms = [self._pattern(child, scope, label) for child in node.children]
        return _COMPOSERS[node.tag](forms, self._place(node))

    def _reference(self, node: Node, scope: _Scope | None, _: str) -> Form:
        name = _ncname(node, node.attributes["name"])
        target = scope.parent if scope and node.tag == "parentRef" else scope
        if target is None:
            fail(node, f"<{node.tag}> is outside of a grammar")
        if name not in target.definitions:
            fail(node, f"'{name}' is not defined")
        if target.definitions[name].busy:
            fail(node, f"'{name}' refers to itself without an element between")  # §4.19
        return self._resolve(target, name)

    def _element(self, node: Node, scope: _Scope | None, _: str) -> Form:
        number = self._numbers.get((node, scope))
        if number is None:
            names, content = self._named(node)
            number = self._numbers[node, scope] = len(self._elements)
            self._elements.append((names, NOT_ALLOWED, self._place(node)))
            self._queue.append(_Pending(number, content, scope, self._open))
        return ("element", number)

    def _attribute(self, node: Node, scope: _Scope | None, _: str) -> Form:
        names, content = self._named(node)
        _check_attribute_names(node, names)
        form = self._group(content, scope, "") if content else TEXT
        if form is NOT_ALLOWED:  # §4.20
            return form
        return ("attribute", names, form, self._place(node))

    def _data(self, node: Node, scope: _Scope | None, label: str) -> Form:
        name = collapse(node.attributes["type"])
        params = [child for child in node.children if child.tag == "param"]
        values = tuple((collapse(param.attributes["name"]), param.text) for param in params)
        _check_type(node, name)
        try:
            datatypes.check_params(node.library, name, values)
        except ValueError as error:
            fail(params[0] if len(params) == 1 else node, str(error))
        excluded = None
        if len(params) < len(node.children):
            patterns = node.children[-1].children
            excluded = grammar.choice([self._pattern(child, scope, "") for child in patterns])
        return ("data", node.library, name, values, excluded, label, self._place(node))

    def _value(self, node: Node, _scope: _Scope | None, _label: str) -> Form:
        name, library = collapse(node.attributes.get("type", "")), node.library
        if "type" not in node.attributes:  # §4.4
            name, library = "token", ""
        else:
            _check_type(node, name)
        datatype = datatypes.Datatype(library, name, ())
        if not datatype.accepts(node.text):
            fail(node, f"'{node.text[:40]}' is not a value of datatype '{name}'")
        return ("value", library, name, node.text, self._place(node))

    # Names (§4.8-4.10)

    def _named(self, node: Node) -> tuple[NameClass, list[Node]]:
        """Return the name class of an element or attribute, and its content."""
        if "name" in node.attributes:
            name = node.attributes["name"]
            # §4.8: the attribute's name takes no inherited namespace, only its own.
            ns = node.attributes.get("ns", "") if node.tag == "attribute" else node.ns
            return _qualified(node, name, ns), node.children
        return _name_class(node.children[0]), node.children[1:]


_LEAVES = {"text": TEXT, "empty": EMPTY, "notAllowed": NOT_ALLOWED}

# What each element of the full syntax becomes (§4.12-4.14): those that need more than their parts,
_READERS: dict[str, Callable[[_Simplifier, Node, _Scope | None, str], Form]] = {
    "element": _Simplifier._element,  # noqa: SLF001  # the class's own table
    "attribute": _Simplifier._attribute,  # noqa: SLF001
    "ref": _Simplifier._reference,  # noqa: SLF001
    "parentRef": _Simplifier._reference,  # noqa: SLF001
    "data": _Simplifier._data,  # noqa: SLF001
    "value": _Simplifier._value,  # noqa: SLF001
    "grammar": _Simplifier._grammar,  # noqa: SLF001
    "externalRef": _Simplifier._external,  # noqa: SLF001
}


def _group(forms: list[Form]) -> Form:
    return grammar.sequence("group", forms)


def _list(forms: list[Form], place: int) -> Form:
    body = _group(forms)
    return body if body is NOT_ALLOWED else ("list", body, place)


# and those that are made of their parts' forms and their own place.
_COMPOSERS: dict[str, Callable[[list[Form], int], Form]] = {
    "group": lambda forms, _: _group(forms),
    "choice": lambda forms, _: grammar.choice(forms),
    "interleave": lambda forms, _: grammar.sequence("interleave", forms),
    "mixed": lambda forms, _: grammar.sequence("interleave", (_group(forms), TEXT)),
    "optional": lambda forms, _: grammar.choice((_group(forms), EMPTY)),
    "oneOrMore": lambda forms, place: grammar.one_or_more(_group(forms), place),
    "zeroOrMore": lambda forms, place: grammar.choice(
        (grammar.one_or_more(_group(forms), place), EMPTY)
    ),
    "list": _list,
}


def _check_combine(name: str, nodes: list[Node]) -> None:
    """Check §4.17: all say how to combine, but one at most, and the same."""
    methods = [collapse(node.attributes.get("combine", "")) for node in nodes]
    what = f"'{name}'" if name else "<start>"
    plain = [node for node, method in zip(nodes, methods, strict=True) if not method]
    if len(plain) > 1:
        file, line, _ = plain[0].place
        fail(plain[1], f"{what} is defined twice without combine; first at {file}:{line}")
    if len({method for method in methods if method}) > 1:
        fail(nodes[-1], f"{what} is combined in two ways")


def _check_type(node: Node, name: str) -> None:
    if not datatypes.exists(node.library, name):
        where = f"in the library '{node.library}'" if node.library else "built in"
        fail(node, f"there is no datatype '{name}' {where}")


def _check_attribute_names(node: Node, names: NameClass) -> None:
    """Check §4.16: no attribute can declare a namespace."""
    if isinstance(names, str):
        if names == "xmlns" or names.startswith(_XMLNS):
            fail(node, "an attribute cannot be named xmlns, or be in its namespace")
    elif names[0] == "or":
        for part in names[1]:
            _check_attribute_names(node, part)
    elif names[0] == "ns" and names[1].startswith(_XMLNS):
        fail(node, "an attribute cannot be in the namespace of xmlns")


def _ncname(node: Node, text: str) -> str:
    name = collapse(text)
    if not _IS_NCNAME(name):
        fail(node, f"'{name[:40]}' is not a name")
    return name


def _qualified(node: Node, text: str, ns: str) -> str:
    """Return a name as expat reports it."""
    prefix, colon, local = collapse(text).rpartition(":")
    _ncname(node, local)
    if colon:
        if prefix not in node.prefixes:
            fail(node, f"the prefix '{prefix}' is not declared")
        ns = node.prefixes[prefix]
    return f"{ns} {local}" if ns else local


def _name_class(node: Node, inside: str = "") -> NameClass:
    """Return a name class; ``inside`` is the tag whose except it is in (§4.16)."""
    if node.tag == "name":
        return _qualified(node, node.text, node.ns)
    if node.tag == "choice":
        return ("or", tuple(_name_class(child, inside) for child in node.children))
    if inside == "nsName" or (inside == "anyName" and node.tag == "anyName"):
        fail(node, f"<{node.tag}> is not allowed in the except of <{inside}>")
    excluded: NameClass | None = None
    if node.children:
        inner = node.children[0].children
        within = node.tag if node.tag == "nsName" else inside or node.tag
        excluded = ("or", tuple(_name_class(child, within) for child in inner))
    return ("any", excluded) if node.tag == "anyName" else ("ns", node.ns, excluded)
