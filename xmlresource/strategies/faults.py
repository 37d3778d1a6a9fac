"""Documents with one fault, of which code and place are known."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from hypothesis import strategies as st

from xmlresource.record import record
from xmlresource.strategies.documents import DeclaredTunable, Writer
from xmlresource.strategies.sizes import LEAST, sizes
from xmlresource.strategies.xml_writer import XmlWriter, habits
from xmlresource.tunables import MEMORY, RELATIONS, Form
from xmlresource.units import KIB

_BAD_NUMBERS: Final = ("1.5", "0x10", "-1", "+5", "4GiB", "five")
_BAD_UNITS: Final = ("gigs", "GiB ", "", "kibi")
_TOO_LARGE: Final = ("9223372036854775808", "99999999999999999999")
_MOST: Final = 2**50


@record
class Broken:
    """A document with one fault that is an error.

    Attributes:
        data: The document.
        code: The rule that it breaks.
        line: Where, from 1.
        column: Where, in characters from 1.
    """

    data: bytes
    code: str
    line: int
    column: int


Fault: TypeAlias = Callable[[Writer, DeclaredTunable, int], None]


def _name(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    name = writer.element_name(tunable.name) + "Z"
    writer.pen.mark()
    writer.pen.put(f"<{name}>1048576</{name}>")


def _twice(writer: Writer, tunable: DeclaredTunable, level: int) -> None:
    writer.good(tunable)
    writer.pen.line(level)
    name = writer.element_name(tunable.name)
    writer.pen.mark()
    writer.pen.put(f"<{name}>1048576</{name}>")


def _attribute(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    name = writer.element_name(tunable.name)
    writer.pen.put(f"<{name}{writer.pen.style.blank}")
    writer.pen.mark()
    writer.pen.put(f"units='GiB'>1</{name}>")


def _text(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    writer.good(tunable)
    writer.pen.put(" ")
    writer.pen.mark()
    writer.pen.put("4194304")


def _element(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    name = writer.element_name(tunable.name)
    writer.pen.put(f"<{name}>")
    writer.pen.mark()
    writer.pen.put(f"<value>1</value></{name}>")


def _number(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    _value(writer, tunable, writer.pen.draw(st.sampled_from(_BAD_NUMBERS)))


def _overflow(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    _value(writer, tunable, writer.pen.draw(st.sampled_from(_TOO_LARGE)))


def _value(writer: Writer, tunable: DeclaredTunable, value: str) -> None:
    name = writer.element_name(tunable.name)
    writer.pen.put(f"<{name}>")
    writer.pen.mark()
    writer.pen.put(f"{value}</{name}>")


def _unit(writer: Writer, tunable: DeclaredTunable, _level: int) -> None:
    name = writer.element_name(tunable.name)
    unit = writer.pen.draw(st.sampled_from(_BAD_UNITS))
    writer.pen.put(f"<{name}{writer.pen.style.blank}")
    writer.pen.mark()
    writer.pen.put(f"unit='{unit}'>1048576</{name}>")


_FAULTS: Final[Mapping[str, Fault]] = {
    "XR101": _name,
    "XR102": _twice,
    "XR103": _attribute,
    "XR106": _text,
    "XR107": _element,
    "XR201": _number,
    "XR202": _unit,
    "XR203": _overflow,
}
_BY_RELATION: Final = {relation.code: relation for relation in RELATIONS}
CODES: Final = (*_FAULTS, *_BY_RELATION)
"""The rules that :func:`broken_documents` can break."""


@st.composite
def broken_documents(
    draw: st.DrawFn, *, code: str | None = None, form: Form | None = None
) -> Broken:
    """Documents with one error.

    Args:
        draw: Hypothesis'.
        code: The rule to break, one of ``CODES``; any by default.
        form: The form of the document; any by default.
    """
    code = code or draw(st.sampled_from(CODES))
    form = form or draw(st.sampled_from(tuple(Form)))
    tunables = _contradiction(draw, code) if code in _BY_RELATION else _one(draw, code, form)
    if any(_lacking(tunable.name, form) for tunable in tunables):
        form = Form.RESOURCE
    pen = XmlWriter(draw, draw(habits()))
    pen.prolog()
    writer = Writer(pen, form)
    writer.document(writer.body(tunables), bare=draw(st.booleans()), domain_type="lxc")
    line, column = pen.position()
    return Broken(pen.data(), code, line, column)


def _one(draw: st.DrawFn, code: str, form: Form) -> list[DeclaredTunable]:
    usable = [row.name for row in MEMORY if not _lacking(row.name, form)]
    # Alone, swap_hard_limit lacks a hard limit: a second fault.
    name = draw(st.sampled_from([name for name in usable if name != "swap_hard_limit"]))
    return [DeclaredTunable(name, draw(sizes(most=_MOST)), _FAULTS[code])]


def _contradiction(draw: st.DrawFn, code: str) -> list[DeclaredTunable]:
    """The two that contradict each other, in either order: blamed is the later one."""
    relation = _BY_RELATION[code]
    upper = draw(sizes(most=_MOST))
    lower = upper + draw(st.integers(1, 1024)) * KIB
    pair = [DeclaredTunable(relation.lower, lower), DeclaredTunable(relation.upper, upper)]
    if code == "XR308":
        # A limit on memory and swap needs one on memory; it stands first, out of the blame.
        return [DeclaredTunable("hard_limit", LEAST), *draw(st.permutations(pair))]
    return list(draw(st.permutations(pair)))


def _lacking(name: str, form: Form) -> bool:
    return next(row for row in MEMORY if row.name == name).element_in(form) is None
