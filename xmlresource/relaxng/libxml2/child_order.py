"""Orders of children that libxml2, and so libvirt, refuses though the schema allows any.

libxml2 reads an interleave by sorting the children into its branches: each branch gets a chain of
its own, made by pointing the ``next`` of a child at the next one of the same branch. The branches
are then read one after the other. At the end of an interleave the pointers are set right again, by
walking backwards over what lies between its first and its last child
(`xmlRelaxNGValidateInterleave` in ``relaxng.c``, the same in 2.9.14 and 2.14.6). Where the
interleave is itself a branch of another one, that undoes the chains which the outer one has made
for branches still to be read: they now run into children of other branches, and these are "extra
elements". An interleave that is read more than once, for an optional attribute before it, undoes
its own chains.

What the children hold is not looked at: the document is known to be valid. Where the children of
each branch stand together no pointer changes, and only other orders are read as libxml2 does
(`relinking`).
"""

from __future__ import annotations

from functools import cached_property

from xmlresource.relaxng.core.names import contains

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Iterator

    from xmlresource.relaxng.libxml2.relinking import Relinking, Stumble
    from xmlresource.relaxng.loading.grammar import Form, Grammar
    from xmlresource.relaxng.validating.outline import Opened


# Of a repository's documents, most have their children in one of few orders.
_MAX_KNOWN = 1000
# An element with more children is not looked at: that would take too long.
_MAX_CHILDREN = 2000


class ChildOrder:
    """Tells for document elements whether libxml2 takes their children in the order they are in.

    What it has found out it remembers, up to a bound.
    """

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar
        self._paths: dict[int, dict[str, tuple[int, ...]]] = {}
        self._known: dict[Opened, Stumble | None] = {}

    def stumble(self, element: Opened) -> Stumble | None:
        """Return where libxml2 stumbles over the children of a valid document element."""
        if len(element[2]) > _MAX_CHILDREN:
            return None
        try:
            return self._known[element]
        except KeyError:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            found = self._known[element] = self._find(element)
            return found

    def _find(self, element: Opened) -> Stumble | None:
        name, attributes, children = element
        found = None
        for content in self._contents(self._grammar.start, name):
            if self._is_in_order(content, children):
                return None
            is_read, stumble = self._relinking.read(content, attributes, children)
            if is_read:
                return None
            found = found or stumble
        return found

    @cached_property
    def _relinking(self) -> Relinking:
        from xmlresource.relaxng.libxml2.relinking import Relinking  # noqa: PLC0415  # see the top

        return Relinking(self._grammar)

    def _contents(self, form: Form, name: str) -> Iterator[Form]:
        """Return what the document elements of that name may hold."""
        if form[0] == "choice":
            for part in form[1]:
                yield from self._contents(part, name)
        elif form[0] == "element" and contains(self._grammar.names(form), name):
            yield self._grammar.elements[form[1]][1]

    def _is_in_order(self, content: Form, children: tuple[str, ...]) -> bool:
        """Tell whether the children of each branch stand together, so that no link changes."""
        if id(content) not in self._paths:
            self._paths[id(content)] = {}
            self._find_paths(content, (), self._paths[id(content)])
        paths = self._paths[id(content)]
        left: set[tuple[int, ...]] = set()
        before: tuple[int, ...] = ()
        for child in children:
            path = paths.get(child)
            if path is None:
                return False
            for depth in range(1, len(path) + 1):
                if path[:depth] != before[:depth]:
                    left.add(before[:depth])
                    if path[:depth] in left:
                        return False
            before = path
        return True

    def _find_paths(
        self, form: Form, path: tuple[int, ...], found: dict[str, tuple[int, ...]]
    ) -> None:  # fmt: skip
        """Find the branches in which an element is, by its name: of the outermost interleave first.

        Of an element that is in several places, the innermost counts.
        """
        kind = form[0]
        if kind == "element":
            names = self._grammar.names(form)
            if isinstance(names, str):
                found[names] = max(path, found.get(names, ()), key=len)
        elif kind == "oneOrMore":
            self._find_paths(form[1], path, found)
        elif kind in ("choice", "group", "interleave"):
            for number, part in enumerate(form[1]):
                inner = (*path, number) if kind == "interleave" else path
                self._find_paths(part, inner, found)
