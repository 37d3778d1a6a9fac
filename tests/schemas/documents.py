"""Strategies: documents of every form, right ones and broken ones, all of them well-formed.

A document starts out valid; up to three faults are then worked into its tree. Many of them do no
harm (a comment, another order), so about as many documents end up valid as not.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from itertools import product
from xml.sax.saxutils import escape, quoteattr

from hypothesis import strategies as st

from xmlresource.tunables import MEMORY, NAMESPACE, Form, Quantity
from xmlresource.tunables.families import CPU, IO

OTHER = "urn:example:other"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
LONG = 5000  # digits; more than Python turns into a number


@dataclass
class Element:
    """An element as it is to be written; ``content`` mixes elements and markup, ready to write."""

    name: str
    namespace: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    content: list["Element | str"] = field(default_factory=list)

    def children(self) -> list["Element"]:
        return [child for child in self.content if isinstance(child, Element)]

    def all(self) -> Iterator["Element"]:
        yield self
        for child in self.children():
            yield from child.all()

    def is_value(self) -> bool:
        return self.name in SIZES or self.name in QUANTITIES


SIZES = {name for row in MEMORY for form in Form if (name := row.element_in(form))}
QUANTITIES = {row.element: row.quantity for row in (*CPU, *IO)}

# --- writing -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Style:
    """How a document is written, which must not matter."""

    before: str = ""
    after: str = ""
    between: str = ""
    ours: str = "xr"  # the prefix of our namespace; "" makes it the default one


def write(root: Element, style: Style) -> bytes:
    # What is in no namespace can't be written below a default namespace, short of undeclaring it.
    ours = style.ours if all(element.namespace for element in root.all()) else style.ours or "xr"
    prefixes = {NAMESPACE: ours, OTHER: "o", "": ""}
    declared = {f"xmlns:{ours}" if ours else "xmlns": NAMESPACE, "xmlns:o": OTHER, "xmlns:xsi": XSI}
    if ours != "xr":
        declared["xmlns:xr"] = NAMESPACE
    text = _write(root, prefixes, style.between, declared)
    return f"{style.before}{text}{style.after}".encode()


def _write(
    element: Element, prefixes: dict[str, str], between: str, declared: dict[str, str]
) -> str:
    prefix = prefixes[element.namespace]
    name = f"{prefix}:{element.name}" if prefix else element.name
    attributes = "".join(
        f" {key}={_attribute(value)}" for key, value in {**declared, **element.attributes}.items()
    )
    inside = "".join(
        part if isinstance(part, str) else between + _write(part, prefixes, between, {})
        for part in element.content
    )
    end = between if element.children() else ""
    return f"<{name}{attributes}>{inside}{end}</{name}>"


def _attribute(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


def _character(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


STYLES = st.builds(
    Style,
    before=st.sampled_from(
        [
            "",
            "",
            "\ufeff",
            "<?xml version='1.0'?>",
            '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n',
            "<!-- before -->\n",
            "<?note before?>",
        ]
    ),
    after=st.sampled_from(["", "\n", "<!-- after -->", "<?note after?>\n"]),
    between=st.sampled_from(["", "", "\n  ", "\t", "\r\n", "<!-- - -->", "&#32;", "&#xD;"]),
    ours=st.sampled_from(["xr", "", "memory"]),
)

# --- values --------------------------------------------------------------------------------------

NUMBERS = st.one_of(
    st.sampled_from(["0", "1", "010", "000", "1024", "9007199254740991", "9223372036854775808"]),
    st.integers(0, 2**70).map(str),
    st.sampled_from(["9" * 400, "9" * LONG, "0" * LONG + "5"]),
)

UNITS = st.sampled_from(
    [
        "".join(letters)
        for unit in ("b", "byte", "bytes", *(x + end for x in "kmgtpe" for end in ("", "b", "ib")))
        for letters in product(*((letter, letter.upper()) for letter in unit))
    ]
)
"""Every spelling of every unit."""

_BLANKS = [" ", "\t", "\n", "\r", "\u00a0", "\u2003", "\u200b", "\u0085", "\u2028", "\ufeff"]

_NO_NUMBERS = "+5 -5 -0 0x10 1.5 5. .5 1e3 5,000 5_000 5G 5KiB unlimited NaN INF true"

# Fives of Devanagari, Arabic, full width, mathematics; a superscript two, a Roman numeral
_FIVES = ["\u096b", "\u0665", "\uff15", "\U0001d7d3", "\u00b2", "\u2164"]

BROKEN_NUMBERS = st.one_of(
    st.sampled_from(
        ["", "5 000", "5 KiB", *_NO_NUMBERS.split(), *_FIVES, *("1" + f for f in _FIVES)]
    ),
    st.builds(str.__add__, st.sampled_from(_BLANKS), st.sampled_from(["", "5", "10"])),
    st.builds(str.__add__, st.sampled_from(["5", "10"]), st.sampled_from(_BLANKS)),
    st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
        max_size=6,
    ),
)

_NO_QUANTITIES = "0 00 10001 0010000 100.001 100.1 101 99.9999 1. .1 1.2345 1,5 1.5.5 -1.5 50%"
BROKEN_QUANTITIES = st.sampled_from(_NO_QUANTITIES.split())

_NO_UNITS = "cpus CPU mcpu %% percent GiB iB KBi KiBs Ki kbytes bits o Z ZiB pages 1 KiB|K"

# The Kelvin sign, long s and (un)dotted i, which fold to K, s and i; a wide and a Cyrillic K
_LOOKALIKES = ["\u212a", "\u212aiB", "byte\u017f", "K\u0130B", "K\u0131B", "\uff2biB", "\u041aiB"]

BROKEN_UNITS = st.one_of(
    st.sampled_from(["", "byte s", *_NO_UNITS.split(), *_LOOKALIKES]),
    st.builds(str.__add__, st.sampled_from(_BLANKS), st.sampled_from(["", "KiB", "b"])),
    st.builds(str.__add__, st.sampled_from(["KiB", "b"]), st.sampled_from(_BLANKS)),
    st.text("bByYtTeEsSkKmMgGpPiI", max_size=6),
)

_NO_ASCII = ["/\u00e9", "/\U0001d7d3", "\u00e9:\\x", "/a\u0085b", "/a\u2028b", "/a\u00a0"]
_BREAKS = ["/machine\n", "/a\nb", "/a\rb", "/\n", "/ ", " /machine"]

_PATHS = st.one_of(
    st.sampled_from(["/machine", "/machine/prod", "C:\\machine", "/", "", "machine", "//", "\\"]),
    st.sampled_from(_NO_ASCII + _BREAKS),
    st.text("/.:\\ a\u00e9\n", max_size=4),
)

_APPIDS = st.one_of(
    st.sampled_from(["vm 1", " ", "~", "", "a" * 128, "a" * 129, "a\tb", "a\nb", "\u007f", "&<"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=129), max_size=4),
)

# --- valid documents -----------------------------------------------------------------------------


@st.composite
def _size(draw: st.DrawFn, name: str, namespace: str) -> Element:
    unit = draw(st.none() | UNITS)
    return Element(name, namespace, {} if unit is None else {"unit": unit}, [draw(NUMBERS)])


@st.composite
def _sizes(draw: st.DrawFn, form: Form) -> list["Element | str"]:
    namespace = NAMESPACE if form is Form.METADATA else ""
    names = [name for row in MEMORY if (name := row.element_in(form))]
    chosen = draw(st.lists(st.sampled_from(names), unique=True))
    return [draw(_size(name, namespace)) for name in chosen]


_DECIMALS = st.builds(
    str.__add__, NUMBERS, st.sampled_from(["", "", ".5", ".25", ".125", ".000", ".001"])
)
_SHARES = st.one_of(
    st.sampled_from(["1", "100", "10000", "0100", "010000"]), st.integers(1, 10000).map(str)
)
_PERCENTAGES = st.one_of(
    st.sampled_from(["0", "00", "100", "0100", "100.0", "100.000", "99.999", "12.5", "005.25"]),
    st.integers(0, 100).map(str),
)
VALUES = {
    Quantity.CPUS: _DECIMALS,
    Quantity.PERCENT: _PERCENTAGES,
    Quantity.WEIGHT: _SHARES,
    Quantity.BYTES_PER_SECOND: NUMBERS,
    Quantity.OPERATIONS_PER_SECOND: NUMBERS,
}
_UNITS_OF = {
    Quantity.CPUS: st.sampled_from(["cpu", "millicpu", "%"]),
    Quantity.BYTES_PER_SECOND: UNITS,
}


@st.composite
def _quantity(draw: st.DrawFn, name: str, namespace: str) -> Element:
    quantity = QUANTITIES[name]
    sides = [row.attribute for row in IO if row.element == name and row.attribute]
    said = draw(st.lists(st.sampled_from(sides), unique=True)) if sides else []
    attributes = {side: draw(VALUES[quantity]) for side in said}
    if quantity in _UNITS_OF and draw(st.booleans()):
        attributes["unit"] = draw(_UNITS_OF[quantity])
    content: list[Element | str] = [] if sides else [draw(VALUES[quantity])]
    return Element(name, namespace, attributes, content)


@st.composite
def _quantities(draw: st.DrawFn, names: list[str], namespace: str) -> list["Element | str"]:
    chosen = draw(st.lists(st.sampled_from(names), unique=True))
    return [draw(_quantity(name, namespace)) for name in chosen]


_IN_DEVICES = list(dict.fromkeys(row.element for row in IO if row.per_device))
_DEVICES = st.sampled_from(
    [{"target": "vda"}, {"path": "/dev/sda"}, {"target": "hd-1.x:0", "path": "/ d"}, {}]
)


@st.composite
def _cpu(draw: st.DrawFn, namespace: str) -> Element:
    return Element("cpu", namespace, {}, draw(_quantities([row.element for row in CPU], namespace)))


@st.composite
def _io(draw: st.DrawFn, namespace: str) -> Element:
    content = draw(_quantities(["ioShare"], namespace))
    for _ in range(draw(st.integers(0, 2))):
        inside = draw(_quantities(_IN_DEVICES, namespace))
        device = Element("device", namespace, dict(draw(_DEVICES)), inside)
        content.insert(draw(st.integers(0, len(content))), device)
    return Element("io", namespace, {}, content)


_OF_MEMORY = st.sampled_from(
    [
        *({}, {}, {}),
        *({"priority": said} for said in ("0", "7", "010", "999")),
        *({"balance": said} for said in ("yes", "no")),
        {"balance": "no", "priority": "1"},
    ]
)


@st.composite
def _resource(draw: st.DrawFn) -> Element:
    content: list[Element | str] = []
    if draw(st.booleans()):
        path = draw(st.sampled_from(["/machine", "/machine/prod", "C:\\vm"]))
        content.append(Element("partition", content=[path]))
    if draw(st.booleans()):
        content.append(Element("fibrechannel", attributes={"appid": "vm-1"}))
    if draw(st.integers(0, 9)):
        memory = Element("memory", "", draw(_OF_MEMORY), draw(_sizes(Form.RESOURCE)))
        content.insert(draw(st.integers(0, len(content))), memory)
    for block in (_cpu, _io):
        if draw(st.integers(0, 2)) == 0:
            content.insert(draw(st.integers(0, len(content))), draw(block("")))
    return Element("resource", content=content)


@st.composite
def _metadata(draw: st.DrawFn) -> Element:
    memory = Element("memory", NAMESPACE, draw(_OF_MEMORY), draw(_sizes(Form.METADATA)))
    blocks = [memory, draw(_cpu(NAMESPACE)), draw(_io(NAMESPACE))]
    if draw(st.booleans()):
        return draw(st.sampled_from(blocks))
    chosen: list[Element | str] = [block for block in blocks if draw(st.integers(0, 2))]
    return Element("resource", NAMESPACE, content=draw(st.permutations(chosen)))


@st.composite
def _memtune(draw: st.DrawFn) -> Element:
    return Element("memtune", content=draw(_sizes(Form.MEMTUNE)))


TREES = st.one_of(_resource(), _metadata(), _memtune())

# --- faults --------------------------------------------------------------------------------------

Fault = Callable[[st.DrawFn, Element], None]


def _any(draw: st.DrawFn, root: Element) -> Element:
    return draw(st.sampled_from(list(root.all())))


def _any_value(draw: st.DrawFn, root: Element) -> Element:
    return draw(st.sampled_from([e for e in root.all() if e.is_value()] or [root]))


def _insert(draw: st.DrawFn, element: Element, part: "Element | str") -> None:
    element.content.insert(draw(st.integers(0, len(element.content))), part)


def _break_number(draw: st.DrawFn, root: Element) -> None:
    element = _any_value(draw, root)
    broken = draw(st.one_of(BROKEN_NUMBERS, BROKEN_QUANTITIES))
    sides = {"read", "write"}.intersection(element.attributes)
    if sides:
        element.attributes[draw(st.sampled_from(sorted(sides)))] = broken
    else:
        element.content = [_character(broken)]


def _break_unit(draw: st.DrawFn, root: Element) -> None:
    _any_value(draw, root).attributes["unit"] = draw(BROKEN_UNITS)


def _disguise(draw: st.DrawFn, root: Element) -> None:
    """Write a text in another way that leaves it what it is."""
    element = _any_value(draw, root)
    if not element.content or not isinstance(element.content[0], str):
        return
    text = element.content[0]
    if not text.isdigit() or len(text) > LONG // 2:
        return
    place = draw(st.integers(0, len(text)))
    head, tail = text[:place], text[place:]
    ways = [
        f"{head}<!-- -->{tail}",
        f"{head}<?pi?>{tail}",
        f"<![CDATA[{head}]]>{tail}",
        f"{head}<![CDATA[{tail}]]>",
        f"{head}<![CDATA[]]>{tail}",
        head + "".join(f"&#{ord(digit)};" for digit in tail),
        "".join(f"&#x{ord(digit):x};" for digit in head) + tail,
        f"<!-- 1 -->{text}<!-- 2 -->",
        f"{head}<![CDATA[ ]]>{tail}",
        f"{head}&#160;{tail}",
        f"<!-- -->\n{text}",
    ]
    element.content[0] = draw(st.sampled_from(ways))


def _repeat(draw: st.DrawFn, root: Element) -> None:
    parent = _any(draw, root)
    if children := parent.children():
        _insert(draw, parent, deepcopy(draw(st.sampled_from(children))))


_STRUCTURE = ["memory", "cpu", "io", "device", "resource", "partition", "fibrechannel"]
_STRUCTURE += ["memtune", "metadata"]
_UNKNOWN = ["memoryMinGaurantee", "memoryhardlimit", "hardLimit", "swap_soft_limit", "unit"]

_NAMES = st.sampled_from([*sorted(SIZES), *QUANTITIES, *_STRUCTURE, *_UNKNOWN])


def _add_child(draw: st.DrawFn, root: Element) -> None:
    parent = _any(draw, root)
    name, content = draw(_NAMES), draw(st.sampled_from([[], ["5"]]))
    _insert(draw, parent, Element(name, parent.namespace, content=list(content)))


def _rename(draw: st.DrawFn, root: Element) -> None:
    _any(draw, root).name = draw(_NAMES)


_BETWEEN = ["x", "5", "\u00a0", "&#160;", "\u200b", "\u0085", "&#32;", " ", "\n", "<![CDATA[]]>"]
_BETWEEN += ["<![CDATA[ ]]>", "<![CDATA[x]]>", "<!-- 5 -->", "<?pi 5?>", "&amp;", "&#13;", "\u2003"]


def _add_text(draw: st.DrawFn, root: Element) -> None:
    _insert(draw, _any(draw, root), draw(st.sampled_from(_BETWEEN)))


_ATTRIBUTES = st.sampled_from(
    [
        ("xml:lang", "en"),
        ("xml:space", "preserve"),
        ("xml:base", "http://example.com/"),
        ("id", "a"),
        ("unit", "KiB"),
        ("Unit", "KiB"),
        ("priority", "1"),
        ("priority", "010"),
        ("priority", "1000"),
        ("priority", "-1"),
        ("priority", " 1"),
        ("priority", "1\n"),
        ("priority", "\u0665"),
        ("priority", ""),
        ("xr:priority", "1"),
        ("balance", "no"),
        ("balance", "No"),
        ("balance", "no "),
        ("balance", "\tyes"),
        ("balance", ""),
        ("balance", "true"),
        ("xr:balance", "no"),
        ("appid", "a"),
        ("target", "vda"),
        ("target", ""),
        ("target", "vd a"),
        ("path", "/dev/sda"),
        ("path", "dev/sda"),
        ("path", "/"),
        ("path", "/a\nb"),
        ("read", "1"),
        ("read", "1.5"),
        ("write", "x"),
        ("Read", "1"),
        ("o:unit", "KiB"),
        ("xr:unit", "KiB"),
        ("o:any", ""),
        ("xsi:nil", "true"),
        ("xsi:nil", "false"),
        ("xsi:type", "Size"),
        ("xsi:type", "xr:Size"),
        ("xsi:schemaLocation", "urn:xmlresource:1 nowhere.xsd"),
        ("xsi:noNamespaceSchemaLocation", "nowhere.xsd"),
        ("xsi:other", "1"),
    ]
)


def _add_attribute(draw: st.DrawFn, root: Element) -> None:
    name, value = draw(_ATTRIBUTES)
    _any(draw, root).attributes.setdefault(name, value)


def _move_namespace(draw: st.DrawFn, root: Element) -> None:
    elements = [_any(draw, root)] if draw(st.booleans()) else list(root.all())
    namespace = draw(st.sampled_from(["", NAMESPACE, OTHER]))
    for element in elements:
        element.namespace = namespace


def _nest(draw: st.DrawFn, root: Element) -> None:
    inner = _any(draw, root)
    shell = Element(draw(_NAMES), inner.namespace) if draw(st.booleans()) else deepcopy(inner)
    shell.content = [deepcopy(inner)]
    vars(inner).update(vars(shell))


def _shuffle(draw: st.DrawFn, root: Element) -> None:
    element = _any(draw, root)
    element.content = draw(st.permutations(element.content))


def _empty(draw: st.DrawFn, root: Element) -> None:
    element = _any(draw, root)
    if element.content:
        element.content.pop(draw(st.integers(0, len(element.content) - 1)))


def _libvirts(draw: st.DrawFn, root: Element) -> None:
    """Touch one of libvirt's own children, or add one."""
    found = [e for e in root.all() if e.name in {"partition", "fibrechannel"}]
    new = Element(draw(st.sampled_from(["partition", "fibrechannel"])), root.namespace)
    element = draw(st.sampled_from(found or [new]))
    if not found:
        _insert(draw, root, element)
    if element.name == "partition":
        element.content = [_character(draw(_PATHS))]
    elif draw(st.booleans()):
        element.attributes["appid"] = draw(_APPIDS)
    else:
        element.attributes.pop("appid", None)


FAULTS: tuple[Fault, ...] = (
    _break_number,
    _break_number,
    _break_unit,
    _disguise,
    _disguise,
    _repeat,
    _add_child,
    _rename,
    _add_text,
    _add_text,
    _add_attribute,
    _move_namespace,
    _nest,
    _shuffle,
    _shuffle,
    _empty,
    _libvirts,
)


@st.composite
def _variants(draw: st.DrawFn, count: int) -> list[bytes]:
    tree = draw(TREES)
    written = []
    for _ in range(count):
        variant = deepcopy(tree)
        for fault in draw(st.lists(st.sampled_from(FAULTS), max_size=3)):
            fault(draw, variant)
        written.append(write(variant, draw(STYLES)))
    return written


def documents() -> st.SearchStrategy[bytes]:
    """A well-formed document of any form, valid or not."""
    return _variants(1).map(lambda written: written[0])


def families() -> st.SearchStrategy[list[bytes]]:
    """Documents that differ in their faults alone: cheaper by the dozen."""
    return _variants(8)
