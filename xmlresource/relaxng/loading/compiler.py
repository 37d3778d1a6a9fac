"""From the forms of a grammar to patterns, each element's content when it is first needed."""

from __future__ import annotations

from xmlresource.relaxng.core.patterns import CHOICE, GROUP, INTERLEAVE, Pattern, PatternPool
from xmlresource.relaxng.core.recollection import Recollection
from xmlresource.relaxng.xsd.datatypes import Datatype

TYPE_CHECKING = False  # typing is slow to import, and mypy needs no more than this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from xmlresource.relaxng.core.knowledge import Knowledge
    from xmlresource.relaxng.core.names import NameClass
    from xmlresource.relaxng.loading.grammar import Form, Grammar

    #: Library, type and text of a value; library, type, parameters and label of data.
    Key: TypeAlias = tuple[str, str, str] | tuple[str, str, tuple[tuple[str, str], ...], str]

_COMPOSITES = {"choice": CHOICE, "group": GROUP, "interleave": INTERLEAVE}


class Data:
    """The test of a ``data`` pattern.

    Attributes:
        datatype: the datatype with its facets.
        label: name of the define it comes from, or empty.
    """

    __slots__ = ("accepts", "datatype", "key", "label", "token")

    def __init__(self, datatype: Datatype, label: str, key: Key) -> None:
        self.datatype = datatype
        self.key = key
        self.label = label
        self.accepts = datatype.accepts
        self.token: str | None = None


class Value:
    """The test of a ``value`` pattern.

    Attributes:
        datatype: how the strings are compared.
        text: the value, as the schema has it.
        token: the value, where it is compared as a token.
    """

    __slots__ = ("_value", "datatype", "key", "text", "token")

    def __init__(self, datatype: Datatype, text: str, key: Key) -> None:
        self.datatype = datatype
        self.key = key
        self.text = text
        self.token = datatype.normalize(text) if datatype.name == "token" else None
        self._value = datatype.value(text) if self.token is None else None

    def accepts(self, text: str) -> bool:
        """Tell whether the string stands for the same value."""
        datatype = self.datatype
        if self.token is not None:  # the usual case, in short
            return datatype.normalize(text) == self.token
        return datatype.accepts(text) and datatype.value(text) == self._value


class Compiler:
    """Makes the patterns of one grammar in a pool of its own.

    Attributes:
        pool: the pool.
        recollection: gives it the patterns that are known already.
        start: the pattern of a document.
    """

    def __init__(self, grammar: Grammar, knowledge: Knowledge) -> None:
        self._elements = grammar.elements
        # By identity: forms are shared, and hashing one would visit all of it. The grammar keeps
        # them alive, so that no identity is used twice.
        self._made: dict[int, Pattern] = {}
        self._datatypes: dict[tuple[str, str], Datatype] = {}
        pool = self.pool = PatternPool(self._content)
        pool.earlier = self.recollection = Recollection(pool, knowledge, self)
        self._makers: dict[str, Callable[[Form], Pattern]] = {
            "element": lambda form: pool.element(self._elements[form[1]][0], form[1]),
            "attribute": lambda form: pool.attribute(form[1], self._pattern(form[2])),
            "oneOrMore": lambda form: pool.one_or_more(self._pattern(form[1])),
            "list": lambda form: pool.tokens(self._pattern(form[1])),
            "value": self._value,
            "data": self._data,
            "text": lambda _: pool.text,
            "empty": lambda _: pool.empty,
            "notAllowed": lambda _: pool.not_allowed,
        }
        self.start = self._pattern(grammar.start)
        self.pool.keep(since=0)

    def names(self, declaration: int) -> NameClass:
        """Return the names of an element, by the number of its declaration."""
        return self._elements[declaration][0]

    def atom(self, key: Key) -> Data | Value:
        """Return the test of a ``data`` or ``value`` pattern, by its key."""
        if len(key) == 3:  # noqa: PLR2004  # see Key
            library, name, text = key
            return Value(self._datatype(library, name), text, key)
        library, name, params, label = key
        return Data(Datatype(library, name, params), label, key)

    def _content(self, number: int) -> Pattern:
        before = len(self.pool)
        pattern = self._pattern(self._elements[number][1])
        self.pool.keep(since=before)
        return pattern

    def _pattern(self, form: Form) -> Pattern:
        pattern = self._made.get(id(form))
        if pattern is None:
            pattern = self._made[id(form)] = self._make(form)
        return pattern

    def _make(self, form: Form) -> Pattern:
        pool = self.pool
        kind = form[0]
        if kind in _COMPOSITES:
            return pool.composite(_COMPOSITES[kind], [self._pattern(part) for part in form[1]])
        return self._makers[kind](form)

    def _value(self, form: Form) -> Pattern:
        _, library, name, text, _ = form
        return self.pool.value(self.atom((library, name, text)))

    def _datatype(self, library: str, name: str) -> Datatype:
        """Return a datatype without parameters: schemas have hundreds of values, of few types."""
        datatype = self._datatypes.get((library, name))
        if datatype is None:
            datatype = self._datatypes[library, name] = Datatype(library, name, ())
        return datatype

    def _data(self, form: Form) -> Pattern:
        _, library, name, params, excluded, label, _ = form
        inner = self._pattern(excluded) if excluded else None
        return self.pool.data(self.atom((library, name, params, label)), inner)
